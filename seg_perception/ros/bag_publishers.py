"""The publishers of a bag that is played: the recorded bytes as they are."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rclpy.duration import Duration
from rclpy.exceptions import InvalidTopicNameException
from rclpy.node import Node
from rclpy.publisher import Publisher

from seg_perception.config.input_topics import TF, TF_STATIC, TF_TYPES
from seg_perception.core.errors import BagError, ConfigError
from seg_perception.io.bag_message import BagMessage, TopicInfo
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_storage import ROS_ENCODINGS
from seg_perception.io.messages import Clock, TFMessage, Time
from seg_perception.io.ros_copy import serialize
from seg_perception.ros.conversions import message_class, to_ros
from seg_perception.ros.qos import latched_profile, output_profile, tf_profile

PUBLISHER_DEPTH = 10
LATCHED_DEPTH = 100
ACKNOWLEDGE_S = 5.0
CDR_HEADER_BYTES = 4
CLOCK = "/clock"


@dataclass
class PlaybackReport:
    """What was sent, and what was left out.

    Attributes:
        sent: messages by topic.
        lost: messages by topic that the bag's index has, and that could not be sent.
        skipped: topics that can't be published here, and why.
        damage: what was found amiss with the bag.
        latest_s: the most that a message was sent after its time.
    """

    sent: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    skipped: dict[str, str] = field(default_factory=dict)
    damage: list[str] = field(default_factory=list)
    duration_s: float = 0.0
    latest_s: float = 0.0

    def dump(self) -> str:
        """One line of JSON."""
        return json.dumps(
            {
                "sent": dict(self.sent),
                "lost": dict(self.lost),
                "skipped": self.skipped,
                "damage": self.damage,
                "duration_s": round(self.duration_s, 3),
                "latest_s": round(self.latest_s, 4),
            }
        )


class BagPlayer(Node):
    """Publishers for the topics of one bag."""

    def __init__(self, bag: BagReader, topics: Sequence[str], *, with_clock: bool) -> None:
        """Make the publishers.

        Args:
            bag: what is played.
            topics: names; empty means all.
            with_clock: also publish `/clock`.

        Raises:
            BagError: a topic that the bag does not have, or none that can be published.
        """
        super().__init__("bag_player")
        self.report = PlaybackReport()
        self.publishers_by_topic: dict[str, Publisher] = {}
        for topic in _chosen(bag, topics):
            self._advertise(topic)
        if not self.publishers_by_topic:
            reasons = "; ".join(self.report.skipped.values()) or "it holds none"
            msg = f"{bag.path}: expected topics that can be published, got none: {reasons}"
            raise BagError(msg)
        self._clock_publisher: Publisher | None = None
        if with_clock:
            clock_type = message_class(Clock.type_name)
            self._clock_publisher = self.create_publisher(clock_type, CLOCK, output_profile())

    def send(self, message: BagMessage) -> None:
        """Publish one message; what keeps one from it is told, and costs no other."""
        try:
            self.publishers_by_topic[message.topic].publish(_cdr(message))
        except BagError as error:
            self.tell_damage(str(error))
            return
        self.report.sent[message.topic] += 1

    def count_lost(self, topics: Iterable[TopicInfo], sent_before: Counter[str]) -> None:
        """After a whole round: what the bag's index has and nobody got."""
        for topic in topics:
            sent = self.report.sent[topic.name] - sent_before[topic.name]
            if topic.name in self.publishers_by_topic and topic.count > sent:
                self.report.lost[topic.name] += topic.count - sent

    def tell_damage(self, *texts: str) -> None:
        """Log what is amiss with the bag, each once, and keep it for the report."""
        for text in texts:
            if text not in self.report.damage:
                self.report.damage.append(text)
                self.get_logger().error(text)

    def tick(self, now_ns: int) -> None:
        """Publish the bag's time."""
        if self._clock_publisher is not None:
            self._clock_publisher.publish(to_ros(Clock(Time.from_ns(now_ns))))

    def unsubscribed(self, topics: Sequence[str]) -> list[str]:
        """Those of the topics that nobody subscribed."""
        return [t for t in topics if self.topics[t].get_subscription_count() == 0]

    @property
    def topics(self) -> dict[str, Publisher]:
        """Every publisher by its topic, that of `/clock` too."""
        if self._clock_publisher is None:
            return self.publishers_by_topic
        return {**self.publishers_by_topic, CLOCK: self._clock_publisher}

    def wait_until_acknowledged(self) -> None:
        """Let reliable subscribers fetch what was sent last."""
        deadline = time.monotonic() + ACKNOWLEDGE_S
        for publisher in self.publishers_by_topic.values():
            left_s = max(0.0, deadline - time.monotonic())
            publisher.wait_for_all_acked(Duration(seconds=left_s))

    def _advertise(self, topic: TopicInfo) -> None:
        try:
            self.publishers_by_topic[topic.name] = self._make_publisher(topic)
        except (ConfigError, BagError) as error:
            self.report.skipped[topic.name] = str(error)
            self.get_logger().warning(f"{topic.name} is left out: {error}")

    def _make_publisher(self, topic: TopicInfo) -> Publisher:
        if topic.encoding not in ROS_ENCODINGS:
            msg = f"it is serialised as {topic.encoding!r}, which ROS does not carry"
            raise BagError(msg)
        message_type = message_class(ros2_type(topic.type))
        profile = output_profile(tf_profile().depth if topic.name == TF else PUBLISHER_DEPTH)
        if topic.latched or topic.name == TF_STATIC:
            profile = latched_profile(LATCHED_DEPTH)
        try:
            return self.create_publisher(message_type, topic.name, profile)
        except InvalidTopicNameException as error:
            reason = str(error).splitlines()[0]
            msg = f"ROS 2 has no topics of such a name ({reason}); rename it in the bag"
            raise BagError(msg) from error


def ros2_type(type_name: str) -> str:
    """The type under which a topic is published; ROS 1's own type of `/tf` has a new name."""
    return TFMessage.type_name if type_name in TF_TYPES else type_name


def _cdr(message: BagMessage) -> bytes:
    if message.encoding == "cdr":
        if len(message.raw) < CDR_HEADER_BYTES:
            msg = f"{message.topic}: expected a message, got {len(message.raw)} bytes"
            raise BagError(msg)
        return bytes(message.raw)
    return bytes(serialize(message.topic, ros2_type(message.type), message.message))


def _chosen(bag: BagReader, topics: Sequence[str]) -> list[TopicInfo]:
    known = {topic.name: topic for topic in bag.topics}
    if unknown := sorted(set(topics) - set(known)):
        msg = f"{bag.path}: expected some of the topics {sorted(known)}, got {unknown}"
        raise BagError(msg)
    return [known[name] for name in topics or known]
