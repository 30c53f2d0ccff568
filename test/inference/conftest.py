"""Tiny ONNX models whose labels can be worked out by hand, as bundles."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from seg_perception.core.ontology import Ontology
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.bundle_writer import BundleSource, write_bundle
from seg_perception.inference.manifest import (
    LogitsOutput,
    NetworkInput,
)

WIDTH, HEIGHT = 16, 8
CLASSES = 3


def ontology(count: int = CLASSES) -> Ontology:
    classes = [{"id": n, "name": f"class_{n}", "color": f"#{n:06x}"} for n in range(count)]
    return Ontology.parse({"name": "tiny", "classes": classes}, "test")


def model_bytes(nodes: list[Any], inputs: list[Any], outputs: list[Any], **constants: Any) -> bytes:
    weights = [numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items()]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def pooled_logits_model(name: str) -> bytes:
    """float32 NCHW in; the logits are the normalised channels at half the size."""
    node = helper.make_node("AveragePool", [name], ["logits"], kernel_shape=[2, 2], strides=[2, 2])
    full, half = [1, 3, HEIGHT, WIDTH], [1, 3, HEIGHT // 2, WIDTH // 2]
    return model_bytes(
        [node],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, full)],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, half)],
    )


Stripes = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def red_green_blue() -> Stripes:
    labels = np.repeat(np.array([0, 1, 2], np.uint8), [5, 6, 5])[None].repeat(HEIGHT, 0)
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    np.put_along_axis(image, labels[..., None].astype(np.int64), 200, axis=2)
    return image, labels


@pytest.fixture
def stripes() -> Stripes:
    """Columns 0-4 red, 5-10 green, 11-15 blue (200 of 255); and their labels."""
    return red_green_blue()


@pytest.fixture
def native(colour_model: Any) -> BundleSource:
    """A model in the project's own form, with one golden frame."""
    source: BundleSource = colour_model.source(WIDTH, HEIGHT)
    return replace(source, ontology=ontology(), notice="For tests only.", golden=[red_green_blue()])


@pytest.fixture
def foreign(native: BundleSource) -> BundleSource:
    """float32 NCHW in, logits at half the size out, no golden frames."""
    network = NetworkInput(
        name="pixel_values", width=WIDTH, height=HEIGHT, dtype="float32", layout="NCHW"
    )
    return replace(
        native,
        input=network,
        output=LogitsOutput(kind="logits"),
        model=pooled_logits_model(network.name),
        golden=[],
    )


class MakeBundle(Protocol):
    """Writes the native bundle, or another source, with changes."""

    def __call__(self, source: BundleSource | None = None, **changes: Any) -> Bundle: ...


@pytest.fixture
def make_bundle(tmp_path: Path, native: BundleSource) -> MakeBundle:
    """Write a bundle into `tmp_path / "tiny"`."""

    def make(source: BundleSource | None = None, **changes: Any) -> Bundle:
        return write_bundle(tmp_path / "tiny", replace(source or native, **changes))

    return make
