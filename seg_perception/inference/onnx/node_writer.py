"""Adds nodes to a graph, in the form that its opset has for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from seg_perception.inference.onnx.graph import names_read

# From these versions on the axes of a reduction are an input; an attribute before.
_AXES_AS_INPUT = {"ReduceSum": 13, "ReduceMax": 18}
_RESIZE_WITHOUT_REGION = 13


class NodeWriter:
    """Collects nodes and constants whose names are free in a graph.

    Attributes:
        nodes: in order, to be put where they belong.
    """

    def __init__(self, graph: Any, opset: int, prefix: str) -> None:
        """Start empty; constants go to the graph at once."""
        self.nodes: list[Any] = []
        self._graph = graph
        self._opset = opset
        self._prefix = prefix
        self._taken = names_of(graph)

    def add(self, kind: str, inputs: Sequence[str], output: str = "", **attributes: Any) -> str:
        """One node; returns the name of what it makes."""
        name = output or self._free(kind)
        node = helper.make_node(kind, list(inputs), [name], name=name, **attributes)
        self.nodes.append(node)
        return name

    def constant(self, values: Any, dtype: Any = np.float32) -> str:
        """A constant; returns its name."""
        array: NDArray[Any] = np.asarray(values, dtype)
        name = self._free("constant")
        self._graph.initializer.append(numpy_helper.from_array(array, name))
        return name

    def reduce(self, kind: str, value: str, axis: int) -> str:
        """A reduction along one axis, which stays with size 1."""
        if self._opset >= _AXES_AS_INPUT[kind]:
            return self.add(kind, [value, self.constant([axis], np.int64)], keepdims=1)
        return self.add(kind, [value], axes=[axis], keepdims=1)

    def resize(self, value: str, shape: Sequence[int]) -> str:
        """Bilinear, half-pixel centres, to a shape of four sizes."""
        sizes = self.constant(shape, np.int64)
        empty = self.constant([]) if self._opset < _RESIZE_WITHOUT_REGION else ""
        return self.add("Resize", [value, empty, empty, sizes], mode="linear")

    def _free(self, word: str) -> str:
        name = free_name(f"{self._prefix}_{word.lower()}", self._taken)
        self._taken.add(name)
        return name


def names_of(graph: Any) -> set[str]:
    """Every tensor of a graph."""
    made = {name for node in graph.node for name in node.output}
    ends = {info.name for info in [*graph.input, *graph.output]}
    return made | ends | {w.name for w in graph.initializer} | set(names_read(graph.node))


def free_name(wanted: str, taken: set[str]) -> str:
    """A name, with a number where it is taken."""
    names = [wanted, *(f"{wanted}_{number}" for number in range(1, len(taken) + 2))]
    return next(name for name in names if name not in taken)
