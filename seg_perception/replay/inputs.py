"""Which topics of a bag a configuration asks for, and as what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from seg_perception.config import Config
from seg_perception.config.input_topics import (
    CLOUD_TYPES,
    IMAGE_TYPES,
    TF,
    TF_STATIC,
    TF_TYPES,
    camera_info_topic,
    point_types,
)
from seg_perception.core.errors import BagError
from seg_perception.core.issue_log import Issue
from seg_perception.inspection.topic_search import TopicSearch
from seg_perception.io.bag_message import TopicInfo
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_storage import ROS_ENCODINGS
from seg_perception.io.messages import CameraInfo, Odometry
from seg_perception.outputs.own_topics import own_topics
from seg_perception.pipeline.diagnosis import of_enabled

ODOMETRY_TYPES = (Odometry.type_name,)


@dataclass(frozen=True)
class Inputs:
    """What is read from a bag: who listens to which topic.

    Attributes:
        images: cameras by image topic.
        lenses: cameras by camera_info topic; only topics that the bag has.
        depth_lenses: the same of their depth images.
        clouds: sensors by topic, each as (kind, name).
        transforms: whichever of `/tf` and `/tf_static` the bag has.
        odometry: the topic that moves the robot where `/tf` does not; empty for none.
        missing: what is configured and not there, or of another type.
    """

    images: Mapping[str, str]
    lenses: Mapping[str, tuple[str, ...]]
    clouds: Mapping[str, tuple[str, str]]
    transforms: tuple[str, ...]
    odometry: str = ""
    depth_lenses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    missing: tuple[Issue, ...] = ()

    @property
    def topics(self) -> set[str]:
        """All of them."""
        odometry = {self.odometry} - {""}
        lenses = {*self.lenses, *self.depth_lenses}
        return {*self.images, *lenses, *self.clouds, *self.transforms, *odometry}


def find_inputs(bag: BagReader, config: Config) -> Inputs:
    """Look up what the configuration names; what is not there is an issue, and the rest goes on.

    Label images need no camera_info: only of clouds is its lack said, elsewhere.

    Raises:
        BagError: no sensor is configured, the bag is empty, or none of the cameras is in it;
            lists the topics that would do.
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
    search = TopicSearch({name: topic.type for name, topic in topics.items()})
    images = {
        camera.image_topic: name
        for name, camera in config.cameras.items()
        if search.finds(camera.image_topic, IMAGE_TYPES, f"camera.{name}", "image_topic")
    }
    if not images:
        msg = f"{bag.path}: {search.missing[0]}"
        raise BagError(msg)
    clouds = {
        sensor.topic: (kind, name)
        for kind, sensors in config.clouds_by_kind
        for name, sensor in sensors.items()
        if search.finds(sensor.topic, point_types(kind), f"{kind}.{name}", "topic")
    }
    odometry = config.transforms.odometry_topic
    if odometry and not search.finds(odometry, ODOMETRY_TYPES, "transforms", "odometry_topic"):
        odometry = ""
    return Inputs(
        images=images,
        lenses=_lenses(search, {n: camera_info_topic(config.cameras[n]) for n in images.values()}),
        depth_lenses=_lenses(search, {n: d.camera_info_topic for n, d in config.depths.items()}),
        clouds=clouds,
        transforms=tuple(
            t
            for t in (TF, TF_STATIC)
            if t in topics and topics[t].type in TF_TYPES and topics[t].encoding in ROS_ENCODINGS
        ),
        odometry=odometry,
        missing=tuple(of_enabled(config, search.missing)),
    )


def paste_ready(topics: Iterable[TopicInfo]) -> str:
    """Options that name the image and cloud topics of a bag, but for our own, one a line."""
    lines, topics = [], list(topics)
    own = own_topics({topic.name: topic.type for topic in topics})
    for topic in topics:
        if topic.name in own:
            continue
        if topic.type in IMAGE_TYPES:
            lines.append(f"  --set camera.NAME.image_topic={topic.name}")
        elif topic.type in CLOUD_TYPES:
            lines.append(f"  --set lidar.NAME.topic={topic.name}")
    return "\n".join(lines) or "  (none: it has neither images nor point clouds)"


def _lenses(search: TopicSearch, topics: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Cameras by topic, of topics by camera; that a lens does not come is said where it counts."""
    found: dict[str, tuple[str, ...]] = {}
    for name, topic in topics.items():
        if search.has(topic, (CameraInfo.type_name,)):
            found[topic] = (*found.get(topic, ()), name)
    return found
