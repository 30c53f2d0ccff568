"""Records topics into a bag where `ros2 bag` is missing; prints what it wrote as JSON.

Messages are written as the bytes that came. A full disk ends the recording with what
was written until then; a recorder that is killed loses at most the chunk that it had not
written, a second or a megabyte. In simulated time nothing is recorded before /clock runs: latched
messages wait for it, others are left out and counted.
"""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Collection, Sequence
from functools import partial
from typing import Any

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy

from seg_perception.core.errors import BagError, ConfigError
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.interfaces import definition_of
from seg_perception.ros.clock import steady_timer
from seg_perception.ros.conversions import message_class
from seg_perception.ros.disk_thread import (
    POLL_S,
    DiskThread,
    RecordedMessage,
    RecordedTopic,
    RecordingReport,
)
from seg_perception.ros.early_messages import EarlyMessages
from seg_perception.ros.qos import InputQos
from seg_perception.ros.runner import (
    USER_ERROR,
    StopSignal,
    parse_own_arguments,
    positive_number,
    run,
    say,
)
from seg_perception.ros.subscription import AdaptiveSubscription

DISCOVER_S = 0.2
DEPTH = 100
# Of the recorder itself, and of every node: nothing that a bag is for.
UNWANTED = ("/rosout", "/parameter_events")


class BagRecorder(Node):
    """Subscribes what is wanted as soon as it appears."""

    def __init__(self, writer: BagWriter, topics: Collection[str]) -> None:
        """Start to record.

        Args:
            writer: takes the messages; it is closed by `close`.
            topics: names; empty means all.
        """
        super().__init__("bag_recorder")
        self.report = RecordingReport()
        self.failed = threading.Event()
        self._wanted = {self.resolve_topic_name(topic) for topic in topics}
        self._inputs: dict[str, AdaptiveSubscription] = {}
        self._early = EarlyMessages()
        self._disk = DiskThread(writer, self.report, self.failed.set)
        steady_timer(self, DISCOVER_S, self._discover)
        self._discover()

    @property
    def missing(self) -> list[str]:
        """Wanted topics that have not appeared."""
        return sorted(self._wanted - set(self._inputs) - set(self.report.skipped))

    def close(self) -> None:
        """Unsubscribe and finish the bag."""
        for topic, subscription in self._inputs.items():
            subscription.close()
            self.report.lost_in_transport[topic] = subscription.lost
        self._date_early(self._now_ns())
        self._early.give_up()
        self.report.before_the_clock.update(self._early.left_out)
        self._disk.close()

    def _discover(self) -> None:
        for topic, type_names in self.get_topic_names_and_types():
            if self._is_new(topic):
                self._subscribe(topic, type_names[0])
        for subscription in self._inputs.values():
            subscription.adapt()

    def _is_new(self, topic: str) -> bool:
        wanted = topic in self._wanted if self._wanted else topic not in UNWANTED
        seen = topic in self._inputs or topic in self.report.skipped
        return wanted and not seen and self.count_publishers(topic) > 0

    def _subscribe(self, topic: str, type_name: str) -> None:
        try:
            message_type = message_class(type_name)
        except ConfigError as error:
            self._skip(topic, str(error))
            return
        if not definition_of(type_name)[0]:
            self._skip(topic, f"the definition of {type_name} is not known here")
            return
        latched = self._is_latched(topic)
        durability = DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE
        self._inputs[topic] = AdaptiveSubscription(
            self,
            message_type,
            topic,
            partial(self._receive, RecordedTopic(topic, type_name, latched)),
            InputQos(depth=DEPTH, durability=durability),
            raw=True,
        )

    def _skip(self, topic: str, reason: str) -> None:
        self.report.skipped[topic] = reason
        self.get_logger().warning(f"{topic} is not recorded: {reason}")

    def _is_latched(self, topic: str) -> bool:
        offers = [p.qos_profile.durability for p in self.get_publishers_info_by_topic(topic)]
        return all(offer == DurabilityPolicy.TRANSIENT_LOCAL for offer in offers)

    def _receive(self, topic: RecordedTopic, data: Any) -> None:
        now_ns = self._now_ns()
        message = RecordedMessage(topic, bytes(data), now_ns)
        if not now_ns:
            self._early.put(message)
            return
        self._date_early(now_ns)
        self._disk.put(message)

    def _date_early(self, now_ns: int) -> None:
        if now_ns:
            for message in self._early.dated(now_ns):
                self._disk.put(message)

    def _now_ns(self) -> int:
        """By the node's clock; in simulated time 0 until somebody publishes it."""
        return int(self.get_clock().now().nanoseconds)


def record(node: BagRecorder, stop: StopSignal) -> int:
    """The job: record until stopped or until the disk fails; prints the report in any case."""
    while not stop.wait(POLL_S) and not node.failed.is_set():
        continue
    node.close()
    say(node.report.dump())
    if node.report.error:
        say(f"error: {node.report.error}", sys.stderr)
    if node.report.before_the_clock:
        node.get_logger().warning(f"left out before /clock ran: {node.report.before_the_clock}")
    if node.missing:
        node.get_logger().warning(f"never published: {node.missing}")
    return USER_ERROR if node.report.error else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bag_recorder", description=__doc__)
    parser.add_argument("bag", help="a new .mcap file, or a new folder")
    parser.add_argument("--topics", nargs="+", default=[], help="record only these; default: all")
    parser.add_argument(
        "--split-mb", type=positive_number, help="begin another file of the folder after so many MB"
    )
    parser.add_argument("--compression", choices=("zstd", "lz4", "none"), default="none")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Record a bag; the exit code is 2 where the user can mend what went wrong."""
    command_line: list[Any] = list(sys.argv if arguments is None else arguments)
    options = parse_own_arguments(_parser(), command_line)
    try:
        split_bytes = None if options.split_mb is None else round(options.split_mb * 1e6)
        writer = BagWriter(options.bag, options.compression, split_bytes)
    except BagError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return USER_ERROR
    return run(lambda: BagRecorder(writer, options.topics), record, command_line)


if __name__ == "__main__":
    sys.exit(main())
