"""Outputs into a bag."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import partial
from typing import NamedTuple

from seg_perception.core.background_work import Work, WorkAtOnce
from seg_perception.io.bag_writer import MessageWriter
from seg_perception.io.messages import Message
from seg_perception.io.ros_copy import serialize
from seg_perception.outputs.topics import OutputTopic, private


class PackedMessage(NamedTuple):
    """A message on its way into the bag: the topic as the bag names it, its type, its bytes."""

    topic: str
    type: str
    cdr: bytes | memoryview
    latched: bool


class BagPublisher:
    """Writes what a node would publish if all of it had subscribers.

    Attributes:
        written: messages by topic, as the bag names it.
    """

    def __init__(self, writer: MessageWriter, work: Work | None = None) -> None:
        """Take the bag, and who writes into it; who opened them closes them."""
        self.written: Counter[str] = Counter()
        self._writer = writer
        self._work = work or WorkAtOnce()
        self._latched: dict[str, bool] = {}

    def advertise(self, topic: OutputTopic) -> None:
        """Take a topic; it enters the bag with its first message."""
        self._latched[topic.name] = topic.latched

    def is_wanted(self, topic: str) -> bool:
        """Whether it was advertised."""
        return topic in self._latched

    def listener_count(self, topic: str) -> int:
        """The bag, if it was advertised."""
        return int(topic in self._latched)

    def has_reached_all(self, topic: str) -> bool:
        """Say yes: in a bag the order is that of writing."""
        del topic
        return True

    def publish(self, topic: str, message: Message, now_ns: int) -> None:
        """Write a message.

        Raises:
            BagError: the disk refuses it.
        """
        self._work.order(partial(self.write, [self.packed(topic, message)], now_ns))

    def packed(self, topic: str, message: Message) -> PackedMessage:
        """A message as it will lie in the bag; may be called from any thread.

        Raises:
            BagError: it can't be serialised.
        """
        name = private(topic)
        cdr = serialize(name, message.type_name, message)
        return PackedMessage(name, message.type_name, cdr, self._latched[topic])

    def write(self, messages: Iterable[PackedMessage], now_ns: int) -> None:
        """Write messages now; called by who writes into the bag.

        Raises:
            BagError: the disk refuses it.
        """
        for name, type_name, cdr, latched in messages:
            self._writer.write_raw(name, type_name, cdr, now_ns, latched)
            self.written[name] += 1
