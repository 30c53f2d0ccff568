"""Hears the results in a process of its own: when each came, and the labels of clouds.

Touches a file when every topic has its publisher; writes what it heard when it is told to stop.
"""

from __future__ import annotations

import argparse
import json
import struct
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rclpy.node import Node

from seg_perception.core.types import NANOSECONDS
from seg_perception.io.interfaces import shipped_types
from seg_perception.io.messages import Image, PointCloud2
from seg_perception.io.pointcloud2 import decode_cloud
from seg_perception.ros.conversions import message_class
from seg_perception.ros.qos import output_profile
from seg_perception.ros.runner import StopSignal, parse_own_arguments, run

DEPTH = 100
READY = "ready"
_POLL_S = 0.1
_STAMP_AT = 4  # behind the encapsulation of CDR stands the header with its stamp


class Listener(Node):
    """Reads serialised messages: what it costs is the same for every system."""

    def __init__(self, images: list[str], clouds: list[str]) -> None:
        """Subscribe."""
        super().__init__("listener")
        self.heard: list[tuple[str, int, int]] = []
        self.labels: dict[str, Any] = {}
        self._topics = [*images, *clouds]
        for topics, kind, take in (
            (images, Image.type_name, self._take),
            (clouds, PointCloud2.type_name, self._take_cloud),
        ):
            for topic in topics:
                callback = partial(take, topic)
                profile = output_profile(DEPTH)
                self.create_subscription(message_class(kind), topic, callback, profile, raw=True)

    @property
    def everybody_is_there(self) -> bool:
        """Whether every topic has its publisher."""
        return all(self.count_publishers(topic) for topic in self._topics)

    def write(self, folder: Path) -> None:
        """Leave everything in two files."""
        (folder / "heard.json").write_text(json.dumps(self.heard))
        np.savez(folder / "labels.npz", **self.labels)

    def _take(self, topic: str, data: bytes) -> int:
        at_ns = time.monotonic_ns()
        stamp_ns = stamp_of(data)
        self.heard.append((topic, stamp_ns, at_ns))
        return stamp_ns

    def _take_cloud(self, topic: str, data: bytes) -> None:
        stamp_ns = self._take(topic, data)
        message = shipped_types().deserialize_cdr(memoryview(data), PointCloud2.type_name)
        self.labels[str(stamp_ns)] = decode_cloud(message).points["label"].astype(np.uint8)


def stamp_of(data: bytes) -> int:
    """The stamp of a serialised message that begins with a header (ns)."""
    sec, nanosec = struct.unpack_from("<iI", data, _STAMP_AT)
    return int(sec) * NANOSECONDS + int(nanosec)


def main() -> int:
    """Listen until SIGTERM."""
    parser = argparse.ArgumentParser(prog="listener", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--images", nargs="*", default=[])
    parser.add_argument("--clouds", nargs="*", default=[])
    options = parse_own_arguments(parser, sys.argv)
    shipped_types()

    def job(node: Listener, stop: StopSignal) -> int:
        while not stop.wait(_POLL_S) and not node.everybody_is_there:
            continue
        (options.folder / READY).touch()
        stop.wait()
        return 0

    def finish(node: Listener) -> None:
        node.write(options.folder)
        print(json.dumps({"heard": len(node.heard)}), flush=True)

    return run(lambda: Listener(options.images, options.clouds), job, sys.argv, finish)


if __name__ == "__main__":
    sys.exit(main())
