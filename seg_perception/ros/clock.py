"""The node's time, which never runs backwards unnoticed, and timers in the machine's."""

from __future__ import annotations

import threading
from collections.abc import Callable

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.timer import Timer

from seg_perception.core.issue_kinds.clocks import CLOCK_JUMP
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.types import NANOSECONDS
from seg_perception.pipeline.stamp_watch import StampWatch

_ROS_CLOCK = "ROS clock"


class ClockWatch:
    """Notices that stamps or the ROS clock jump back; may be used from several threads.

    Attributes:
        jumps: how often that happened.
        newest: the newest stamp of each stream (ns).
    """

    def __init__(self, node: Node, on_jump: Callable[[], None], issues: IssueLog) -> None:
        """Watch.

        Args:
            node: whose clock it is.
            on_jump: called before any stamp after the jump is used; it must be quick.
            issues: told of jumps.
        """
        self.jumps = 0
        self.newest: dict[str, int] = {}
        self._node = node
        self._on_jump = on_jump
        self._issues = issues
        self._lock = threading.Lock()
        self._watch = StampWatch()
        self._now_ns = 0

    def observe(self, stream: str, stamp_ns: int, then: Callable[[], None] | None = None) -> None:
        """Take note of a stamp, then do something quick before any other stamp can jump."""
        with self._lock:
            back_ns = self._watch.jump_back_ns(stream, stamp_ns)
            self.newest[stream] = stamp_ns
            if back_ns:
                self._jump(stream, back_ns)
            if then is not None:
                then()

    def now_ns(self) -> int:
        """The ROS clock; small steps back are held, large ones are jumps."""
        now_ns = int(self._node.get_clock().now().nanoseconds)
        with self._lock:
            back_ns = self._now_ns - now_ns
            jumped = back_ns > NANOSECONDS
            self._now_ns = now_ns if jumped else max(self._now_ns, now_ns)
            if jumped:
                self._jump(_ROS_CLOCK, back_ns)
            return self._now_ns

    def _jump(self, what: str, back_ns: int) -> None:
        self.jumps += 1
        self._issues.add(CLOCK_JUMP, what, back_s=back_ns / NANOSECONDS)
        self._on_jump()


def steady_timer(node: Node, period_s: float, callback: Callable[[], None]) -> Timer:
    """A timer in the time of the machine.

    It runs on in simulated time, which stands still until a bag plays.
    """
    return node.create_timer(period_s, callback, clock=Clock(clock_type=ClockType.STEADY_TIME))
