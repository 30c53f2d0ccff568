"""The node's time, which never runs backwards unnoticed, and timers in the machine's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from rclpy.callback_groups import CallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.timer import Timer

from seg_perception.core.issue_log import IssueLog
from seg_perception.core.types import NANOSECONDS
from seg_perception.pipeline.stamp_watch import StampWatch, nothing

_ROS_CLOCK = "ROS clock"


class ClockWatch:
    """Notices that stamps or the ROS clock jump back; may be used from several threads."""

    def __init__(self, node: Node, on_jump: Callable[[], None], issues: IssueLog) -> None:
        """Watch.

        Args:
            node: whose clock it is.
            on_jump: called before any stamp after the jump is used; it must be quick.
            issues: told of jumps, and of streams that are astray.
        """
        self._node = node
        self._lock = threading.Lock()
        self._watch = StampWatch(issues, on_jump, self._ros_ns)
        self._now_ns = 0

    @property
    def jumps(self) -> int:
        """How often time jumped."""
        return self._watch.jumps

    @property
    def newest(self) -> Mapping[str, int]:
        """The last stamp of each stream (ns)."""
        return self._watch.newest

    @property
    def is_simulated(self) -> bool:
        """Whether time is what somebody publishes on /clock."""
        return bool(self._node.get_parameter("use_sim_time").value)

    def observe(self, stream: str, stamp_ns: int, then: Callable[[], None] = nothing) -> None:
        """Take note of a stamp, then do something quick before any other stamp can jump."""
        with self._lock:
            self._watch.observe(stream, stamp_ns, then)

    def now_ns(self) -> int:
        """The ROS clock; small steps back are held, large ones are jumps."""
        now_ns = self._ros_ns()
        with self._lock:
            back_ns = self._now_ns - now_ns
            jumped = back_ns > NANOSECONDS
            self._now_ns = now_ns if jumped else max(self._now_ns, now_ns)
            if jumped:
                self._watch.set_clock(_ROS_CLOCK, now_ns, back_ns)
            return self._now_ns

    def _ros_ns(self) -> int:
        return int(self._node.get_clock().now().nanoseconds)


def steady_timer(
    node: Node,
    period_s: float,
    callback: Callable[[], object],
    group: CallbackGroup | None = None,
) -> Timer:
    """A timer in the time of the machine.

    It runs on in simulated time, which stands still until a bag plays.
    """
    clock = Clock(clock_type=ClockType.STEADY_TIME)
    return node.create_timer(period_s, callback, callback_group=group, clock=clock)
