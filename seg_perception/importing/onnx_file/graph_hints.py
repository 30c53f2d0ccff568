"""What the nodes at a graph's ends tell of pixels, probabilities and classes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from onnx import numpy_helper

from seg_perception.importing.onnx_file.answers import Activation
from seg_perception.importing.onnx_file.outputs import Output, producers
from seg_perception.inference.onnx.frozen import shape_of

_ENDS: dict[str, tuple[Activation, str]] = {
    "Softmax": ("none", "the graph ends in Softmax"),
    "Sigmoid": ("none", "the graph ends in Sigmoid"),
    "HardSigmoid": ("none", "the graph ends in HardSigmoid"),
    "LogSoftmax": ("softmax", "the graph ends in LogSoftmax"),
}
_COMPARISONS = ("Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Not")
_FIRST = ("Cast", "Transpose", "Identity")


def with_nodes(output: Output, model: Any) -> Output:
    """An output with what the nodes before it tell: activation of maps, number of classes."""
    nodes = list(producers(model, output.name))
    last = nodes[-1] if nodes else None
    kind = last.op_type if last is not None else ""
    if output.kind == "maps" and kind in _ENDS:
        activation, why = _ENDS[kind]
        return replace(output, activation=activation, why=why)
    if output.kind == "maps" and output.classes == 1:
        # A softmax over one class would be 1 everywhere.
        return replace(output, activation="sigmoid", why="there is one map")
    if output.kind == "labels" and kind == "ArgMax":
        return replace(output, classes=_reduced_size(model, last))
    if output.kind == "labels" and kind in _COMPARISONS:
        return replace(output, classes=2)
    return output


def first_arithmetic(model: Any, name: str) -> str:
    """What a graph does to its pixels first, such as `Div by 255`; empty where that is no sum."""
    weights = {w.name: w for w in model.graph.initializer}
    weights |= {
        node.output[0]: attribute.t
        for node in model.graph.node
        if node.op_type == "Constant"
        for attribute in node.attribute
        if attribute.name == "value"
    }
    while True:
        node = next((n for n in model.graph.node if name in n.input), None)
        if node is None:
            return ""
        if node.op_type in _FIRST:
            name = node.output[0]
            continue
        others = [weights[i] for i in node.input if i in weights]
        if node.op_type not in ("Sub", "Div", "Mul", "Add") or not others:
            return ""
        values = np.unique(np.round(numpy_helper.to_array(others[0]).astype(float), 4))[:3]
        word = {"Sub": "subtracts", "Div": "divides by", "Mul": "multiplies by", "Add": "adds"}
        return f"{word[node.op_type]} {', '.join(f'{v:g}' for v in values)}"


def _reduced_size(model: Any, node: Any) -> int | None:
    """How many values an ArgMax chooses from."""
    graph = model.graph
    known = [*graph.value_info, *graph.input, *graph.output]
    shape = next((shape_of(info) for info in known if info.name == node.input[0]), None)
    axis = next((a.i for a in node.attribute if a.name == "axis"), 0)
    return (shape[axis] or None) if shape and -len(shape) <= axis < len(shape) else None
