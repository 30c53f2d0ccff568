"""Zeros around an image, added by the convolution that wants them.

TensorFlow pads a strided convolution on two sides only, which torch can say by a layer
of its own alone. The convolution of ONNX has a margin for each side; without the extra
layer nothing is copied, and runtimes keep their own memory layout across it.
"""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import GraphProto, NodeProto, helper, numpy_helper

from seg_perception.inference.onnx.graph import names_read


def fold_padding(model: bytes) -> bytes:
    """A model that computes the same, each zero padding before a convolution part of it.

    A padding stays where something else reads it, where it is not constant, and where it
    concerns more than height and width.
    """
    proto = onnx.load_from_string(model)
    graph = proto.graph
    constants = {w.name: numpy_helper.to_array(w) for w in graph.initializer}
    for pad in [node for node in graph.node if node.op_type == "Pad"]:
        margins, readers = _margins(pad, constants), _readers(graph, pad.output[0])
        if margins is None or not readers or not all(map(_takes_margins, readers)):
            continue
        for convolution in readers:
            _widen(convolution, margins)
            convolution.input[0] = pad.input[0]
        graph.node.remove(pad)
    _drop_unread(graph)
    return bytes(proto.SerializeToString())


def _margins(pad: NodeProto, constants: dict[str, NDArray[np.generic]]) -> list[int] | None:
    """Top, left, bottom, right; None where it is not a plain frame of zeros."""
    mode = next((a.s for a in pad.attribute if a.name == "mode"), b"constant")
    value = constants.get(pad.input[2]) if len(pad.input) > 2 and pad.input[2] else np.zeros(1)
    widths = constants.get(pad.input[1])
    axes_given = len(pad.input) > 3 and bool(pad.input[3])
    if mode != b"constant" or widths is None or value is None or axes_given or np.any(value):
        return None
    before, after = np.split(widths.astype(int), 2)
    if len(before) != 4 or before[:2].any() or after[:2].any() or widths.min() < 0:
        return None
    return [*before[2:].tolist(), *after[2:].tolist()]


def _readers(graph: GraphProto, name: str) -> list[NodeProto]:
    """Nodes that read a value; none where it leaves the graph."""
    if any(output.name == name for output in graph.output):
        return []
    return [node for node in graph.node if name in names_read([node])]


def _drop_unread(graph: GraphProto) -> None:
    """Constants that only the padding read."""
    read = set(names_read(graph.node))
    for constant in [w for w in graph.initializer if w.name not in read]:
        graph.initializer.remove(constant)


def _takes_margins(node: NodeProto) -> bool:
    automatic = next((a.s for a in node.attribute if a.name == "auto_pad"), b"NOTSET")
    return node.op_type == "Conv" and automatic == b"NOTSET"


def _widen(convolution: NodeProto, margins: list[int]) -> None:
    own = next((a for a in convolution.attribute if a.name == "pads"), None)
    before = list(own.ints) if own else [0, 0, 0, 0]
    if own:
        convolution.attribute.remove(own)
    sums = [a + b for a, b in zip(before, margins, strict=True)]
    convolution.attribute.append(helper.make_attribute("pads", sums))
