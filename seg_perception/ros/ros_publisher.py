"""Outputs into the ROS graph."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import qos_policy_name_from_kind
from rclpy.qos_overriding_options import QoSOverridingOptions

from seg_perception.core.errors import ConfigError
from seg_perception.io.messages import Message
from seg_perception.outputs.topics import OutputTopic
from seg_perception.ros.conversions import message_class, to_ros
from seg_perception.ros.listeners import Listeners
from seg_perception.ros.qos import latched_profile, output_profile

try:
    from rclpy.event_handler import PublisherEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import PublisherEventCallbacks


class RosPublisher:
    """The publishers of one activation; what nobody subscribed is not wanted."""

    def __init__(self, node: Node, earlier: RosPublisher | None = None) -> None:
        """Take the node.

        Args:
            node: that publishes.
            earlier: publishes latched topics of the same node from before on.
        """
        self._node = node
        self._earlier = earlier
        self._publishers: dict[str, Publisher] = {}
        self._latched: set[str] = set()
        self._listeners: dict[str, Listeners] = {}

    @property
    def topics(self) -> list[str]:
        """The full names of what is published; nothing any more once it is closed."""
        return [publisher.topic_name for publisher in list(self._publishers.values())]

    def advertise(self, topic: OutputTopic) -> None:
        """Make the publisher; one that is optional is left out where its type is not installed."""
        try:
            kind = message_class(topic.type_name)
        except ConfigError:
            if topic.optional:
                return
            raise
        self._publishers[topic.name] = self._create(kind, topic)
        if topic.latched:
            self._latched.add(topic.name)

    def is_wanted(self, topic: str) -> bool:
        """Whether somebody subscribed it, or may come late and still get it."""
        publisher = self._publishers.get(topic)
        if publisher is None:
            return False
        return topic in self._latched or publisher.get_subscription_count() > 0

    def listener_count(self, topic: str) -> int:
        """How many subscribe it."""
        publisher = self._publishers.get(topic)
        return 0 if publisher is None else int(publisher.get_subscription_count())

    def has_reached_all(self, topic: str) -> bool:
        """Whether all who listen to a latched topic have its last message: `Listeners`."""
        publisher = self._publishers.get(topic)
        if publisher is None:
            return self._earlier is None or self._earlier.has_reached_all(topic)
        acknowledged = publisher.wait_for_all_acked(Duration())
        # Counted after that: who came in between is not taken for one who has acknowledged.
        count = publisher.get_subscription_count()
        listeners = self._listeners.setdefault(topic, Listeners())
        return listeners.all_have_read(count, time.monotonic(), acknowledged=acknowledged)

    def publish(self, topic: str, message: Message, now_ns: int) -> None:
        """Publish; the graph has its own time."""
        del now_ns
        self._publishers[topic].publish(to_ros(message))

    def close(self) -> None:
        """Stop advertising."""
        publishers, self._publishers = self._publishers, {}
        for publisher in publishers.values():
            self._node.destroy_publisher(publisher)

    def _create(self, kind: type[Any], topic: OutputTopic) -> Publisher:
        """A reliable publisher; `qos_overrides` of its topic hold, unless it is latched."""
        # Each handler costs the executor with every message; rclpy's own are two.
        events = PublisherEventCallbacks(
            incompatible_qos=partial(self._warn, topic.name), use_default_callbacks=False
        )
        if topic.latched:
            return self._node.create_publisher(
                kind, topic.name, latched_profile(), event_callbacks=events
            )
        overrides = QoSOverridingOptions.with_default_policies()
        return self._node.create_publisher(
            kind,
            topic.name,
            output_profile(),
            event_callbacks=events,
            qos_overriding_options=overrides,
        )

    def _warn(self, topic: str, event: Any) -> None:
        """Name a subscriber's policy with which it hears nothing."""
        policy = qos_policy_name_from_kind(event.last_policy_kind)
        self._node.get_logger().warning(
            f"somebody subscribes {topic} with a {policy} that is not offered, and hears nothing; "
            "ask for reliable or best effort, and volatile"
        )
