"""The topics that are published, for node and bag alike: names, types, and which there are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

from seg_perception.config import CameraConfig, CloudSensorConfig, Config
from seg_perception.config.input_topics import (
    beside,
    camera_info_topic,
    depth_info_topic,
    output_root,
)
from seg_perception.config.topic_names import is_topic_name
from seg_perception.core.errors import ConfigError
from seg_perception.core.issue_kinds.kind import shortened
from seg_perception.io.messages import (
    CameraInfo,
    CompressedImage,
    Image,
    LabelInfo,
    OccupancyGrid,
    PointCloud2,
)
from seg_perception.io.perception_messages import SemanticLegend

NODE_NAME = "perception_node"
LEGEND = "~/legend"
LEGEND_IMAGE = "~/legend_image"
MAP = "~/map"
# As costmap_2d calls the changes of a costmap.
MAP_UPDATES = "~/map_updates"
COSTMAP = "~/costmap"
STATUS = "~/status"
# Characters of a wrong name that are shown.
_SHOWN = 80


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
        root = output_root(camera)
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
    """Where the points of a lidar or depth camera that block the way are published."""
    return beside(cloud_topic(sensor), "obstacles")


@dataclass(frozen=True)
class Nav2Topics:
    """The topics of one lidar or depth camera for Nav2's semantic layer."""

    label_image: str
    confidence: str
    points: str
    label_info: str

    @classmethod
    def of(cls, sensor: CloudSensorConfig) -> Nav2Topics:
        """The topics beside the sensor's semantic cloud."""
        root = beside(cloud_topic(sensor), "nav2")
        return cls(*(f"{root}/{field.name}" for field in fields(cls)))


@dataclass(frozen=True)
class OutputTopic:
    """A topic that results go to.

    Attributes:
        name: `~/` stands for the node's own name.
        type_name: of its messages.
        parameter: what gives it this name.
        enabled: whether the configuration asks for it.
        latched: whether its last message is kept for those who come late.
        optional: whether it may be missing where its type is not installed.
    """

    name: str
    type_name: str
    parameter: str
    enabled: bool = True
    latched: bool = False
    optional: bool = False


def output_topics(config: Config) -> Iterator[OutputTopic]:
    """Every topic that results can go to, also those that the configuration does not ask for."""
    yield from description_topics(config)
    yield from image_topics(config)
    yield from cloud_topics(config)


def description_topics(config: Config) -> Iterator[OutputTopic]:
    """What the labels mean: all of it is latched, and published before any label."""
    yield from legend_topics()
    yield from image_descriptions(config)
    yield from cloud_descriptions(config)


def legend_topics() -> Iterator[OutputTopic]:
    """What the labels mean, for programs and for people."""
    yield OutputTopic(LEGEND, SemanticLegend.type_name, "the legend", latched=True)
    yield OutputTopic(LEGEND_IMAGE, Image.type_name, "the legend", latched=True)


def image_topics(config: Config) -> Iterator[OutputTopic]:
    """What is made of every camera's images."""
    output = config.output
    for name, camera in config.cameras.items():
        topics, parameter = CameraTopics.of(camera), f"camera.{name}.output_prefix"
        yield OutputTopic(topics.label_image, Image.type_name, parameter)
        yield OutputTopic(
            topics.label_image_png, CompressedImage.type_name, parameter, enabled=output.png
        )
        yield OutputTopic(topics.confidence, Image.type_name, parameter, enabled=output.confidence)
        yield OutputTopic(topics.color, Image.type_name, parameter, enabled=output.color)
        yield OutputTopic(topics.overlay, Image.type_name, parameter, enabled=output.overlay)
        yield OutputTopic(topics.camera_info, CameraInfo.type_name, parameter)


def image_descriptions(config: Config) -> Iterator[OutputTopic]:
    """The names of every camera's classes; where vision_msgs is missing, the legend has them."""
    for name, camera in config.cameras.items():
        topic, parameter = CameraTopics.of(camera).label_info, f"camera.{name}.output_prefix"
        yield OutputTopic(topic, LabelInfo.type_name, parameter, latched=True, optional=True)


