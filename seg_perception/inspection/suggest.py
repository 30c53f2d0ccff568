"""A configuration for a bag, guessed from what it holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from seg_perception.config.input_topics import (
    COMPRESSED_DEPTH,
    VIDEO_TYPES,
    base_topic,
    beside,
)
from seg_perception.core.errors import TransformError
from seg_perception.inspection.depth_topics import (
    find_depth_info,
    find_depth_topics,
    is_made_of_depths,
)
from seg_perception.inspection.facts import BagFacts, TopicFacts
from seg_perception.inspection.names import name_sensors
from seg_perception.inspection.photographs import find_camera_info, is_derived, why_no_photograph
from seg_perception.inspection.sensor_kind import sensor_kind
from seg_perception.io.messages import CompressedImage
from seg_perception.io.video_packets import H264, HEVC
from seg_perception.pipeline.frame_convention import is_called_optical

_NOT_A_SENSOR = {
    "semantic",
    "truth",
    "ground_truth",
    "gt",
    "map",
    "global_map",
    "local_map",
    "voxels",
}
_DERIVED = re.compile(r"deskew|undistort|filter|registered|downsampl|aligned|cropped")
_FIXED_FRAMES = ("odom", "map")
_IMAGE_LEAVES = (
    "image_raw",
    "image_color",
    "image",
    "image_rect_color",
    "image_rect",
    "image_mono",
)


def suggest_parameters(facts: BagFacts) -> dict[str, Any]:
    """Flat parameters with which the bag can be replayed as it is.

    Topics with labels, truth, depths or what a lidar measures are left out, and of one camera's
    topics the rawest is taken. `transforms.fixed_frame` is `odom`, else `map`, else the root of the
    timed transforms; empty (the robot is taken as at rest) where none connects the sensors.
    """
    cameras: Mapping[str, str] = name_sensors(_camera_topics(facts), "camera")
    depths = find_depth_topics(facts, cameras)
    measuring = [cameras[topic] for topic in depths]
    lidar_topics = [
        name
        for name in _cloud_topics(facts, radar=False)
        if not is_made_of_depths(facts.topics[name], facts, depths)
    ]
    lidars = name_sensors(lidar_topics, "lidar", measuring)
    taken = [*lidars.values(), *measuring]
    radars = name_sensors(_cloud_topics(facts, radar=True), "radar", taken)
    parameters: dict[str, Any] = {"cameras": list(cameras.values())}
    for topic, name in cameras.items():
        parameters.update(_camera(facts, topic, f"camera.{name}"))
        parameters.update(_depth(facts, depths.get(topic, ""), f"camera.{name}"))
    for kind, sensors in (("lidar", lidars), ("radar", radars)):
        parameters[f"{kind}s"] = list(sensors.values())
        parameters.update({f"{kind}.{name}.topic": topic for topic, name in sensors.items()})
    parameters.update(_distinct_outputs({"lidar": lidars, "radar": radars}))
    parameters.update(_frame_conventions(facts, cameras, [*lidars, *radars]))
    every = [*cameras, *depths.values(), *lidars, *radars]
    parameters["transforms.fixed_frame"] = find_fixed_frame(facts, every)
    return parameters


def find_fixed_frame(facts: BagFacts, topics: Iterable[str]) -> str:
    """The frame that rests while the robot moves; empty where none connects the sensors."""
    once = {child for _, child in facts.parents.came_once(facts.transforms_until_ns)}
    timed = [e for e in facts.edges if not e.static and e.child not in once]
    frames = {edge.parent for edge in timed} | {edge.child for edge in timed}
    roots = sorted({edge.parent for edge in timed} - {edge.child for edge in facts.edges})
    named = [f for name in _FIXED_FRAMES for f in sorted(frames) if f.rpartition("/")[2] == name]
    sensors = {facts.topics[topic].frame_id for topic in topics}
    known = sensors & facts.tree.frames()
    for frame in dict.fromkeys([*named, *roots]):
        if known and all(_are_connected(facts, frame, sensor) for sensor in known):
            return frame
    return ""


def _camera(facts: BagFacts, topic: str, prefix: str) -> dict[str, Any]:
    parameters: dict[str, Any] = {f"{prefix}.image_topic": topic}
    info_topic = find_camera_info(facts, topic)
    if info_topic and info_topic != beside(base_topic(topic), "camera_info"):
        parameters[f"{prefix}.camera_info_topic"] = info_topic
    if transport := _transport(facts.topics[topic]):
        parameters[f"{prefix}.transport"] = transport
    if _is_rectified(topic):
        parameters[f"{prefix}.rectified"] = True
    siblings = [t for t in _camera_topics(facts) if _namespace(t) == _namespace(topic)]
    if len(siblings) > 1:
        parameters[f"{prefix}.output_prefix"] = base_topic(topic)
    return parameters


def _is_rectified(topic: str) -> bool:
    """By name: `image_rect`, and `rect/image` as ZED has it."""
    spaces, _, leaf = base_topic(topic).rpartition("/")
    return "rect" in leaf or spaces.rpartition("/")[2] == "rect"


def _depth(facts: BagFacts, topic: str, prefix: str) -> dict[str, Any]:
    if not topic:
        return {}
    parameters = {f"{prefix}.depth_topic": topic}
    info = find_depth_info(facts, topic)
    if info and info != beside(topic.removesuffix(COMPRESSED_DEPTH), "camera_info"):
        parameters[f"{prefix}.depth_camera_info_topic"] = info
    return parameters


def _transport(topic: TopicFacts) -> str:
    """How its images come; empty where they come raw."""
    if topic.type not in VIDEO_TYPES:
        return ""
    is_stream = topic.image is not None and topic.image.encoding in (H264, HEVC)
    return "video" if is_stream or topic.type != CompressedImage.type_name else "compressed"


def _camera_topics(facts: BagFacts) -> list[str]:
    """One topic for each camera: raw before compressed, and before rectified."""
    best: dict[str, str] = {}
    photographs = (
        topic
        for topic in facts.images
        if not is_derived(topic) and not why_no_photograph(facts, topic)
    )
    for topic in sorted(photographs, key=_rawness):
        best.setdefault(_camera_key(topic.name), topic.name)
    return _each_once(facts, sorted(best.values(), key=lambda topic: ("/raw/" in topic, topic)))


def _each_once(facts: BagFacts, topics: list[str]) -> list[str]:
    """Without pictures that are sent twice, as ZED sends those of its left camera as rgb."""
    seen: set[tuple[object, ...]] = set()
    found = []
    for topic in topics:
        picture = _picture(facts, topic)
        if picture not in seen:
            found.append(topic)
        seen.add(picture)
    return sorted(found)


def _picture(facts: BagFacts, topic: str) -> tuple[object, ...]:
    """Equal for what is the same picture: one frame, stamp, size and projection."""
    fact = facts.topics[topic]
    info = facts.topics.get(find_camera_info(facts, topic))
    lens = info.camera_info.calibration if info is not None and info.camera_info else None
    if lens is None or fact.image is None or not fact.stamp_ns or not fact.frame_id:
        return (topic,)
    size = (fact.image.width, fact.image.height)
    return fact.frame_id, fact.stamp_ns, *size, lens.k.tobytes(), lens.p.tobytes()


def _camera_key(topic: str) -> str:
    """Equal for the topics of one camera: `image_raw`, `image_rect` and their compressed topics."""
    base = base_topic(topic)
    return _namespace(topic) if base.rpartition("/")[2] in _IMAGE_LEAVES else base


def _rawness(topic: TopicFacts) -> tuple[int, int, str]:
    leaf = base_topic(topic.name).rpartition("/")[2]
    rank = _IMAGE_LEAVES.index(leaf) if leaf in _IMAGE_LEAVES else len(_IMAGE_LEAVES)
    return rank, int(topic.type in VIDEO_TYPES), topic.name


def _namespace(topic: str) -> str:
    return base_topic(topic).rpartition("/")[0]


def _cloud_topics(facts: BagFacts, *, radar: bool) -> list[str]:
    kind = "radar" if radar else "lidar"
    found = [topic for topic in facts.clouds if _is_sensor(topic)]
    found = [topic for topic in found if sensor_kind(topic).kind == kind]
    first_hand = [topic for topic in found if not _DERIVED.search(topic.name.lower())]
    return sorted(topic.name for topic in first_hand or found)


def is_sensor_topic(name: str) -> bool:
    """Whether a topic's name says neither labels nor truth nor a map."""
    return not set(name.lower().strip("/").split("/")) & _NOT_A_SENSOR


