"""Operations and bytes of small graphs, by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from seg_perception.inference.onnx.cost import count_cost


def write(tmp_path: Path, node: Any, shapes: dict[str, list[int]], out: list[int]) -> Path:
    names = [name for name in node.input if name in shapes]
    weights = [n for n in node.input if n.startswith("w")]
    tensors = [numpy_helper.from_array(np.zeros(shapes[n], np.float32), n) for n in weights]
    info = helper.make_tensor_value_info
    inputs = [info(n, TensorProto.FLOAT, shapes[n]) for n in names if n not in weights]
    graph = helper.make_graph([node], "one", inputs, [info("y", TensorProto.FLOAT, out)], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    file = tmp_path / "model.onnx"
    onnx.save(model, str(file))
    return file


@pytest.mark.parametrize(
    ("node", "shapes", "out", "multiply_adds", "numbers"),
    [
        # 4 x 6 x 6 results of 3 x 3 x 3 products each; 192 + 108 + 144 numbers.
        (
            helper.make_node("Conv", ["x", "w"], ["y"]),
            {"x": [1, 3, 8, 8], "w": [4, 3, 3, 3]},
            [1, 4, 6, 6],
            4 * 36 * 27,
            192 + 108 + 144,
        ),
        # Two groups: 4 x 36 results of 1 x 9 products.
        (
            helper.make_node("Conv", ["x", "w"], ["y"], group=2),
            {"x": [1, 2, 8, 8], "w": [4, 1, 3, 3]},
            [1, 4, 6, 6],
            4 * 36 * 9,
            128 + 36 + 144,
        ),
        # 3 x 4 x 4 values, each into 5 x 2 x 2.
        (
            helper.make_node("ConvTranspose", ["x", "w"], ["y"], strides=[2, 2]),
            {"x": [1, 3, 4, 4], "w": [3, 5, 2, 2]},
            [1, 5, 8, 8],
            48 * 20,
            48 + 60 + 320,
        ),
        (
            helper.make_node("MatMul", ["x", "w"], ["y"]),
            {"x": [2, 5, 7], "w": [7, 3]},
            [2, 5, 3],
            2 * 5 * 3 * 7,
            70 + 21 + 30,
        ),
        (
            helper.make_node("Gemm", ["x", "w"], ["y"], transA=1),
            {"x": [7, 5], "w": [7, 3]},
            [5, 3],
            5 * 3 * 7,
            35 + 21 + 15,
        ),
        (
            helper.make_node("Einsum", ["x", "w"], ["y"], equation="bqc,bchw->bqhw"),
            {"x": [1, 6, 8], "w": [1, 8, 3, 5]},
            [1, 6, 3, 5],
            6 * 8 * 15,
            48 + 120 + 90,
        ),
        (helper.make_node("Relu", ["x"], ["y"]), {"x": [9]}, [9], 0, 18),
    ],
)
def test_counts(
    tmp_path: Path,
    node: Any,
    shapes: dict[str, list[int]],
    out: list[int],
    multiply_adds: int,
    numbers: int,
) -> None:
    cost = count_cost(write(tmp_path, node, shapes, out))
    assert cost.operations == 2 * multiply_adds
    assert cost.traffic_bytes == 4 * numbers