def cloud_descriptions(config: Config) -> Iterator[OutputTopic]:
    """The names of the classes of every source of Nav2's layer, which is lost without them."""
    for name, sensor in config.surface_sensors.items():
        topic, parameter = Nav2Topics.of(sensor).label_info, _naming(config, name)
        enabled = config.output.nav2_semantic_cloud
        yield OutputTopic(topic, LabelInfo.type_name, parameter, enabled, latched=True)


def cloud_topics(config: Config) -> Iterator[OutputTopic]:
    """What is made of the points of every sensor, and of their map."""
    for name, sensor in config.surface_sensors.items():
        parameter, obstacles = _naming(config, name), config.costmap.obstacles
        yield OutputTopic(cloud_topic(sensor), PointCloud2.type_name, parameter)
        yield OutputTopic(
            obstacles_topic(sensor), PointCloud2.type_name, parameter, enabled=obstacles
        )
        nav2, enabled = Nav2Topics.of(sensor), config.output.nav2_semantic_cloud
        yield OutputTopic(nav2.label_image, Image.type_name, parameter, enabled)
        yield OutputTopic(nav2.confidence, Image.type_name, parameter, enabled)
        yield OutputTopic(nav2.points, PointCloud2.type_name, parameter, enabled)
    for name, radar in config.radars.items():
        yield OutputTopic(cloud_topic(radar), PointCloud2.type_name, f"radar.{name}.output_topic")
    enabled = config.map.enabled
    yield OutputTopic(MAP, PointCloud2.type_name, "map.enabled", enabled=enabled)
    updates = enabled and config.map.update_period_s > 0
    yield OutputTopic(MAP_UPDATES, PointCloud2.type_name, "map.update_period_s", enabled=updates)
    grid = enabled and config.costmap.grid
    yield OutputTopic(COSTMAP, OccupancyGrid.type_name, "costmap.grid", enabled=grid)


def _naming(config: Config, sensor: str) -> str:
    """The parameter that gives the outputs of a lidar or depth camera their names."""
    if sensor in config.lidars:
        return f"lidar.{sensor}.output_topic"
    return f"camera.{sensor}.output_prefix"


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
    cameras = config.cameras.values()
    lenses = {
        topic(camera) for camera in cameras for topic in (camera_info_topic, depth_info_topic)
    }
    outputs: dict[str, str] = {}
    for output in output_topics(config):
        topic, parameter = output.name, output.parameter
        if not output.enabled:
            continue
        if topic in inputs or topic in lenses:
            msg = f"{topic} would be both read and published; set {parameter} to another name"
            raise ConfigError(msg)
        if topic in outputs:
            msg = f"{outputs[topic]} and {parameter} both give {topic}; set one of them"
            raise ConfigError(msg)
        outputs[topic] = parameter


def check_topic_names(config: Config) -> None:
    """Refuse names that ROS 2 refuses; a bag of ROS 1 may have them.

    Raises:
        ConfigError: one is none; says of which parameter.
    """
    names = [*_inputs(config), (config.transforms.odometry_topic, "transforms.odometry_topic")]
    names += [
        (getattr(camera, field), f"camera.{name}.{field}")
        for name, camera in config.cameras.items()
        for field in ("camera_info_topic", "depth_camera_info_topic")
    ]
    names += [(topic.name, topic.parameter) for topic in output_topics(config)]
    for topic, parameter in names:
        if topic and not is_topic_name(topic):
            msg = (
                f"{parameter}: expected a name of letters, digits, _ and / that ROS 2 takes, "
                f"none of its parts beginning with a digit, got {shortened(topic, _SHOWN)!r}"
            )
            raise ConfigError(msg)


def private(topic: str, node: str = NODE_NAME) -> str:
    """A `~/name` topic as it is called when the node has no namespace."""
    return topic.replace("~", f"/{node}", 1)


def _inputs(config: Config) -> Iterator[tuple[str, str]]:
    for name, camera in config.cameras.items():
        yield camera.image_topic, f"camera.{name}.image_topic"
        if camera.depth_topic:
            yield camera.depth_topic, f"camera.{name}.depth_topic"
    for name, lidar in config.lidars.items():
        yield lidar.topic, f"lidar.{name}.topic"
    for name, radar in config.radars.items():
        yield radar.topic, f"radar.{name}.topic"
