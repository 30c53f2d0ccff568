"""What is amiss in a bag for a configuration: one sentence each, with its mend."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from seg_perception.config import CameraConfig, Config
from seg_perception.config.input_topics import camera_info_topic
from seg_perception.core.errors import CalibrationError, TransformError
from seg_perception.core.types import NANOSECONDS, Calibration
from seg_perception.geometry.calibration import published_size
from seg_perception.geometry.camera import CameraModel
from seg_perception.inspection.facts import BagFacts, TopicFacts

_MOST_OFFSET_S = 10.0


@dataclass(frozen=True)
class Finding:
    """One sentence about a bag.

    Attributes:
        level: `error` where nothing can be labelled, `warning` where a part can't,
            `note` where the user should know.
        text: the sentence.
    """

    level: Literal["error", "warning", "note"]
    text: str


def find_problems(facts: BagFacts, config: Config) -> list[Finding]:
    """Everything that keeps the bag, or a part of it, from being labelled."""
    return [
        *(Finding("warning", text) for text in facts.warnings),
        *_sensors(facts, config),
        *(finding for name in config.cameras for finding in _camera(facts, config, name)),
        *_clouds(facts, config),
        *_motion(facts, config),
        *_clocks(facts, config),
    ]


def _sensors(facts: BagFacts, config: Config) -> Iterator[Finding]:
    if not facts.message_count:
        yield Finding("error", "the bag holds no message; record it again")
    elif not config.cameras:
        kinds = sorted({topic.type for topic in facts.topics.values()})
        yield Finding(
            "error", f"no camera image among {kinds}; record an Image or CompressedImage topic"
        )
    elif not config.lidars and not config.radars:
        yield Finding("note", "no point cloud: images will be labelled, nothing else")


def _camera(facts: BagFacts, config: Config, name: str) -> Iterator[Finding]:
    camera = config.cameras[name]
    topic = facts.topics[camera.image_topic]
    if topic.image is None or topic.image.problem:
        problem = topic.image.problem if topic.image else f"{topic.name} carries no images"
        yield Finding("error", f"camera {name}: {problem}")
        return
    if config.lidars or config.radars:
        yield from _lens(facts, name, camera, topic)
    if camera.frame_convention == "body":
        yield Finding(
            "warning",
            f"camera {name}: frame {topic.frame_id!r} has its z axis up, as a body frame: it is "
            f"taken as one; set camera.{name}.frame_convention=optical if it is not",
        )


def _lens(facts: BagFacts, name: str, camera: CameraConfig, topic: TopicFacts) -> Iterator[Finding]:
    lens = facts.topics.get(camera_info_topic(camera))
    if lens is None or lens.lens is None:
        others = [other.name for other in facts.lenses]
        mend = f"set camera.{name}.camera_info_topic={others[0]}" if others else "record it"
        yield Finding(
            "error",
            f"camera {name}: no camera_info beside {camera.image_topic}, points can't be labelled; "
            f"{mend}",
        )
    elif lens.lens.calibration is None:
        yield Finding("error", f"camera {name}: {lens.lens.problem}")
    elif problem := _lens_problem(lens.lens.calibration, camera):
        yield Finding("error", f"camera {name}: {problem}")
    elif topic.image is not None and topic.image.width:
        expected = published_size(lens.lens.calibration)
        got = topic.image.width, topic.image.height
        if got != expected:
            yield Finding(
                "error",
                f"camera {name}: images are {got[0]}x{got[1]}, camera_info describes "
                f"{expected[0]}x{expected[1]}; set camera.{name}.camera_info_topic",
            )


def _lens_problem(calibration: Calibration, camera: CameraConfig) -> str:
    try:
        CameraModel.from_calibration(calibration, rectified=camera.rectified)
    except CalibrationError as error:
        return str(error)
    return ""


def _clouds(facts: BagFacts, config: Config) -> Iterator[Finding]:
    for kind, sensors in (("lidar", config.lidars), ("radar", config.radars)):
        for name, sensor in sensors.items():
            topic = facts.topics[sensor.topic]
            if topic.cloud is None or topic.cloud.problem:
                problem = topic.cloud.problem if topic.cloud else f"{topic.name} carries no clouds"
                yield Finding("error", f"{kind} {name}: {problem}")
                continue
            if not topic.cloud.finite_count:
                what = "no finite point" if topic.cloud.point_count else "0 points"
                yield Finding(
                    "warning", f"{kind} {name}: the first cloud has {what}; check the driver"
                )
            if kind == "lidar" and not topic.cloud.time_field and config.transforms.fixed_frame:
                yield Finding(
                    "note", f"lidar {name}: no per-point time, a scan is taken as measured at once"
                )
            yield from _connection(facts, config, f"{kind} {name}", topic)


def _connection(facts: BagFacts, config: Config, who: str, topic: TopicFacts) -> Iterator[Finding]:
    for name, camera in config.cameras.items():
        frame = camera.frame_id or facts.topics[camera.image_topic].frame_id
        try:
            facts.tree.lookup(frame, topic.frame_id, topic.stamp_ns)
        except TransformError as error:
            if _time_alone(facts, frame, topic.frame_id):
                continue
            mend = f"set {who.replace(' ', '.')}.frame_id, or record the missing transform"
            yield Finding("error", f"{who} to camera {name}: {error}; {mend}")


def _time_alone(facts: BagFacts, frame: str, other: str) -> bool:
    """Whether both frames are in the tree: then only the first stamp lies outside of it."""
    return {frame, other} <= facts.tree.frames()


def _motion(facts: BagFacts, config: Config) -> Iterator[Finding]:
    if not config.lidars and not config.radars:
        return
    if not config.transforms.fixed_frame:
        timed = any(not edge.static for edge in facts.edges)
        why = "/tf does not connect the sensors to a fixed frame" if timed else "the bag has no /tf"
        yield Finding(
            "note",
            f"{why}: the robot is taken as at rest; record odom to base_link for moving robots",
        )


def _clocks(facts: BagFacts, config: Config) -> Iterator[Finding]:
    """Compare how late each sensor is recorded with the first camera."""
    if not config.cameras:
        return
    first = next(iter(config.cameras))
    reference = facts.topics[config.cameras[first].image_topic]
    sensors = {**{f"lidar.{n}": s for n, s in config.lidars.items()},
               **{f"radar.{n}": s for n, s in config.radars.items()}}  # fmt: skip
    for name, sensor in sensors.items():
        apart_s = (facts.topics[sensor.topic].delay_ns - reference.delay_ns) / NANOSECONDS
        if abs(apart_s) <= config.synchronizer.max_gap_s:
            continue
        mend = (
            f"set {name}.time_offset_s={apart_s:.3f}"
            if abs(apart_s) <= _MOST_OFFSET_S
            else "synchronise the sensors' clocks (PTP) and record again"
        )
        yield Finding(
            "warning",
            f"{name}: its stamps lie {-apart_s:+.3f} s from those of camera {first}; {mend}",
        )
