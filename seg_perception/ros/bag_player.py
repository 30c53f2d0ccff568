"""Plays a bag into the graph where `ros2 bag` is missing; prints what it sent as JSON.

The first message waits for subscribers where it is told to, so that nothing is sent to nobody.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from queue import Empty, Queue
from typing import Any

from seg_perception.core.errors import BagError, ConfigError
from seg_perception.core.signals import end_on_signals
from seg_perception.core.threads import start_thread
from seg_perception.core.types import NANOSECONDS
from seg_perception.io.bag_message import BagMessage
from seg_perception.io.bag_reader import BagReader
from seg_perception.ros.bag_publishers import BagPlayer
from seg_perception.ros.runner import (
    USER_ERROR,
    StopSignal,
    number_from_zero,
    parse_own_arguments,
    positive_number,
    run,
    say,
)

READ_AHEAD = 16
POLL_S = 0.02


class PlaybackClock:
    """Sleeps until a message is due, and keeps the bag's clock ticking meanwhile."""

    def __init__(self, player: BagPlayer, stop: StopSignal, rate: float, clock_hz: float) -> None:
        """Start with the first message that comes."""
        self._player = player
        self._stop = stop
        self._rate = rate
        self._tick_s = 1.0 / clock_hz
        self._origin: tuple[float, int] | None = None

    def wait_for(self, stamp_ns: int) -> bool:
        """Sleep until a log time is due; False when playing was stopped meanwhile."""
        if self._origin is None:
            self._origin = (time.monotonic(), stamp_ns)
        wall, start_ns = self._origin
        due = wall + (stamp_ns - start_ns) / NANOSECONDS / self._rate
        while (left_s := due - time.monotonic()) > 0:
            self._player.tick(stamp_ns - round(left_s * self._rate * NANOSECONDS))
            if self._stop.wait(min(left_s, self._tick_s)):
                return False
        self._player.tick(stamp_ns)
        self._player.report.latest_s = max(self._player.report.latest_s, -left_s)
        return not self._stop.is_set()


class Playback:
    """The job: wait for subscribers, play once or for ever, report."""

    def __init__(self, bag: BagReader, options: argparse.Namespace) -> None:
        """Remember what to play and how."""
        self._bag = bag
        self._options = options

    def __call__(self, node: BagPlayer, stop: StopSignal) -> int:
        """Play and print the report.

        Returns:
            The exit code: 2 where messages that the bag has could not be sent.

        Raises:
            ConfigError: subscribers were awaited and did not come.
            BagError: the bag can't be read on, or holds nothing; what came before was sent.
        """
        if not self._wait_for_subscribers(node, stop):
            return 0
        start = time.monotonic()
        try:
            while self._play_once(node, stop) and self._options.loop:
                continue
            node.wait_until_acknowledged()
        finally:
            node.report.duration_s = time.monotonic() - start
            node.tell_damage(*self._bag.warnings)
            say(node.report.dump())
        return USER_ERROR if node.report.lost else 0

    def _play_once(self, node: BagPlayer, stop: StopSignal) -> bool:
        clock = PlaybackClock(node, stop, self._options.rate, self._options.clock_hz)
        before = node.report.sent.copy()
        last_ns = None
        try:
            for message in read_ahead(self._bag, list(node.publishers_by_topic), stop):
                if not clock.wait_for(message.log_time_ns):
                    return False
                node.send(message)
                last_ns = message.log_time_ns
        finally:
            if not stop.is_set():
                node.count_lost(self._bag.topics, before)
        if stop.is_set():
            return False
        if last_ns is None:
            msg = f"{self._bag.path}: expected messages to play, got none; check the recording"
            raise BagError(msg)
        # The clock runs on, so that subscribers finish what waits by it.
        tail_ns = round(self._options.tail * self._options.rate * NANOSECONDS)
        return clock.wait_for(last_ns + tail_ns)

    def _wait_for_subscribers(self, node: BagPlayer, stop: StopSignal) -> bool:
        awaited = self._awaited(node)
        deadline = time.monotonic() + self._options.wait_timeout
        while unsubscribed := node.unsubscribed(awaited):
            if time.monotonic() > deadline:
                msg = (
                    f"nobody subscribed {unsubscribed} within {self._options.wait_timeout:g} s; "
                    "start the subscribers first, or leave out --wait"
                )
                raise ConfigError(msg)
            if stop.wait(POLL_S):
                return False
        return not stop.wait(self._options.delay)

    def _awaited(self, node: BagPlayer) -> list[str]:
        known = list(node.publishers_by_topic)
        if unknown := sorted(set(self._options.wait_for) - set(node.topics)):
            msg = f"--wait-for: expected some of {list(node.topics)}, got {unknown}"
            raise ConfigError(msg)
        return known if self._options.wait else list(self._options.wait_for)


def read_ahead(bag: BagReader, topics: Sequence[str], stop: StopSignal) -> Iterator[BagMessage]:
    """The messages of a bag, read on another thread so that the disk does not disturb the pace.

    Raises:
        BagError: the bag is damaged; after the messages before the damage. Any other error of
            the reading thread is raised as well: nobody waits for a thread that is dead.
    """
    queue: Queue[BagMessage | BaseException | None] = Queue(READ_AHEAD)

    def fill() -> None:
        # Bytes are played as they are; what ROS does not carry is among no player's topics.
        for message in bag.messages(topics, undecoded=topics):
            queue.put(message)
        queue.put(None)

    start_thread("read ahead", fill, queue.put)
    while not stop.is_set():
        try:
            item = queue.get(timeout=POLL_S)
        except Empty:
            continue
        if item is None:
            return
        if isinstance(item, BaseException):
            raise item
        yield item


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bag_player", description=__doc__)
    parser.add_argument("bag", help=".mcap file, folder, .db3 or ROS 1 .bag")
    parser.add_argument("--topics", nargs="+", default=[], help="play only these")
    parser.add_argument("--rate", type=positive_number, default=1.0, help="times real time")
    parser.add_argument("--loop", action="store_true", help="again and again until stopped")
    parser.add_argument("--clock", action="store_true", help="publish the bag's time on /clock")
    parser.add_argument("--clock-hz", type=positive_number, default=200.0, help="rate of /clock")
    parser.add_argument("--wait", action="store_true", help="wait until every topic is subscribed")
    parser.add_argument("--wait-for", nargs="+", default=[], help="wait until these are subscribed")
    parser.add_argument(
        "--wait-timeout", type=positive_number, default=30.0, help="at most (second)"
    )
    parser.add_argument(
        "--delay", type=number_from_zero, default=0.0, help="before the first message (second)"
    )
    parser.add_argument(
        "--tail", type=number_from_zero, default=0.0, help="the clock runs on so long (second)"
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Play a bag; the exit code is 2 where the user can mend what went wrong."""
    command_line: list[Any] = list(sys.argv if arguments is None else arguments)
    options = parse_own_arguments(_parser(), command_line)
    # A packed bag is unpacked before ROS is up.
    end_on_signals(signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    try:
        bag = BagReader(options.bag)
    except BagError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return USER_ERROR
    with bag:
        return run(
            lambda: BagPlayer(bag, options.topics, with_clock=options.clock),
            Playback(bag, options),
            command_line,
        )


if __name__ == "__main__":
    sys.exit(main())
