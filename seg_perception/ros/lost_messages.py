"""Messages that never came, by the numbers that their publisher gave to those that did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rclpy.node import Node


class LostMessageCounter:
    """Counts what is missing between the messages of one subscription.

    The middleware tells of what the network lost, not of what a burst pushed out of a full
    queue. Nothing is counted while a topic has several publishers, for a message does not
    say from whom it is, nor where the middleware numbers nothing.

    Attributes:
        lost: messages that were sent between two that came.
    """

    def __init__(self, node: Node, topic: str) -> None:
        """Count from the first message on."""
        self.lost = 0
        self._node = node
        self._topic = topic
        self._last = 0
        self._publisher: tuple[int, ...] = ()

    def count(self, info: Mapping[str, Any]) -> None:
        """Count what is missing before a message, by what rclpy says of it."""
        number = info.get("publication_sequence_number")
        if number is None:
            return
        if number != self._last + 1 or not self._publisher:
            self._count_before(number)
        self._last = number

    def _count_before(self, number: int) -> None:
        publisher = self._only_publisher()
        if publisher and publisher == self._publisher:
            self.lost += max(0, number - self._last - 1)
        self._publisher = publisher

    def _only_publisher(self) -> tuple[int, ...]:
        """Identity of the topic's one publisher; empty where there are several, or none."""
        if self._node.count_publishers(self._topic) != 1:
            return ()
        offers = self._node.get_publishers_info_by_topic(self._topic)
        return tuple(offers[0].endpoint_gid) if len(offers) == 1 else ()
