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
from onnx import TensorProto, helper

from seg_perception.cli.main import app
from seg_perception.inference.bundle_writer import BundleSource, write_bundle
from seg_perception.inference.manifest import LabelsConfidenceOutput, NetworkInput
from seg_perception.io.bag import BagReader, BagWriter
from seg_perception.io.messages import Message
from seg_perception.io.pointcloud2 import decode_cloud
from seg_perception.ontology import Ontology
from seg_perception.types import PointCloud, PointStatus

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
def command(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """The command line with a model whose labels can be worked out by hand."""
    return CommandLine(_write_colour_bundle(tmp_path_factory.mktemp("bundle") / "colours"))


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


def _write_colour_bundle(folder: Path) -> Path:
    names = (("red", "#ff0000"), ("green", "#00ff00"), ("blue", "#0000ff"))
    classes = [{"id": n, "name": name, "color": color} for n, (name, color) in enumerate(names)]
    stripes = np.repeat(np.arange(3, dtype=np.uint8), NETWORK_WIDTH // 3)
    stripes = np.tile(stripes, (NETWORK_HEIGHT, 1))
    source = BundleSource(
        name="colours",
        version="1",
        ontology=Ontology.parse({"name": "colours", "classes": classes}, "test"),
        input=NetworkInput(width=NETWORK_WIDTH, height=NETWORK_HEIGHT),
        output=LabelsConfidenceOutput(kind="labels_confidence"),
        model=_brightest_channel_model(),
        licence="CC0-1.0",
        licence_text="No rights reserved.",
        golden=[(np.eye(3, dtype=np.uint8)[stripes] * 200, stripes)],
        opset=17,
    )
    write_bundle(folder, source)
    return folder


def _brightest_channel_model() -> bytes:
    """The label is the brightest channel; the confidence is full."""
    shape = [1, NETWORK_HEIGHT, NETWORK_WIDTH]
    nodes = [
        helper.make_node("Cast", ["image"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("ArgMax", ["pixels"], ["index"], axis=3, keepdims=0),
        helper.make_node("Cast", ["index"], ["labels"], to=TensorProto.UINT8),
        helper.make_node("Add", ["index", "rest"], ["full"]),
        helper.make_node("Sub", ["full", "index"], ["all"]),
        helper.make_node("Cast", ["all"], ["confidence"], to=TensorProto.UINT8),
    ]
    rest = helper.make_tensor("rest", TensorProto.INT64, [], [255])
    inputs = [helper.make_tensor_value_info("image", TensorProto.UINT8, [*shape, 3])]
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.UINT8, shape)
        for name in ("labels", "confidence")
    ]
    graph = helper.make_graph(nodes, "brightest", inputs, outputs, [rest])
    opsets = [helper.make_opsetid("", 17)]
    model: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    return model
