"""What is amiss with the clouds of a bag for a configuration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from seg_perception.config import Config
from seg_perception.config.depth import parameter_of
from seg_perception.core.errors import TransformError
from seg_perception.core.issue_kinds.clouds import SENSOR_GUESSED
from seg_perception.core.issue_kinds.inputs import EMPTY_CLOUDS, NO_FINITE_POINT, UNREADABLE
from seg_perception.core.issue_kinds.places import NO_TRANSFORM
from seg_perception.core.issue_kinds.remark import Remark
from seg_perception.core.issue_log import Issue
from seg_perception.core.message_accounting import stream
from seg_perception.inspection.facts import BagFacts, TopicFacts
from seg_perception.inspection.sensor_kind import sensor_kind
from seg_perception.inspection.suggest import is_sensor_topic
from seg_perception.pipeline.frame_diagnosis import sensor_frames, wrongly_named
from seg_perception.pipeline.unread_clouds import unread_clouds


def cloud_issues(facts: BagFacts, config: Config) -> Iterator[Issue]:
    """What keeps clouds from being labelled, and how they are read where that was guessed."""
    for kind, sensors in (("lidar", config.lidars), ("radar", config.radars)):
        for name, sensor in sensors.items():
            yield from _cloud(facts, config, stream(kind, name), facts.topics[sensor.topic])
    yield from _unread(facts, config)


def _cloud(facts: BagFacts, config: Config, where: str, topic: TopicFacts) -> Iterator[Issue]:
    cloud, kind = topic.cloud, where.partition(".")[0]
    if cloud is None or cloud.problem:
        problem = cloud.problem if cloud else f"{topic.name} carries no clouds"
        yield Issue.of(UNREADABLE, where, problem=problem)
        return
    if not cloud.finite_count:
        empty = NO_FINITE_POINT if cloud.point_count else EMPTY_CLOUDS
        yield Issue.of(empty, where, clouds="the first cloud")
    yield from _kind(topic, kind, where)
    yield from _remarks(cloud.remarks, where)
    if kind == "lidar" and config.transforms.fixed_frame:
        yield from _remarks(cloud.time_remarks, where)
    yield from connection_issues(facts, config, where, topic)


def _kind(topic: TopicFacts, kind: str, where: str) -> Iterator[Issue]:
    taken = sensor_kind(topic)
    if taken.why and taken.kind == kind:
        other = "lidar" if kind == "radar" else "radar"
        names = {"topic": topic.name, "taken_as": kind, "other": other}
        yield Issue.of(SENSOR_GUESSED, where, why=taken.why, **names)


def _unread(facts: BagFacts, config: Config) -> Iterator[Issue]:
    types = {topic.name: topic.type for topic in facts.topics.values() if topic.count}
    problems = {
        topic.name: topic.cloud.problem
        for topic in facts.clouds
        if topic.cloud and topic.cloud.problem and is_sensor_topic(topic.name)
    }
    read = {sensor.topic for sensor in config.cloud_sensors.values()}
    return unread_clouds(types, problems, read)


def _remarks(remarks: Iterable[Remark], where: str) -> Iterator[Issue]:
    for remark in remarks:
        yield Issue.of(remark.kind, where, sensor=where, **remark.numbers)


def connection_issues(
    facts: BagFacts, config: Config, where: str, topic: TopicFacts
) -> Iterator[Issue]:
    """Frames to which no transform leads from a sensor's points."""
    own = sensor_frames(config, {where: topic.frame_id})[where]
    places = {
        f"camera.{name}.frame_id": camera.frame_id or facts.topics[camera.image_topic].frame_id
        for name, camera in config.cameras.items()
    }
    places["transforms.fixed_frame"] = config.transforms.fixed_frame
    for parameter, frame in places.items():
        if not frame or not own or frame == own:
            continue
        try:
            facts.tree.lookup(frame, own, topic.stamp_ns)
        except TransformError as error:
            if _time_alone(facts, frame, own):
                continue
            named = {parameter: frame, parameter_of(where, "frame_id"): own}
            remedy = wrongly_named(facts.tree.frames(), named)
            yield Issue.of(NO_TRANSFORM, where, error=error, remedy=remedy)


def _time_alone(facts: BagFacts, frame: str, other: str) -> bool:
    """Whether both frames are in the tree: then only the first stamp lies outside of it."""
    return {frame, other} <= facts.tree.frames()
