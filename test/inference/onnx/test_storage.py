# ruff: noqa: E402  (onnx, which may be absent, is looked for first)
import numpy as np
import onnxruntime
import pytest

onnx = pytest.importorskip("onnx", reason="graph passes need onnx: install the extra [train]")

from onnx import TensorProto, helper, numpy_helper

from seg_perception.inference.onnx.storage import halve_weights


def model(weights: np.ndarray, bias: np.ndarray) -> bytes:
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", "weights"], ["product"]),
            helper.make_node("Add", ["product", "bias"], ["y"]),
        ],
        "g",
        [info("x", TensorProto.FLOAT, [1, 64])],
        [info("y", TensorProto.FLOAT, [1, 64])],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(bias, "bias")],
    )
    opsets = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()


def test_large_weights_are_rounded_to_half_precision_and_small_ones_are_not() -> None:
    rng = np.random.default_rng(0)
    weights, bias = rng.normal(size=(64, 64)).astype(np.float32), np.full(64, 1e-9, np.float32)
    halved = halve_weights(model(weights, bias))
    onnx.checker.check_model(onnx.load_from_string(halved))
    assert len(halved) < 0.6 * len(model(weights, bias))
    x = rng.normal(size=(1, 64)).astype(np.float32)
    session = onnxruntime.InferenceSession(halved, providers=["CPUExecutionProvider"])
    want = x @ weights.astype(np.float16).astype(np.float32) + bias
    assert np.allclose(session.run(None, {"x": x})[0], want, atol=1e-5)
