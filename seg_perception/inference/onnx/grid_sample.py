"""GridSample as gathers and sums: several versions of TensorRT compute the operator wrongly."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto

from seg_perception.inference.onnx.frozen import opset_of, shape_of
from seg_perception.inference.onnx.node_writer import NodeWriter

_BILINEAR = (b"bilinear", b"linear")
_PADDINGS = (b"zeros", b"border")


def grid_samples(model: Any) -> list[Any]:
    """The nodes that sample."""
    return [node for node in model.graph.node if node.op_type == "GridSample"]


def can_gather(model: Any) -> str:
    """Why a model's GridSample nodes can't all be written as gathers; empty where they can."""
    shapes = _shapes(model)
    for node in grid_samples(model):
        mode, padding, _ = _settings(node)
        if mode not in _BILINEAR or padding not in _PADDINGS:
            return f"{node.name}: mode {mode.decode()}, padding {padding.decode()}"
        for name in node.input[:2]:
            kind, shape = shapes.get(name, (0, ()))
            if kind != TensorProto.FLOAT or len(shape) != 4 or min(shape) < 1:
                return f"{node.name}: {name} is not float32 of four known sizes"
    return ""


def gather_samples(model: Any) -> None:
    """Write every GridSample as gathers, in place; `can_gather` says whether that is possible."""
    shapes = _shapes(model)
    nodes: list[Any] = []
    for number, node in enumerate(list(model.graph.node)):
        if node.op_type != "GridSample":
            nodes.append(node)
            continue
        write = NodeWriter(model.graph, opset_of(model), f"sample_{number}")
        image, grid = (shapes[name][1] for name in node.input[:2])
        _Sampling(write, node, image, grid).make()
        nodes += write.nodes
    del model.graph.node[:]
    model.graph.node.extend(nodes)


class _Sampling:
    """One node: (N, C, H, W) at (N, h, w, 2) places becomes (N, C, h, w)."""

    def __init__(
        self, write: NodeWriter, node: Any, image: tuple[int, ...], grid: tuple[int, ...]
    ) -> None:
        self._write = write
        self._node = node
        self._image = image
        self._grid = grid
        _, self._padding, self._aligned = _settings(node)

    def make(self) -> None:
        write = self._write
        batch, channels, height, width = self._image
        points = self._grid[1] * self._grid[2]
        shape = write.constant([batch, channels, height * width], np.int64)
        self._flat = write.add("Reshape", [self._node.input[0], shape])
        self._index_shape = write.constant([batch, channels, points], np.int64)
        self._point_shape = write.constant([batch, 1, points], np.int64)
        columns, rows = self._places(0, width), self._places(1, height)
        total = ""
        for column, column_share in self._neighbours(columns, width):
            for row, row_share in self._neighbours(rows, height):
                value = self._weighted(column, column_share, row, row_share)
                total = write.add("Add", [total, value]) if total else value
        sizes = write.constant([batch, channels, *self._grid[1:3]], np.int64)
        write.add("Reshape", [total, sizes], self._node.output[0])

    def _places(self, axis: int, size: int) -> str:
        """[N, 1, points], in pixels."""
        write = self._write
        chosen = write.add("Gather", [self._node.input[1], write.constant(axis, np.int64)], axis=3)
        places = write.add("Reshape", [chosen, self._point_shape])
        # -1 and 1 are the centres of the outer pixels, or the picture's edges.
        factor, offset = ((size - 1) / 2, (size - 1) / 2)
        if not self._aligned:
            factor = size / 2
        scaled = write.add("Mul", [places, write.constant(factor)])
        pixels = write.add("Add", [scaled, write.constant(offset)])
        if self._padding == b"border":
            return self._clipped(pixels, size - 1)
        # What lies further out is zero anyway, and stays a number that an index can hold.
        return write.add("Clip", [pixels, write.constant(-2.0), write.constant(size + 1.0)])

    def _neighbours(self, places: str, size: int) -> list[tuple[str, str]]:
        """The pixels before and after a place, with their shares."""
        write = self._write
        before = write.add("Floor", [places])
        after = write.add("Add", [before, write.constant(1.0)])
        share = write.add("Sub", [places, before])
        rest = write.add("Sub", [write.constant(1.0), share])
        return [self._inside(before, rest, size), self._inside(after, share, size)]

    def _inside(self, pixel: str, share: str, size: int) -> tuple[str, str]:
        """A pixel that exists, and its share: none of one that does not."""
        write = self._write
        clipped = self._clipped(pixel, size - 1)
        same = write.add("Cast", [write.add("Equal", [clipped, pixel])], to=TensorProto.FLOAT)
        return clipped, write.add("Mul", [share, same])

    def _clipped(self, value: str, largest: float) -> str:
        write = self._write
        return write.add("Clip", [value, write.constant(0.0), write.constant(float(largest))])

    def _weighted(self, column: str, column_share: str, row: str, row_share: str) -> str:
        write = self._write
        lines = write.add("Mul", [row, write.constant(float(self._image[3]))])
        index = write.add("Cast", [write.add("Add", [lines, column])], to=TensorProto.INT64)
        spread = write.add("Expand", [index, self._index_shape])
        values = write.add("GatherElements", [self._flat, spread], axis=2)
        return write.add("Mul", [values, write.add("Mul", [column_share, row_share])])


def _settings(node: Any) -> tuple[bytes, bytes, bool]:
    """Mode, padding, whether corners are aligned."""
    given = {a.name: a.s or a.i for a in node.attribute}
    mode, padding = given.get("mode", b"linear"), given.get("padding_mode", b"zeros")
    return mode, padding, bool(given.get("align_corners", 0))


def _shapes(model: Any) -> dict[str, tuple[int, tuple[int, ...]]]:
    """Type and shape by name."""
    graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    found = {
        info.name: (info.type.tensor_type.elem_type, shape_of(info) or ())
        for info in [*graph.value_info, *graph.input, *graph.output]
    }
    return found | {w.name: (w.data_type, tuple(w.dims)) for w in graph.initializer}
