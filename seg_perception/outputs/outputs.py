"""What is published of results, when, and when not: decided here, for node and bag alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import Config
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import LabelMap, SemanticCloud
from seg_perception.fusion.occupancy import cost_table
from seg_perception.io.messages import Message
from seg_perception.outputs.clouds import cloud_message, published_classes
from seg_perception.outputs.costmap import obstacles_message
from seg_perception.outputs.images import image_messages
from seg_perception.outputs.maps import MapOutputs
from seg_perception.outputs.nav2 import Nav2Clouds
from seg_perception.outputs.publisher import Publisher
from seg_perception.outputs.topics import (
    CameraTopics,
    Nav2Topics,
    OutputTopic,
    cloud_topic,
    obstacles_topic,
)
from seg_perception.pipeline.semantic_mapper import SemanticMapper


class Outputs:
    """The results of one configuration on their way to a publisher.

    Only what was advertised and is wanted is made at all.
    """

    def __init__(self, config: Config, ontology: Ontology, publisher: Publisher) -> None:
        """Start with nothing advertised.

        Args:
            config: which outputs there are.
            ontology: of the labels, with the colours that it was trained with.
            publisher: carries the messages away.

        Raises:
            ConfigError: colours or clouds of classes that do not exist, or wrong costs.
        """
        published_classes(ontology, config.output)
        self._publisher = publisher
        self._as_trained = ontology
        self._config = config
        self._ontology = ontology.recolored(config.output.colors)
        self._cameras = {name: CameraTopics.of(c) for name, c in config.cameras.items()}
        self._clouds = {name: cloud_topic(s) for name, s in config.cloud_sensors.items()}
        self._surfaces = config.surface_sensors
        self._obstacles = {name: obstacles_topic(s) for name, s in self._surfaces.items()}
        self._nav2_topics = {name: Nav2Topics.of(s) for name, s in self._surfaces.items()}
        self._nav2 = Nav2Clouds(config, ontology) if config.output.nav2_semantic_cloud else None
        self._costs = cost_table(config.costmap, ontology) if config.costmap.obstacles else None
        self._maps = MapOutputs(config, ontology, publisher)

    def advertise(self, topics: Iterable[OutputTopic]) -> None:
        """Offer those of the topics that the configuration asks for.

        Raises:
            ConfigError: a type that is needed is not installed.
        """
        for topic in topics:
            if topic.enabled:
                self._publisher.advertise(topic)

    def reconfigure(self, config: Config) -> None:
        """Work with other values of the live parameters.

        Raises:
            ConfigError: colours or clouds of classes that do not exist.
        """
        published_classes(self._as_trained, config.output)
        self._ontology = self._as_trained.recolored(config.output.colors)
        self._config = config

    def publish_label_map(
        self, label_map: LabelMap, image: NDArray[np.uint8] | None, now_ns: int
    ) -> None:
        """Publish a segmented image.

        Args:
            label_map: what the network said.
            image: uint8 (H, W, 3), RGB, the frame that it was computed from; None: no overlay.
            now_ns: when.
        """
        for topic, message in self.label_map_messages(label_map, image):
            self._publisher.publish(topic, message, now_ns)

    def label_map_messages(
        self, label_map: LabelMap, image: NDArray[np.uint8] | None
    ) -> Iterator[tuple[str, Message]]:
        """What is published of a segmented image, as for `publish_label_map`; from any thread.

        The overlay is drawn on what the network was shown where that is known: it is scaled.
        """
        if image is not None and label_map.picture is not None:
            image = label_map.picture
        topics, alpha = self._cameras[label_map.camera], self._config.output.overlay_alpha
        for topic, make in image_messages(label_map, image, self._ontology, alpha, topics):
            if self._publisher.is_wanted(topic):
                yield topic, make()

    def publish_cloud(self, semantic: SemanticCloud, now_ns: int) -> None:
        """Publish a labelled cloud, and what planners get of it.

        Raises:
            CloudError: a field that PointCloud2 can't carry.
        """
        sensor, config = semantic.sensor, self._config.output
        memory = self._config.memory.enabled and sensor in self._config.surface_sensors
        make = partial(cloud_message, semantic, self._ontology, config, memory=memory)
        self._publish(self._clouds[sensor], make, now_ns)
        if self._costs is not None and sensor in self._obstacles:
            block = partial(obstacles_message, semantic, self._costs, self._frame_of(semantic))
            self._publish(self._obstacles[sensor], block, now_ns)
        if self._nav2 is not None and sensor in self._nav2_topics:
            self._publish_nav2(semantic, self._nav2, now_ns)

    def publish_map(self, mapper: SemanticMapper, now_ns: int) -> bool:
        """Publish the map, its changes and its costmap, each where it is due: `MapOutputs`.

        Args:
            mapper: of the configuration's map.
            now_ns: by the clock that the periods go by.

        Returns:
            Whether one of them was due and made.
        """
        return self._maps.publish(mapper, self._ontology, now_ns)

    def _publish_nav2(self, semantic: SemanticCloud, nav2: Nav2Clouds, now_ns: int) -> None:
        """Publish mask, confidence and cloud of a scan, made at once.

        A layer that comes late ends its process on a set that is there before the names of the
        classes: sets wait for everybody who listens to these.
        """
        topics = self._nav2_topics[semantic.sensor]
        names = (topics.label_image, topics.confidence, topics.points)
        if not any(map(self._publisher.is_wanted, names)):
            return
        if not self._publisher.has_reached_all(topics.label_info):
            return
        made = nav2.make(semantic, self._frame_of(semantic))
        if made is None:
            return
        self._publish(topics.points, lambda: made.points, now_ns)
        # The layer hears the cloud last of all: who heard this one is known to wait for the names.
        if self._publisher.has_reached_all(topics.label_info):
            self._publish(topics.label_image, lambda: made.label_image, now_ns)
            self._publish(topics.confidence, lambda: made.confidence, now_ns)

    def _frame_of(self, semantic: SemanticCloud) -> str:
        """The frame for planners, who have no other word: as configured, else the cloud's."""
        return self._surfaces[semantic.sensor].frame_id or semantic.cloud.frame_id

    def _publish(self, topic: str, make: Callable[[], Message | None], now_ns: int) -> None:
        """Make and publish a message where it is wanted; None is silence."""
        if not self._publisher.is_wanted(topic):
            return
        message = make()
        if message is not None:
            self._publisher.publish(topic, message, now_ns)
