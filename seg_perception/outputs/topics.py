"""Names of the topics that are published: node, replay and inspection ask here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

from seg_perception.config import CameraConfig, CloudSensorConfig, Config
from seg_perception.config.input_topics import base_topic, beside, camera_info_topic
from seg_perception.core.errors import ConfigError

NODE_NAME = "perception_node"
LEGEND = "~/legend"
LEGEND_IMAGE = "~/legend_image"
MAP = "~/map"
COSTMAP = "~/costmap"
STATUS = "~/status"


@dataclass(frozen=True)
class CameraTopics:
    """The output topics of one camera."""

    label_image: str
    label_image_png: str
    confidence: str
    color: str
    overlay: str
    camera_info: str
    label_info: str

    @classmethod
    def of(cls, camera: CameraConfig) -> CameraTopics:
        """The topics under the camera's `output_prefix`, else beside its image."""
        root = beside(base_topic(camera.image_topic), "semantic")
        if camera.output_prefix:
            root = f"{camera.output_prefix.rstrip('/')}/semantic"
        return cls(
            label_image=f"{root}/label_image",
            label_image_png=f"{root}/label_image/compressed",
            confidence=f"{root}/confidence",
            color=f"{root}/color",
            overlay=f"{root}/overlay",
            camera_info=f"{root}/camera_info",
            label_info=f"{root}/label_info",
        )

    def __iter__(self) -> Iterator[str]:
        """Every topic."""
        return (getattr(self, field.name) for field in fields(self))


def cloud_topic(sensor: CloudSensorConfig) -> str:
    """Where a lidar's or radar's semantic cloud is published."""
    return sensor.output_topic or beside(sensor.topic, "semantic/points")


def obstacles_topic(sensor: CloudSensorConfig) -> str:
    """Where the points of a lidar that block the way are published."""
    return beside(cloud_topic(sensor), "obstacles")


def check_topics(config: Config) -> None:
    """Refuse a configuration in which two things would share a topic.

    Raises:
        ConfigError: two sensors read one topic, two outputs go to one, or an output is
            an input too.
    """
    inputs: dict[str, str] = {}
    for topic, parameter in _inputs(config):
        if topic in inputs:
            msg = f"{inputs[topic]} and {parameter} both name {topic}; leave one of them out"
            raise ConfigError(msg)
        inputs[topic] = parameter
    lenses = {camera_info_topic(camera) for camera in config.cameras.values()}
    outputs: dict[str, str] = {}
    for topic, parameter in _outputs(config):
        if topic in inputs or topic in lenses:
            msg = f"{topic} would be both read and published; set {parameter} to another name"
            raise ConfigError(msg)
        if topic in outputs:
            msg = f"{outputs[topic]} and {parameter} both give {topic}; set one of them"
            raise ConfigError(msg)
        outputs[topic] = parameter


def private(topic: str, node: str = NODE_NAME) -> str:
    """A `~/name` topic as it is called when the node has no namespace."""
    return topic.replace("~", f"/{node}", 1)


def _inputs(config: Config) -> Iterator[tuple[str, str]]:
    for name, camera in config.cameras.items():
        yield camera.image_topic, f"camera.{name}.image_topic"
    for name, lidar in config.lidars.items():
        yield lidar.topic, f"lidar.{name}.topic"
    for name, radar in config.radars.items():
        yield radar.topic, f"radar.{name}.topic"


def _outputs(config: Config) -> Iterator[tuple[str, str]]:
    for name, camera in config.cameras.items():
        for topic in CameraTopics.of(camera):
            yield topic, f"camera.{name}.output_prefix"
    for name, lidar in config.lidars.items():
        yield cloud_topic(lidar), f"lidar.{name}.output_topic"
        if config.costmap.obstacles:
            yield obstacles_topic(lidar), f"lidar.{name}.output_topic"
    for name, radar in config.radars.items():
        yield cloud_topic(radar), f"radar.{name}.output_topic"
