"""Which topics of a bag a configuration asks for, and as what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from seg_perception.config import Config
from seg_perception.config.input_topics import (
    CLOUD_TYPES,
    IMAGE_TYPES,
    RADAR_TYPES,
    TF,
    TF_STATIC,
    TF_TYPES,
    camera_info_topic,
)
from seg_perception.core.errors import BagError
from seg_perception.core.issue_kinds.clouds import WRONG_TYPE
from seg_perception.io.bag_message import TopicInfo
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_storage import ROS_ENCODINGS
from seg_perception.io.messages import CameraInfo, Odometry
from seg_perception.pipeline.unread_clouds import wrong_type


@dataclass(frozen=True)
class Inputs:
    """What is read from a bag: who listens to which topic.

    Attributes:
        images: cameras by image topic.
        lenses: cameras by camera_info topic; only topics that the bag has.
        clouds: sensors by topic, each as (kind, name).
        transforms: whichever of `/tf` and `/tf_static` the bag has.
        odometry: the topic that moves the robot where `/tf` does not; empty for none.
    """

    images: Mapping[str, str]
    lenses: Mapping[str, tuple[str, ...]]
    clouds: Mapping[str, tuple[str, str]]
    transforms: tuple[str, ...]
    odometry: str = ""

    @property
    def topics(self) -> set[str]:
        """All of them."""
        odometry = {self.odometry} - {""}
        return {*self.images, *self.lenses, *self.clouds, *self.transforms, *odometry}


def find_inputs(bag: BagReader, config: Config) -> Inputs:
    """Look up what the configuration names.

    A camera_info topic that is not named may be missing: label images need none.

    Raises:
        BagError: no sensor is configured, the bag is empty, or a topic is missing or of
            another type; lists the topics that would do.
    """
    topics = {topic.name: topic for topic in bag.topics if topic.count}
    if not topics:
        msg = f"{bag.path}: the bag holds no message; record it again"
        raise BagError(msg)
    if not config.cameras:
        msg = (
            f"no camera is configured; usable topics of {bag.path}:\n{paste_ready(topics.values())}"
        )
        raise BagError(msg)
    for name, camera in config.cameras.items():
        _expect(bag, topics, camera.image_topic, IMAGE_TYPES, f"camera.{name}.image_topic")
    clouds = _cloud_sensors(config)
    for topic, (kind, name) in clouds.items():
        types = RADAR_TYPES if kind == "radar" else CLOUD_TYPES
        _expect(bag, topics, topic, types, f"{kind}.{name}.topic")
    if odometry := config.transforms.odometry_topic:
        _expect(bag, topics, odometry, (Odometry.type_name,), "transforms.odometry_topic")
    return Inputs(
        images={camera.image_topic: name for name, camera in config.cameras.items()},
        lenses=_lenses(bag, topics, config),
        clouds=clouds,
        transforms=tuple(
            t
            for t in (TF, TF_STATIC)
            if t in topics and topics[t].type in TF_TYPES and topics[t].encoding in ROS_ENCODINGS
        ),
        odometry=odometry,
    )


def paste_ready(topics: Iterable[TopicInfo]) -> str:
    """Options that name the image and cloud topics of a bag, one a line."""
    lines = []
    for topic in topics:
        if topic.type in IMAGE_TYPES:
            lines.append(f"  --set camera.NAME.image_topic={topic.name}")
        elif topic.type in CLOUD_TYPES:
            lines.append(f"  --set lidar.NAME.topic={topic.name}")
    return "\n".join(lines) or "  (none: it has neither images nor point clouds)"


def _cloud_sensors(config: Config) -> dict[str, tuple[str, str]]:
    sensors = {lidar.topic: ("lidar", name) for name, lidar in config.lidars.items()}
    sensors.update({radar.topic: ("radar", name) for name, radar in config.radars.items()})
    return sensors


def _lenses(
    bag: BagReader, topics: Mapping[str, TopicInfo], config: Config
) -> dict[str, tuple[str, ...]]:
    cameras: dict[str, tuple[str, ...]] = {}
    for name, camera in config.cameras.items():
        topic = camera_info_topic(camera)
        if topic in topics or camera.camera_info_topic:
            _expect(bag, topics, topic, (CameraInfo.type_name,), f"camera.{name}.camera_info_topic")
            cameras[topic] = (*cameras.get(topic, ()), name)
    return cameras


def _expect(
    bag: BagReader,
    topics: Mapping[str, TopicInfo],
    topic: str,
    types: tuple[str, ...],
    parameter: str,
) -> None:
    usable = [info for info in topics.values() if info.type in types]
    lines = "\n".join(f"  --set {parameter}={info.name}" for info in usable) or "  (none)"
    if topic not in topics:
        msg = (
            f"{bag.path} has no messages on {topic}; set {parameter} to one of its topics:\n{lines}"
        )
        raise BagError(msg)
    if topics[topic].type not in types:
        numbers = wrong_type(topic, [topics[topic].type], types, parameter)
        msg = f"{WRONG_TYPE.sentence(**numbers)}; topics that would do:\n{lines}"
        raise BagError(msg)
