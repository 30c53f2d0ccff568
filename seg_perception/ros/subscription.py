"""A subscription that follows its publishers' reliability and counts what never came."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.subscription import Subscription

from seg_perception.ros.qos import InputQos, input_profile
from seg_perception.ros.rclpy_internals import parameter_overrides

try:
    from rclpy.event_handler import SubscriptionEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import SubscriptionEventCallbacks

# Humble's callbacks get a message without what is known of it.
_HAS_NUMBERS = hasattr(Subscription, "CallbackType")


class AdaptiveSubscription:
    """A subscription whose reliability follows what its publishers offer.

    `adapt` is to be called from time to time; it subscribes anew when the answer changed.

    Attributes:
        topic: its full name.
        received: messages handed to the callback.
    """

    def __init__(
        self,
        node: Node,
        message_type: type[Any],
        topic: str,
        callback: Callable[[Any], None],
        qos: InputQos | None = None,
        *,
        raw: bool = False,
    ) -> None:
        """Subscribe; `raw` hands over the serialised bytes."""
        self.topic = node.resolve_topic_name(topic)
        self.received = 0
        self._reported = 0
        self._lost_messages = LostMessageCounter(node, self.topic)
        self._node = node
        self._type = message_type
        self._callback = callback
        self._qos = qos or InputQos()
        self._raw = raw
        self._events = SubscriptionEventCallbacks(
            incompatible_qos=self._on_incompatible,
            message_lost=self._on_lost,
            # Types are followed in the graph; each handler costs the executor with every message.
            use_default_callbacks=False,
        )
        self._incompatible = False
        self._profile = self._desired()
        self._subscription = self._subscribe()

    @property
    def reliable(self) -> bool:
        """Whether it asks for reliable delivery now."""
        return bool(self._profile.reliability == ReliabilityPolicy.RELIABLE)

    @property
    def lost(self) -> int:
        """Messages that were sent and never came, by their numbers and by the middleware."""
        return max(self._lost_messages.lost, self._reported)

    @property
    def publisher_count(self) -> int:
        """Publishers of the topic, compatible or not."""
        return self._node.count_publishers(self.topic)

    @property
    def incompatible(self) -> Mapping[str, Any]:
        """Why publishers of this topic can't be heard, as numbers of an issue; empty: all can."""
        offers = [str(offer.name).lower() for offer in self._offers()]
        if not (self._incompatible and self.reliable and "best_effort" in offers):
            return {}
        remedy = "set node.input_reliability: auto"
        if self._is_overridden():
            remedy = f"remove qos_overrides.{self.topic}.subscription.reliability"
        return {"topic": self.topic, "offered": offers, "remedy": remedy}

    def adapt(self) -> bool:
        """Subscribe anew where the publishers' offers changed the answer; tells whether it did."""
        desired = self._desired()
        if desired.reliability == self._profile.reliability or self._is_overridden():
            return False
        self._node.destroy_subscription(self._subscription)
        self._profile = desired
        self._incompatible = False
        self._subscription = self._subscribe()
        return True

    def close(self) -> None:
        """End the subscription."""
        self._node.destroy_subscription(self._subscription)

    def _offers(self) -> list[ReliabilityPolicy]:
        publishers = self._node.get_publishers_info_by_topic(self.topic)
        return [publisher.qos_profile.reliability for publisher in publishers]

    def _desired(self) -> QoSProfile:
        profile = input_profile(self._qos.reliability, self._offers(), self._qos.depth)
        profile.durability = self._qos.durability
        return profile

    def _subscribe(self) -> Any:
        options = QoSOverridingOptions.with_default_policies() if self._is_overridden() else None
        return self._node.create_subscription(
            self._type,
            self.topic,
            self._receive_numbered if _HAS_NUMBERS else self._receive,
            self._profile,
            event_callbacks=self._events,
            qos_overriding_options=options,
            raw=self._raw,
        )

    def _is_overridden(self) -> bool:
        prefix = f"qos_overrides.{self.topic}.subscription."
        return any(name.startswith(prefix) for name in parameter_overrides(self._node))

    def _receive_numbered(self, message: Any, info: Mapping[str, Any]) -> None:
        self._lost_messages.count(info)
        self._receive(message)

    def _receive(self, message: Any) -> None:
        self.received += 1
        self._callback(message)

    def _on_incompatible(self, _event: Any) -> None:
        self._incompatible = True

    def _on_lost(self, event: Any) -> None:
        self._reported += event.total_count_change


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
