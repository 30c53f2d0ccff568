"""Recorded data made into bags, and what the command line makes of them.

The model names the brightest channel of each pixel, so that the label of every point can be
worked out from the picture alone.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from seg_perception.cli.main import app
from seg_perception.core.types import PointCloud, PointStatus
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.messages import Message
from seg_perception.io.pointcloud2 import decode_cloud

NETWORK_WIDTH, NETWORK_HEIGHT = 480, 192
SEEN = (PointStatus.LABELLED, PointStatus.OCCLUDED, PointStatus.UNCERTAIN)
Event = tuple[int, str, Message]


@dataclass(frozen=True)
class Outcome:
    """What a command did: its exit code, what it printed, the bag that it wrote."""

    code: int
    stdout: str
    stderr: str
    bag: Path

    @property
    def json(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.stdout)
        return document

    def messages(self, topic: str) -> list[Any]:
        with BagReader(self.bag) as bag:
            return [entry.message for entry in bag.messages({topic})]

    def clouds(self, topic: str) -> list[PointCloud]:
        return [decode_cloud(message) for message in self.messages(topic)]

    def points_in_view(self, sensor: str) -> int:
        """Points before a camera, hidden ones among them."""
        tally = self.json["points"][sensor]
        return sum(tally[status.name.lower()] for status in SEEN)


class CommandLine:
    """`seg-perception` in this process."""

    def __init__(self, bundle: Path) -> None:
        self.bundle = bundle

    def run(self, *arguments: object, bag: Path = Path()) -> Outcome:
        stdout, stderr = io.StringIO(), io.StringIO()
        with redirect_stdout(stdout), redirect_stderr(stderr), pytest.raises(SystemExit) as end:
            app([str(argument) for argument in arguments])
        return Outcome(int(end.value.code or 0), stdout.getvalue(), stderr.getvalue(), bag)

    def inspect(self, bag: Path) -> Outcome:
        return self.run("inspect", bag, "--json", bag=bag)

    def replay(self, bag: Path, output: Path, *settings: str) -> Outcome:
        chosen = [f"segmentation.bundle={self.bundle}", *settings]
        options = [option for setting in chosen for option in ("--set", setting)]
        return self.run("replay", bag, "-o", output, "--json", *options, bag=output)

    @staticmethod
    def brightest_channel(rgb: np.ndarray) -> np.ndarray:
        """What the model says of a picture, uint8 (192, 480)."""
        small = cv2.resize(rgb, (NETWORK_WIDTH, NETWORK_HEIGHT), interpolation=cv2.INTER_LINEAR)
        return small.argmax(axis=2).astype(np.uint8)


@pytest.fixture(scope="session")
def real(shared_data: Path) -> Path:
    """Recordings and samples of public data sets."""
    folder = shared_data / "real"
    if not folder.is_dir():
        pytest.skip(f"the recorded data is not at {folder}")
    return folder


@pytest.fixture(scope="session")
def command(tmp_path_factory: pytest.TempPathFactory, colour_model: Any) -> CommandLine:
    """The command line with a model whose labels can be worked out by hand."""
    folder = tmp_path_factory.mktemp("bundle")
    return CommandLine(colour_model.write(folder, NETWORK_WIDTH, NETWORK_HEIGHT, certain=True))


@pytest.fixture(scope="session")
def write_bag(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Iterable[Event]], Path]:
    """Writes events into a new bag; gives its path."""

    def write(name: str, events: Iterable[Event]) -> Path:
        path = tmp_path_factory.mktemp(name) / f"{name}.mcap"
        with BagWriter(path) as writer:
            for log_time_ns, topic, message in sorted(events, key=lambda event: event[0]):
                writer.write(topic, message, log_time_ns, latched=topic == "/tf_static")
        return path

    return write
