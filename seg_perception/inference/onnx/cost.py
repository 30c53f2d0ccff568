"""How many operations a network needs for one frame, and how many bytes at least."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx


@dataclass(frozen=True)
class Cost:
    """Of one frame.

    Attributes:
        operations: of matrix products and convolutions, a multiply-add being two.
        traffic_bytes: weights, inputs and outputs, each moved once.
    """

    operations: float
    traffic_bytes: float


def count_cost(file: Path) -> Cost:
    """Count what a graph of fixed shapes needs; operators beyond products are left out.

    Raises:
        OSError: the file, or one with its weights, can't be read.
        ValueError: a product's shapes are not known.
    """
    model = onnx.load(str(file))
    inferred = onnx.shape_inference.infer_shapes(model).graph
    shapes = {w.name: tuple(w.dims) for w in inferred.initializer}
    for info in [*inferred.value_info, *inferred.input, *inferred.output]:
        shapes[info.name] = tuple(d.dim_value for d in info.type.tensor_type.shape.dim)
    operations = sum(2 * _multiply_adds(node, shapes) for node in inferred.node)
    weights = sum(_bytes(w.data_type, w.dims) for w in inferred.initializer)
    ends = [*inferred.input, *inferred.output]
    moved = sum(_bytes(i.type.tensor_type.elem_type, shapes[i.name]) for i in ends)
    return Cost(operations, weights + moved)


def _multiply_adds(node: Any, shapes: dict[str, tuple[int, ...]]) -> int:
    if node.op_type == "Conv":
        weight = _known(node.input[1], shapes)
        return math.prod(_known(node.output[0], shapes)) * math.prod(weight[1:])
    if node.op_type == "ConvTranspose":
        weight = _known(node.input[1], shapes)
        return math.prod(_known(node.input[0], shapes)) * math.prod(weight[1:])
    if node.op_type in ("MatMul", "Gemm"):
        first = _known(node.input[0], shapes)
        transposed = any(a.name == "transA" and a.i for a in node.attribute)
        inner = first[0] if transposed else first[-1]
        return math.prod(_known(node.output[0], shapes)) * inner
    if node.op_type == "Einsum":
        return _einsum(node, shapes)
    return 0


def _einsum(node: Any, shapes: dict[str, tuple[int, ...]]) -> int:
    """The product of the sizes of all its letters."""
    equation = next(a.s.decode() for a in node.attribute if a.name == "equation")
    terms = equation.replace(" ", "").partition("->")[0].split(",")
    sizes: dict[str, int] = {}
    for term, name in zip(terms, node.input, strict=True):
        sizes.update(zip(term, _known(name, shapes), strict=True))
    return math.prod(sizes.values())


def _known(name: str, shapes: dict[str, tuple[int, ...]]) -> tuple[int, ...]:
    shape = shapes.get(name)
    if shape is None or 0 in shape:
        msg = f"tensor {name}: expected a fixed shape, got {shape}"
        raise ValueError(msg)
    return shape


def _bytes(kind: int, shape: Any) -> int:
    return int(math.prod(shape) * onnx.helper.tensor_dtype_to_np_dtype(kind).itemsize)
