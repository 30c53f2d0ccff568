"""Bytes in, labels and confidence out: what stands around a network, put into its graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from onnx import TensorProto, helper

from seg_perception.core.types import label_dtype
from seg_perception.inference.manifest import NetworkInput
from seg_perception.inference.onnx.frozen import opset_of
from seg_perception.inference.onnx.node_writer import NodeWriter, free_name, names_of

Activation = Literal["softmax", "sigmoid", "none"]
Layout = Literal["NCHW", "NHWC"]
_LARGEST_BYTE = 255.0


def put_normalisation_inside(model: Any, network: NetworkInput) -> str:
    """Let a graph take bytes, uint8 [1, H, W, 3] RGB.

    Args:
        model: its input takes floats; changed in place.
        network: what the host would do: layout, channels, scale, mean, std.

    Returns:
        The new input's name.
    """
    graph = model.graph
    image = free_name("image", names_of(graph))
    write = NodeWriter(graph, opset_of(model), "normalise")
    value = write.add("Cast", [image], to=TensorProto.FLOAT)
    if network.channels == "bgr":
        value = write.add("Gather", [value, write.constant([2, 1, 0], np.int64)], axis=3)
    value = write.add("Mul", [value, write.constant(np.divide(network.scale, network.std))])
    value = write.add("Sub", [value, write.constant(np.divide(network.mean, network.std))])
    if network.layout == "NCHW":
        value = write.add("Transpose", [value], perm=[0, 3, 1, 2])
    half = TensorProto.FLOAT16 if network.dtype == "float16" else TensorProto.FLOAT
    write.add("Cast", [value], network.name, to=half)
    _put_first(graph, write.nodes)
    shape = [1, network.height, network.width, 3]
    del graph.input[:]
    graph.input.append(helper.make_tensor_value_info(image, TensorProto.UINT8, shape))
    return image


def put_arg_max_inside(
    model: Any,
    name: str,
    shape: Sequence[int],
    size: tuple[int, int],
    layout: Layout,
    activation: Activation,
) -> tuple[str, str]:
    """Let a graph end in labels and confidence, as `reading.LogitsReader` finds them.

    The confidence is found at the maps' own size and enlarged then. One map alone is told
    from the background: the classes are two then.

    Args:
        model: changed in place; its other outputs go.
        name: of the maps, one a class.
        shape: theirs, of four sizes.
        size: width, height of the network.
        layout: where their classes stand.
        activation: what turns the winner's value into a confidence.

    Returns:
        Names of the labels, uint8 (int32 above 255 classes), and of the confidence, uint8;
        both [1, H, W].
    """
    graph = model.graph
    taken = names_of(graph)
    labels, confidence = free_name("labels", taken), free_name("confidence", taken)
    write = NodeWriter(graph, opset_of(model), "arg_max")
    maps = write.add("Cast", [name], to=TensorProto.FLOAT)
    if layout == "NHWC":
        maps = write.add("Transpose", [maps], perm=[0, 3, 1, 2])
    planes, own = _planes(shape, layout)
    if planes == 1:
        maps, planes = _with_background(write, maps, activation), 2
        activation = "none" if activation == "none" else "softmax"
    sure = _confidence(write, maps, activation)
    width, height = size
    if own != (height, width):
        sure = write.resize(sure, [1, 1, height, width])
        maps = write.resize(maps, [1, planes, height, width])
    kind = TensorProto.UINT8 if label_dtype(planes) == np.uint8 else TensorProto.INT32
    write.add("Cast", [write.add("ArgMax", [maps], axis=1, keepdims=0)], labels, to=kind)
    flat = write.add("Reshape", [sure, write.constant([1, height, width], np.int64)])
    scaled = write.add("Mul", [flat, write.constant(_LARGEST_BYTE)])
    write.add("Cast", [write.add("Round", [scaled])], confidence, to=TensorProto.UINT8)
    graph.node.extend(write.nodes)
    del graph.output[:]
    for output, dtype in ((labels, kind), (confidence, TensorProto.UINT8)):
        info = helper.make_tensor_value_info(output, dtype, [1, height, width])
        graph.output.append(info)
    return labels, confidence


def _planes(shape: Sequence[int], layout: Layout) -> tuple[int, tuple[int, int]]:
    """How many classes, and height and width."""
    if layout == "NCHW":
        return shape[1], (shape[2], shape[3])
    return shape[3], (shape[1], shape[2])


def _with_background(write: NodeWriter, maps: str, activation: Activation) -> str:
    """A second map before the one: what is left of a probability, or a score of 0."""
    if activation == "none":
        other = write.add("Sub", [write.constant(1.0), maps])
    else:
        other = write.add("Mul", [maps, write.constant(0.0)])
    return write.add("Concat", [other, maps], axis=1)


def _confidence(write: NodeWriter, maps: str, activation: Activation) -> str:
    """[1, 1, h, w], 0 to 1."""
    best = write.reduce("ReduceMax", maps, 1)
    if activation == "sigmoid":
        return write.add("Sigmoid", [best])
    if activation == "none":
        return write.add("Clip", [best, write.constant(0.0), write.constant(1.0)])
    shares = write.add("Exp", [write.add("Sub", [maps, best])])
    return write.add("Div", [write.constant(1.0), write.reduce("ReduceSum", shares, 1)])


def _put_first(graph: Any, nodes: Sequence[Any]) -> None:
    rest = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes, *rest])
