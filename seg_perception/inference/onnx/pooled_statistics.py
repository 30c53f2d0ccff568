"""One more output of a graph: the means of a layer's channels on a coarse grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import onnx
from onnx import TensorProto, helper

from seg_perception.core.errors import EngineError
from seg_perception.inference.onnx.frozen import opset_of, shape_of
from seg_perception.inference.onnx.node_writer import NodeWriter, free_name, names_of

_STATISTICS = "statistics"
# About so many rows and columns of cells.
_ROWS, _COLUMNS = 3, 4
# So large a covariance is kept with the bundle.
_MOST_CHANNELS = 1024
Shape = tuple[int, int, int]


@dataclass(frozen=True)
class GraphWithStatistics:
    """A graph with one more output.

    Attributes:
        model: its bytes.
        layer: whose statistics they are.
        output: their name, float32 [1, C, rows, columns].
        shape: C, rows, columns.
    """

    model: bytes
    layer: str
    output: str
    shape: Shape


def with_statistics(model: bytes, layer: str = "") -> GraphWithStatistics:
    """Let a graph give the statistics of a layer, too.

    Args:
        model: a graph of fixed shapes, weights inside.
        layer: a tensor [1, C, h, w]; empty: what the last convolution reads.

    Raises:
        EngineError: there is no such tensor.
    """
    proto = onnx.load_from_string(model)
    maps = _maps(proto)
    chosen = layer or _before_classifier(proto.graph, maps)
    if chosen not in maps or maps[chosen][0] > _MOST_CHANNELS:
        raise EngineError(_no_such(chosen, maps))
    channels, height, width = maps[chosen]
    kernel = max(1, height // _ROWS), max(1, width // _COLUMNS)
    shape = channels, height // kernel[0], width // kernel[1]
    output = _append(proto, chosen, kernel, shape)
    return GraphWithStatistics(bytes(proto.SerializeToString()), chosen, output, shape)


def _append(proto: Any, layer: str, kernel: tuple[int, int], shape: Shape) -> str:
    graph = proto.graph
    output = free_name(_STATISTICS, names_of(graph))
    write = NodeWriter(graph, opset_of(proto), _STATISTICS)
    values = write.add("Cast", [layer], to=TensorProto.FLOAT)
    write.add("AveragePool", [values], output, kernel_shape=kernel, strides=kernel)
    graph.node.extend(write.nodes)
    graph.output.append(helper.make_tensor_value_info(output, TensorProto.FLOAT, [1, *shape]))
    return output


def _maps(proto: Any) -> dict[str, Shape]:
    """Channels, height and width of the tensors [1, C, h, w] of floats, in the graph's order."""
    graph = onnx.shape_inference.infer_shapes(proto, data_prop=True).graph
    floats = {
        info.name: shape_of(info) or ()
        for info in [*graph.value_info, *graph.output]
        if info.type.tensor_type.elem_type in (TensorProto.FLOAT, TensorProto.FLOAT16)
    }
    names = [name for node in graph.node for name in node.output]
    shapes = {name: floats.get(name, ()) for name in names}
    return {
        name: (shape[1], shape[2], shape[3])
        for name, shape in shapes.items()
        if len(shape) == 4 and shape[0] == 1 and 0 not in shape
    }


def _before_classifier(graph: Any, maps: dict[str, Shape]) -> str:
    """What the last convolution reads that stands in the graph; empty where there is none."""
    read = [node.input[0] for node in graph.node if node.op_type == "Conv"]
    return next((name for name in reversed(read) if name in maps), "")


def _no_such(layer: str, maps: dict[str, Shape]) -> str:
    known = [name for name, shape in maps.items() if shape[0] <= _MOST_CHANNELS]
    has = f"it has {', '.join(known[-6:])}" if known else "it has none"
    return (
        f"layer {layer!r}: expected a map [1, C, h, w] of the graph with at most {_MOST_CHANNELS} "
        f"channels; {has}"
    )
