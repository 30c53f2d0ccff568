"""Outputs into a bag."""

from __future__ import annotations

from collections import Counter

from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.messages import Message
from seg_perception.outputs.topics import OutputTopic, private


class BagPublisher:
    """Writes what a node would publish if all of it had subscribers.

    Attributes:
        written: messages by topic, as the bag names it.
    """

    def __init__(self, writer: BagWriter) -> None:
        """Take the bag; who opened it closes it."""
        self.written: Counter[str] = Counter()
        self._writer = writer
        self._latched: dict[str, bool] = {}

    def advertise(self, topic: OutputTopic) -> None:
        """Take a topic; it enters the bag with its first message."""
        self._latched[topic.name] = topic.latched

    def is_wanted(self, topic: str) -> bool:
        """Whether it was advertised."""
        return topic in self._latched

    def has_reached_all(self, topic: str) -> bool:
        """Say yes: in a bag the order is that of writing."""
        del topic
        return True

    def publish(self, topic: str, message: Message, now_ns: int) -> None:
        """Write a message.

        Raises:
            BagError: the disk refuses it.
        """
        name = private(topic)
        self._writer.write(name, message, now_ns, self._latched[topic])
        self.written[name] += 1
