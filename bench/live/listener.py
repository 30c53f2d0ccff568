"""Hears the results in a process of its own: the stamp and the moment of each."""

from __future__ import annotations

import argparse
import json
import sys
import time
from functools import partial
from pathlib import Path

from rclpy.node import Node

from bench.graph.listener import READY, stamp_of
from seg_perception.ros.conversions import message_class
from seg_perception.ros.qos import output_profile
from seg_perception.ros.runner import StopSignal, parse_own_arguments, run

_DEPTH, _POLL_S = 20, 0.1


class Listener(Node):
    """Reads serialised messages and looks at their stamps alone.

    Attributes:
        heard: topic, stamp and moment (ns, both of the machine's clock).
    """

    def __init__(self, topics: list[str]) -> None:
        """Subscribe: each is `TYPE:TOPIC`."""
        super().__init__("listener")
        self.heard: list[tuple[str, int, int]] = []
        self._topics = [topic.partition(":")[2] for topic in topics]
        for entry in topics:
            kind, _, topic = entry.partition(":")
            take = partial(self._take, topic)
            self.create_subscription(
                message_class(kind), topic, take, output_profile(_DEPTH), raw=True
            )

    @property
    def everybody_is_there(self) -> bool:
        """Whether every topic has its publisher."""
        return all(self.count_publishers(topic) for topic in self._topics)

    def _take(self, topic: str, data: bytes) -> None:
        self.heard.append((topic, stamp_of(data), time.time_ns()))


def main() -> int:
    """Listen until SIGTERM."""
    parser = argparse.ArgumentParser(prog="listener", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--topics", nargs="+", required=True)
    options = parse_own_arguments(parser, sys.argv)

    def job(node: Listener, stop: StopSignal) -> int:
        while not stop.wait(_POLL_S) and not node.everybody_is_there:
            continue
        (options.folder / READY).touch()
        stop.wait()
        return 0

    def finish(node: Listener) -> None:
        (options.folder / "heard.json").write_text(json.dumps(node.heard))
        print(json.dumps({"heard": len(node.heard)}), flush=True)

    return run(lambda: Listener(options.topics), job, sys.argv, finish)


if __name__ == "__main__":
    sys.exit(main())
