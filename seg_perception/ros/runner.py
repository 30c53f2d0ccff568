"""Runs a node as a process: its own options, its signals, an end while publishers still work."""

from __future__ import annotations

import argparse
import math
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from types import FrameType
from typing import TextIO, TypeVar

import rclpy
from rclpy.node import Node
from rclpy.utilities import remove_ros_args

from seg_perception.core.errors import SegPerceptionError
from seg_perception.core.threads import explain, start_thread
from seg_perception.ros.executor import ResilientExecutor
from seg_perception.ros.memory import keep_freed_memory
from seg_perception.ros.rclpy_start import start_ros

USER_ERROR = 2
# Of rates, sizes and seconds on a command line: a microsecond, and a week and a half.
SMALLEST, LARGEST = 1e-6, 1e6
NAP_S = 0.1
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)

N = TypeVar("N", bound=Node)


class StopSignal:
    """Set by SIGINT, SIGTERM and SIGHUP; rclpy's own handlers would end the context at once.

    SIGHUP comes where the terminal goes: an ssh session that drops. A process that was started
    to ignore it (`nohup`) goes on ignoring it.
    """

    def __init__(self) -> None:
        """Take over the signals."""
        # A lock, as an event has one, could be held by the very thread that the signal interrupts.
        self._is_set = False
        for number in STOP_SIGNALS:
            signal.signal(number, self._handle)
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            signal.signal(signal.SIGHUP, self._handle)

    def set(self) -> None:
        """Stop from within."""
        self._is_set = True

    def is_set(self) -> bool:
        """Whether to stop."""
        return self._is_set

    def wait(self, timeout_s: float | None = None) -> bool:
        """Sleep until the stop or the timeout; tells whether to stop.

        In short naps: Python handles a signal that comes just before a sleep only after it.
        """
        end_s = math.inf if timeout_s is None else time.monotonic() + timeout_s
        while not self._is_set and (left_s := end_s - time.monotonic()) > 0:
            time.sleep(min(left_s, NAP_S))
        return self._is_set

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self.set()


def run(
    make_node: Callable[[], N],
    job: Callable[[N, StopSignal], int],
    arguments: Sequence[str] | None = None,
    finish: Callable[[N], None] | None = None,
    on_error: Callable[[N, BaseException], None] | None = None,
) -> int:
    """Make a node, spin it on another thread, do the job on this one, end everything in order.

    Args:
        make_node: called when ROS is up.
        job: returns the exit code.
        arguments: the command line.
        finish: called when no callback runs any more and publishers still work.
        on_error: told of a callback that failed; without it the log is.

    Returns:
        The job's exit code, or 2 after an error that the user can mend.
    """
    stop = StopSignal()
    keep_freed_memory()
    try:
        start_ros(arguments)
        node = make_node()
        with Spinning(node, partial(on_error, node) if on_error else None):
            code = job(node, stop)
        if finish is not None:
            finish(node)
        node.destroy_node()
    except SegPerceptionError as error:
        say(f"error: {error}", sys.stderr)
        return USER_ERROR
    finally:
        rclpy.try_shutdown()
    return code


class Spinning:
    """A context in which a node's callbacks run on a background thread."""

    def __init__(self, node: Node, on_error: Callable[[BaseException], None] | None = None) -> None:
        """Prepare an executor for one node."""
        self._executor = ResilientExecutor(node, on_error)
        self._log_error = node.get_logger().error

    def __enter__(self) -> None:
        """Start to spin."""
        self._thread = start_thread("executor", self._executor.spin_on, self._tell)

    def __exit__(self, *_error: object) -> None:
        """Stop spinning."""
        self._executor.shutdown(timeout_sec=2.0)
        self._thread.join(timeout=5.0)

    def _tell(self, error: BaseException) -> None:
        self._log_error(f"no callback runs any more; restart the node: {explain(error)}")


def positive_number(text: str) -> float:
    """A number above 0, and not too large to reckon with.

    Raises:
        argparse.ArgumentTypeError: anything else.
    """
    return _number_from(text, SMALLEST, f"a number from {SMALLEST:g} to {LARGEST:g}")


def number_from_zero(text: str) -> float:
    """A number of 0 or more, and not too large to reckon with.

    Raises:
        argparse.ArgumentTypeError: anything else.
    """
    return _number_from(text, 0.0, f"a number from 0 to {LARGEST:g}")


def _number_from(text: str, least: float, expected: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value <= LARGEST:
        msg = f"expected {expected}, got {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return value


def say(text: str, stream: TextIO | None = None) -> None:
    """Print a process's last words, if anybody can still hear them: a terminal may be gone."""
    stream = stream or sys.stdout
    try:
        print(text, file=stream, flush=True)
    except OSError:
        # What is left in the buffer would fail once more at the end, with another exit code.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def parse_own_arguments(
    parser: argparse.ArgumentParser, arguments: Sequence[str]
) -> argparse.Namespace:
    """Parse what is left of a command line (program name first) without ROS's arguments."""
    return parser.parse_args(remove_ros_args(list(arguments))[1:])
