"""Who carries the outputs away: a ROS node, a bag."""

from __future__ import annotations

from typing import Protocol

from seg_perception.io.messages import Message
from seg_perception.outputs.topics import OutputTopic


class Publisher(Protocol):
    """Carries messages to those who want them."""

    def advertise(self, topic: OutputTopic) -> None:
        """Offer a topic, before anything is published on it.

        Raises:
            ConfigError: its type is not installed.
        """

    def is_wanted(self, topic: str) -> bool:
        """Whether a message on it would reach anybody; never where it was not advertised."""
        ...

    def listener_count(self, topic: str) -> int:
        """How many a message on it would reach; 0 where it was not advertised."""
        ...

    def publish(self, topic: str, message: Message, now_ns: int) -> None:
        """Publish on a topic that was advertised; `now_ns` is when a bag says it was."""

    def has_reached_all(self, topic: str) -> bool:
        """Whether all who listen to a latched topic have what was published on it last."""
        ...
