# ruff: noqa: E402  (onnx, which may be absent, is looked for first)
import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="graph passes need onnx: install the extra [train]")

from onnx import TensorProto, helper, numpy_helper

from seg_perception.inference.onnx.graph import keep_outputs


def model() -> bytes:
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        [
            helper.make_node("Add", ["x", "one"], ["sum"]),
            helper.make_node("Mul", ["sum", "two"], ["logits"]),
            helper.make_node("Relu", ["sum"], ["labels"]),
        ],
        "g",
        [info("x", TensorProto.FLOAT, [2])],
        [info(name, TensorProto.FLOAT, [2]) for name in ("labels", "logits")],
        [
            numpy_helper.from_array(np.ones(2, np.float32) * n, s)
            for s, n in (("one", 1), ("two", 2))
        ],
    )
    opsets = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()


def test_what_only_the_dropped_output_needed_goes_with_it() -> None:
    graph = onnx.load_from_string(keep_outputs(model(), ["labels"])).graph
    assert [output.name for output in graph.output] == ["labels"]
    assert [node.op_type for node in graph.node] == ["Add", "Relu"]
    assert [w.name for w in graph.initializer] == ["one"]


def test_an_output_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match="masks"):
        keep_outputs(model(), ["labels", "masks"])
