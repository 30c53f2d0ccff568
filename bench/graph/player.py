"""Plays a bag as `bag_player` does, and writes down when it sent each image and cloud."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from bench.graph.listener import stamp_of
from seg_perception.io.bag_message import BagMessage
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.messages import Image, PointCloud2
from seg_perception.ros.bag_player import Playback
from seg_perception.ros.bag_publishers import BagPlayer
from seg_perception.ros.runner import StopSignal, parse_own_arguments, run

_NOTED = (Image.type_name, PointCloud2.type_name)
_CLOCK_HZ = 100.0
_PATIENCE_S = 60.0


class NotingPlayer(BagPlayer):
    """A player that remembers.

    Attributes:
        sent: topic, stamp, moment of sending, and delay from stamp to log time (ns).
    """

    def __init__(self, bag: BagReader) -> None:
        """Advertise everything."""
        super().__init__(bag, (), with_clock=True)
        self.sent: list[tuple[str, int, int, int]] = []

    def send(self, message: BagMessage) -> None:
        """Publish one message."""
        at_ns = time.monotonic_ns()
        super().send(message)
        if message.type in _NOTED:
            stamp_ns = stamp_of(bytes(message.raw[:16]))
            delay_ns = message.log_time_ns - stamp_ns
            self.sent.append((message.topic, stamp_ns, at_ns, delay_ns))


def main() -> int:
    """Play once."""
    parser = argparse.ArgumentParser(prog="player", description=__doc__)
    parser.add_argument("bag")
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--wait-for", nargs="+", required=True)
    parser.add_argument("--delay", type=float, default=2.0)
    parser.add_argument("--tail", type=float, default=2.0)
    options = parse_own_arguments(parser, sys.argv)
    options.__dict__.update(rate=1.0, loop=False, wait=False, clock_hz=_CLOCK_HZ)
    options.wait_timeout = _PATIENCE_S
    with BagReader(options.bag) as bag:

        def job(node: Any, stop: StopSignal) -> int:
            code = Playback(bag, options)(node, stop)
            options.log.write_text(json.dumps(node.sent))
            return code

        return run(lambda: NotingPlayer(bag), job, sys.argv)


if __name__ == "__main__":
    sys.exit(main())
