"""What a person looks at: the pictures and clouds that a configuration publishes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from seg_perception.config import Config
from seg_perception.config.topic_names import resolved
from seg_perception.outputs.topics import (
    LEGEND_IMAGE,
    MAP,
    NODE_NAME,
    CameraTopics,
    cloud_topic,
    output_topics,
)


@dataclass(frozen=True)
class ImageTopic:
    """An image topic.

    Attributes:
        title: what stands above it.
        topic: its name.
        latched: whether its one message is kept for those who come late.
    """

    title: str
    topic: str
    latched: bool = False


@dataclass(frozen=True)
class CloudTopic:
    """A cloud topic; sparse ones are drawn with larger points."""

    title: str
    topic: str
    sparse: bool = False


@dataclass(frozen=True)
class VisualizedTopics:
    """Everything that is shown of one configuration.

    Attributes:
        pictures: one of every camera, the overlay where there is one; then the legend.
        clouds: of every lidar and radar, and the map where there is one.
        fixed_frame: in which clouds are drawn.
        follow_frame: the frame that the view moves with.
    """

    pictures: tuple[ImageTopic, ...]
    clouds: tuple[CloudTopic, ...]
    fixed_frame: str
    follow_frame: str

    @classmethod
    def of(
        cls,
        config: Config,
        follow_frame: str = "",
        node: str = NODE_NAME,
        namespace: str = "",
    ) -> VisualizedTopics:
        """What `config` publishes under a node of this name, in this namespace.

        `follow_frame` defaults to the fixed frame, which is `transforms.fixed_frame`, or,
        for a robot at rest, the follow frame itself.
        """
        fixed = config.transforms.fixed_frame or follow_frame
        pictures = [*_camera_pictures(config), ImageTopic("Legend", LEGEND_IMAGE, latched=True)]
        clouds = [*_sensor_clouds(config), *_map(config)]

        def full_name(topic: str) -> str:
            return resolved(topic.replace("~", node, 1), namespace)

        return cls(
            pictures=tuple(replace(shown, topic=full_name(shown.topic)) for shown in pictures),
            clouds=tuple(replace(shown, topic=full_name(shown.topic)) for shown in clouds),
            fixed_frame=fixed,
            follow_frame=follow_frame or fixed,
        )


def _camera_pictures(config: Config) -> Iterator[ImageTopic]:
    published = _published(config)
    for name, camera in config.cameras.items():
        topics = CameraTopics.of(camera)
        best_first = (topics.overlay, topics.color, topics.label_image)
        topic = next(topic for topic in best_first if topic in published)
        yield ImageTopic(f"Camera {name}", topic)


def _map(config: Config) -> Iterator[CloudTopic]:
    if MAP in _published(config):
        yield CloudTopic("Map", MAP)


def _sensor_clouds(config: Config) -> Iterator[CloudTopic]:
    for kind, sensors in config.clouds_by_kind:
        for name, sensor in sensors.items():
            title = f"{kind.capitalize()} {name}"
            yield CloudTopic(title, cloud_topic(sensor), sparse=kind == "radar")


def _published(config: Config) -> set[str]:
    return {topic.name for topic in output_topics(config) if topic.enabled}