def _is_sensor(topic: TopicFacts) -> bool:
    fields = set(topic.cloud.fields) if topic.cloud else set()
    return {"x", "y", "z"} <= fields and is_sensor_topic(topic.name) and not topic.is_ours


def _distinct_outputs(kinds: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Output topics of their own for clouds that share a namespace."""
    topics = [topic for sensors in kinds.values() for topic in sensors]
    shared = [t for t in topics if sum(beside(o, "") == beside(t, "") for o in topics) > 1]
    return {
        f"{kind}.{name}.output_topic": f"{topic}/semantic/points"
        for kind, sensors in kinds.items()
        for topic, name in sensors.items()
        if topic in shared
    }


def _frame_conventions(
    facts: BagFacts, cameras: Mapping[str, str], clouds: Iterable[str]
) -> dict[str, str]:
    """`body` for cameras whose z axis points up where an optical one points forward.

    A frame that is called optical is taken at its word, and a cloud in one does not know where up
    is; nor does one that lies in the camera's own frame, as those of depth cameras do.
    """
    found = {}
    for topic, name in cameras.items():
        frame = facts.topics[topic].frame_id
        for cloud in clouds:
            between = {frame, facts.topics[cloud].frame_id}
            if len(between) == 1 or any(map(is_called_optical, between)):
                continue
            up = _upward(facts, frame, facts.topics[cloud])
            if up is not None and up > _UP:
                found[f"camera.{name}.frame_convention"] = "body"
    return found


_UP = 0.7


def _upward(facts: BagFacts, camera_frame: str, cloud: TopicFacts) -> float | None:
    """How far the camera's z axis points along the cloud's: 1 is up; None where not known."""
    try:
        return float(facts.tree.lookup(cloud.frame_id, camera_frame, cloud.stamp_ns)[2, 2])
    except TransformError:
        return None


def _are_connected(facts: BagFacts, frame: str, other: str) -> bool:
    neighbours: dict[str, set[str]] = {}
    for edge in facts.edges:
        neighbours.setdefault(edge.parent, set()).add(edge.child)
        neighbours.setdefault(edge.child, set()).add(edge.parent)
    reached, frontier = {frame}, [frame]
    while frontier:
        for near in neighbours.get(frontier.pop(), set()) - reached:
            reached.add(near)
            frontier.append(near)
    return other in reached
