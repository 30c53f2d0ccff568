"""GridSample as gathers and sums: several versions of TensorRT compute the operator wrongly."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto

from seg_perception.inference.onnx.frozen import opset_of, shape_of
from seg_perception.inference.onnx.node_writer import NodeWriter
from seg_perception.inference.onnx.sample_modes import Cubic, Linear, Nearest, Tap
from seg_perception.inference.onnx.sample_paddings import Border, Reflection, Zeros

_MODES: dict[bytes, type[Nearest | Linear | Cubic]] = {
    b"nearest": Nearest,
    b"bilinear": Linear,
    b"linear": Linear,
    b"bicubic": Cubic,
    b"cubic": Cubic,
}
_PADDINGS: dict[bytes, type[Zeros | Border | Reflection]] = {
    b"zeros": Zeros,
    b"border": Border,
    b"reflection": Reflection,
}


def grid_samples(model: Any) -> list[Any]:
    """The nodes that sample."""
    return [node for node in model.graph.node if node.op_type == "GridSample"]


def can_gather(model: Any) -> str:
    """Why a model's GridSample nodes can't all be written as gathers; empty where they can."""
    shapes = _shapes(model)
    for node in grid_samples(model):
        mode, padding, _ = _settings(node)
        if mode not in _MODES or padding not in _PADDINGS:
            return f"{_name(node)}: mode {mode.decode()}, padding {padding.decode()}"
        for name in node.input[:2]:
            kind, shape = shapes.get(name, (0, ()))
            if kind != TensorProto.FLOAT or len(shape) != 4 or min(shape) < 1:
                return f"{_name(node)}: {name} is not float32 of four known sizes"
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
        mode, padding, self._aligned = _settings(node)
        self._neighbours = _MODES[mode](write).neighbours
        self._inside = _PADDINGS[padding](write, aligned=self._aligned).inside

    def make(self) -> None:
        write = self._write
        batch, channels, height, width = self._image
        points = self._grid[1] * self._grid[2]
        shape = write.constant([batch, channels, height * width], np.int64)
        self._flat = write.add("Reshape", [self._node.input[0], shape])
        self._index_shape = write.constant([batch, channels, points], np.int64)
        self._point_shape = write.constant([batch, 1, points], np.int64)
        columns, rows = self._taps(0, width), self._taps(1, height)
        total = ""
        for column, column_share in columns:
            for row, row_share in rows:
                value = self._weighted(column, column_share, row, row_share)
                total = write.add("Add", [total, value]) if total else value
        sizes = write.constant([batch, channels, *self._grid[1:3]], np.int64)
        write.add("Reshape", [total, sizes], self._node.output[0])

    def _taps(self, axis: int, size: int) -> list[Tap]:
        """The pixels to read, each inside, with their shares."""
        found = self._neighbours(self._places(axis, size))
        return [self._inside(pixel, share, size) for pixel, share in found]

    def _places(self, axis: int, size: int) -> str:
        """[N, 1, points], in pixels."""
        write = self._write
        chosen = write.add("Gather", [self._node.input[1], write.constant(axis, np.int64)], axis=3)
        places = write.add("Reshape", [chosen, self._point_shape])
        # -1 and 1 are the centres of the outer pixels, or the picture's edges.
        factor = (size - 1) / 2 if self._aligned else size / 2
        scaled = write.add("Mul", [places, write.constant(factor)])
        return write.add("Add", [scaled, write.constant((size - 1) / 2)])

    def _weighted(self, column: str, column_share: str, row: str, row_share: str) -> str:
        write = self._write
        lines = write.add("Mul", [row, write.constant(float(self._image[3]))])
        index = write.add("Cast", [write.add("Add", [lines, column])], to=TensorProto.INT64)
        spread = write.add("Expand", [index, self._index_shape])
        values = write.add("GatherElements", [self._flat, spread], axis=2)
        return write.add("Mul", [values, write.add("Mul", [column_share, row_share])])


def _name(node: Any) -> str:
    """Exporters may leave nodes without a name; what they make has one."""
    return str(node.name or node.output[0])


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
