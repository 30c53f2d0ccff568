"""What is amiss with the depth images of a bag for a configuration."""

from __future__ import annotations

from collections.abc import Iterator

from seg_perception.config import Config, DepthConfig
from seg_perception.config.input_topics import camera_info_topic
from seg_perception.core.issue_kinds.inputs import NO_FINITE_POINT, UNREADABLE
from seg_perception.core.issue_kinds.lenses import DEPTH_NOT_ALIGNED, DEPTH_UNIT, NO_DEPTH_LENS
from seg_perception.core.issue_log import Issue
from seg_perception.core.message_accounting import stream
from seg_perception.fusion.depth_registration import is_aligned
from seg_perception.inspection.cloud_issues import connection_issues
from seg_perception.inspection.depth_topics import lens_of
from seg_perception.inspection.facts import BagFacts, DepthFacts
from seg_perception.pipeline.depth_unit import unit_oddity
from seg_perception.pipeline.frame_diagnosis import sensor_frames


def depth_issues(facts: BagFacts, config: Config) -> Iterator[Issue]:
    """What keeps depths from becoming labelled points, by each camera that has them."""
    for name, sensor in config.depths.items():
        where, topic = stream("depth", name), facts.topics[sensor.topic]
        found = topic.depth
        if found is None or found.problem:
            problem = found.problem if found else f"{topic.name} carries no depths"
            yield Issue.of(UNREADABLE, where, problem=problem)
            continue
        if not found.measured:
            yield Issue.of(NO_FINITE_POINT, where, clouds="the first depth image")
        yield from _unit(where, name, found, sensor)
        yield from _lens(facts, config, name, found)
        alone = config.model_copy(update={"cameras": {name: config.cameras[name]}})
        yield from connection_issues(facts, alone, where, topic)


def _unit(where: str, name: str, found: DepthFacts, sensor: DepthConfig) -> Iterator[Issue]:
    unit_m = 1.0 if found.is_metric else sensor.unit_m
    if numbers := unit_oddity(name, found.middle, unit_m):
        yield Issue.of(DEPTH_UNIT, where, **numbers)


def _lens(facts: BagFacts, config: Config, name: str, found: DepthFacts) -> Iterator[Issue]:
    sensor, camera, where = config.depths[name], config.cameras[name], stream("depth", name)
    frames = sensor_frames(
        config,
        {
            where: facts.topics[sensor.topic].frame_id,
            stream("camera", name): facts.topics[camera.image_topic].frame_id,
        },
    )
    own = lens_of(facts, sensor.camera_info_topic)
    expected = lens_of(facts, camera_info_topic(camera), rectified=camera.rectified)
    why = f"they are in frame {frames[where]}"
    if frames[where] == frames[stream("camera", name)]:
        if expected is None or is_aligned((found.width, found.height), own, expected):
            return
        why = "they have another shape"
        if own is not None:
            numbers = {"own": own.fx, "expected": expected.fx * own.width / expected.width}
            yield Issue.of(DEPTH_NOT_ALIGNED, where, camera=name, **numbers)
    if own is None:
        topic = sensor.camera_info_topic
        yield Issue.of(NO_DEPTH_LENS, where, why=why, topic=topic, camera=name)
