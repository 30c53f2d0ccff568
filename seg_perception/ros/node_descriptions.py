"""What a node's labels mean, in the ROS graph from configuring to cleaning up."""

from __future__ import annotations

from collections.abc import Iterable

from rclpy.node import Node

from seg_perception.config import Config
from seg_perception.core.ontology import Ontology
from seg_perception.outputs.descriptions import Descriptions
from seg_perception.outputs.topics import OutputTopic
from seg_perception.ros.ros_publisher import RosPublisher


class NodeDescriptions:
    """Latched publishers, there before those of any label.

    Attributes:
        config: what they were made of.
        publisher: of these topics.
    """

    def __init__(
        self, node: Node, config: Config, ontology: Ontology, topics: Iterable[OutputTopic]
    ) -> None:
        """Publish.

        Raises:
            ConfigError: as `Descriptions`.
        """
        self.config = config
        self._node = node
        self.publisher = RosPublisher(node)
        self._descriptions = Descriptions(config, ontology, self.publisher, topics)
        self._descriptions.publish(self._now_ns())

    @property
    def topics(self) -> list[str]:
        """Their full names."""
        return self.publisher.topics

    def recolor(self, config: Config) -> None:
        """Publish anew what has colours.

        Raises:
            ConfigError: colours of classes that do not exist.
        """
        self._descriptions.recolor(config, self._now_ns())
        self.config = config

    def close(self) -> None:
        """Stop advertising."""
        self.publisher.close()

    def _now_ns(self) -> int:
        return int(self._node.get_clock().now().nanoseconds)
