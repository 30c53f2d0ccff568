"""A graph of fixed shapes: batch 1, one size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import onnx


def graph_inputs(model: Any) -> list[Any]:
    """Inputs that somebody has to give: old files list their weights among them."""
    weights = {w.name for w in model.graph.initializer}
    return [info for info in model.graph.input if info.name not in weights]


def shape_of(info: Any) -> tuple[int, ...] | None:
    """Sizes of a tensor, 0 where the graph leaves one open; None where it tells no shape."""
    kind = info.type.tensor_type
    if not kind.HasField("shape"):
        return None
    return tuple(size.dim_value if size.HasField("dim_value") else 0 for size in kind.shape.dim)


def freeze(model: Any, shape: Sequence[int]) -> None:
    """Give the one input a fixed shape, and every other tensor what follows from it.

    Shapes that the file notes of other tensors go, since they may be those of another size.
    """
    (info,) = graph_inputs(model)
    kept = [w for w in model.graph.input if w.name == info.name]
    del model.graph.input[:]
    model.graph.input.extend(kept)
    set_shape(model.graph.input[0], shape)
    del model.graph.value_info[:]
    for output in model.graph.output:
        output.type.tensor_type.ClearField("shape")
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
    model.graph.CopyFrom(inferred.graph)
    model.ir_version = max(model.ir_version, 4)


def set_shape(info: Any, shape: Sequence[int]) -> None:
    """Write a fixed shape into a graph's input or output."""
    info.type.tensor_type.ClearField("shape")
    info.type.tensor_type.shape.SetInParent()
    for size in shape:
        info.type.tensor_type.shape.dim.add().dim_value = size


def opset_of(model: Any) -> int:
    """Version of ONNX's own operators; 0 where the file names none."""
    return max((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), default=0)
