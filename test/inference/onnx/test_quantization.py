"""INT8 against numbers that numpy works out, whatever instructions this processor has."""

# ruff: noqa: E402  (onnx, which may be absent, is looked for first)
from __future__ import annotations

from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="quantisation needs onnx: install the extra [train]")
onnxruntime = pytest.importorskip("onnxruntime", reason="quantisation needs onnxruntime")

from onnx import TensorProto, helper, numpy_helper

from seg_perception.core.errors import EngineError
from seg_perception.inference.onnx.quantization import count_quantised, kept_in_float, quantize

HEIGHT, WIDTH = 4, 6
RNG = np.random.default_rng(3)
WEIGHTS = {
    "stem_w": RNG.normal(size=(4, 3, 1, 1)).astype(np.float32),
    "depth_w": RNG.normal(size=(4, 1, 1, 1)).astype(np.float32),
    "middle_w": (RNG.normal(size=(4, 4, 1, 1)) * [[[[1]]], [[[10]]], [[[0.1]]], [[[3]]]]).astype(
        np.float32
    ),
    "head_w": RNG.normal(size=(3, 4, 1, 1)).astype(np.float32),
}
FRAMES = [RNG.integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8) for _ in range(3)]


def model(*nodes: Any) -> bytes:
    graph = helper.make_graph(
        list(nodes),
        "four convolutions",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, [1, HEIGHT, WIDTH, 3])],
        [
            helper.make_tensor_value_info("labels", TensorProto.INT64, [1, HEIGHT, WIDTH]),
            helper.make_tensor_value_info("middle", TensorProto.FLOAT, [1, 4, HEIGHT, WIDTH]),
        ],
        [numpy_helper.from_array(value, name) for name, value in WEIGHTS.items()],
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(proto)
    return bytes(proto.SerializeToString())


def four_convolutions() -> bytes:
    return model(
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["float"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["planes", "stem_w"], ["stem"], name="stem"),
        helper.make_node("Conv", ["stem", "depth_w"], ["depth"], name="depth", group=4),
        helper.make_node("Conv", ["depth", "middle_w"], ["middle"], name="middle"),
        helper.make_node("Relu", ["middle"], ["positive"]),
        helper.make_node("Conv", ["positive", "head_w"], ["scores"], name="head"),
        helper.make_node("ArgMax", ["scores"], ["labels"], axis=1, keepdims=0),
    )


def run(proto: bytes, image: Any) -> Any:
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    session = onnxruntime.InferenceSession(proto, options, providers=["CPUExecutionProvider"])
    return session.run(["middle"], {"image": image[None]})[0][0]


def depth_of(image: Any) -> Any:
    """float64 (4, H, W): what the third convolution reads."""
    planes = image.astype(np.float64).transpose(2, 0, 1)
    stem = np.tensordot(WEIGHTS["stem_w"][:, :, 0, 0].astype(np.float64), planes, 1)
    return stem * WEIGHTS["depth_w"][:, :, 0, 0][:, :, None]


def rounded(values: Any, scale: Any) -> Any:
    return np.clip(np.round(values / scale), -128, 127) * scale


def test_stem_head_and_depthwise_convolutions_stay_in_float() -> None:
    graph = onnx.load_from_string(four_convolutions()).graph
    del graph.output[1]
    assert kept_in_float(graph) == {"stem", "depth", "head"}


def test_products_of_two_computed_tensors_stay_in_float() -> None:
    graph = onnx.load_from_string(four_convolutions()).graph
    attention = helper.make_node("MatMul", ["depth", "positive"], ["product"], name="attention")
    weighted = helper.make_node("MatMul", ["depth", "head_w"], ["other"], name="weighted")
    graph.node.extend([attention, weighted])
    kept = kept_in_float(graph)
    assert "attention" in kept
    assert "weighted" not in kept


def test_the_rest_is_rounded_as_numpy_rounds_it() -> None:
    """Symmetric; a scale for each output channel of the weights, and one for the input."""
    proto = onnx.load_from_string(four_convolutions())
    del proto.graph.output[1]
    quantised = quantize(proto.SerializeToString(), FRAMES)
    assert count_quantised(quantised) == 1
    shown = onnx.load_from_string(quantised)
    middle = helper.make_tensor_value_info("middle", TensorProto.FLOAT, [1, 4, HEIGHT, WIDTH])
    shown.graph.output.append(middle)

    weights = WEIGHTS["middle_w"][:, :, 0, 0].astype(np.float64)
    by_channel = rounded(weights, np.abs(weights).max(axis=1, keepdims=True) / 127)
    largest = max(np.abs(depth_of(image)).max() for image in FRAMES)
    image = FRAMES[1]
    expected = np.tensordot(by_channel, rounded(depth_of(image), largest / 127), 1)
    got = run(shown.SerializeToString(), image)
    np.testing.assert_allclose(got, expected, atol=2e-3 * np.abs(expected).max())
    exact = np.tensordot(weights, depth_of(image), 1)
    # It is the rounded product, and not the exact one.
    assert np.abs(got - exact).max() > 5 * np.abs(got - expected).max()


def test_zero_points_are_zero_as_tensorrt_wants_them() -> None:
    proto = onnx.load_from_string(four_convolutions())
    del proto.graph.output[1]
    graph = onnx.load_from_string(quantize(proto.SerializeToString(), FRAMES)).graph
    constants = {w.name: numpy_helper.to_array(w) for w in graph.initializer}
    pairs = [n for n in graph.node if n.op_type in ("QuantizeLinear", "DequantizeLinear")]
    assert len(pairs) == 4
    for node in pairs:
        assert constants[node.input[2]].dtype == np.int8
        assert not constants[node.input[2]].any()


def test_a_network_without_such_products_is_refused() -> None:
    proto = onnx.load_from_string(
        model(
            helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
            helper.make_node("Transpose", ["float"], ["planes"], perm=[0, 3, 1, 2]),
            helper.make_node("Conv", ["planes", "stem_w"], ["middle"], name="stem"),
            helper.make_node("ArgMax", ["middle"], ["labels"], axis=1, keepdims=0),
        )
    )
    with pytest.raises(EngineError, match="INT8: the network has no product that may be quant"):
        quantize(proto.SerializeToString(), FRAMES)
