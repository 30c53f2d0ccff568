# ruff: noqa: E402  (onnx, which may be absent, is looked for first)
import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="graph passes need onnx: install the extra [train]")
onnxruntime = pytest.importorskip("onnxruntime", reason="the graphs are run in onnxruntime")

from onnx import TensorProto, helper, numpy_helper

from seg_perception.core.errors import EngineError
from seg_perception.inference.onnx.precision import count_islands, emulate_precision, to_precision

RNG = np.random.default_rng(0)
WEIGHT = RNG.standard_normal((8, 8)).astype(np.float32)
KERNEL = RNG.standard_normal((2, 1, 3, 3)).astype(np.float32)
BIAS = np.array([0.5, -0.5], np.float32)


def attention(weight: np.ndarray = WEIGHT) -> bytes:
    """Product with a weight, softmax, product of two computed tensors, a convolution, its sum."""
    nodes = [
        helper.make_node("MatMul", ["x", "weight"], ["keys"]),
        helper.make_node("Softmax", ["keys"], ["shares"]),
        helper.make_node("MatMul", ["shares", "keys"], ["read"]),
        helper.make_node("Unsqueeze", ["read", "axes"], ["map"]),
        helper.make_node("Conv", ["map", "kernel", "bias"], ["maps"], pads=[1] * 4),
        helper.make_node("ReduceSum", ["maps"], ["total"], keepdims=0),
    ]
    info = helper.make_tensor_value_info
    weights = {"weight": weight, "kernel": KERNEL, "bias": BIAS, "axes": np.array([0, 1])}
    graph = helper.make_graph(
        nodes,
        "attention",
        [info("x", TensorProto.FLOAT, [8, 8])],
        [info("maps", TensorProto.FLOAT, [1, 2, 8, 8]), info("total", TensorProto.FLOAT, [])],
        [numpy_helper.from_array(v, name) for name, v in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return model.SerializeToString()


def run(model: bytes) -> np.ndarray:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    x = np.random.default_rng(1).standard_normal((8, 8)).astype(np.float32)
    return session.run(["maps"], {"x": x})[0]


def types_of(model: bytes) -> dict[str, set[int]]:
    """Element types of what each operator reads."""
    graph = onnx.shape_inference.infer_shapes(onnx.load_from_string(model)).graph
    typed = {
        i.name: i.type.tensor_type.elem_type
        for i in [*graph.value_info, *graph.input, *graph.output]
    }
    typed |= {w.name: w.data_type for w in graph.initializer}
    found: dict[str, set[int]] = {}
    for node in graph.node:
        found.setdefault(node.op_type, set()).update(typed[name] for name in node.input if name)
    return found


@pytest.mark.parametrize(
    ("precision", "islands"), [("fp16_islands", 3), ("fp16_islands_fp32_attention", 2)]
)
def test_only_products_and_convolutions_take_half_precision(precision, islands) -> None:
    changed = to_precision(attention(), precision)
    onnx.checker.check_model(changed, full_check=True)
    assert count_islands(changed) == islands
    types = types_of(changed)
    assert types["Conv"] == {TensorProto.FLOAT16}
    assert types["Softmax"] == types["ReduceSum"] == {TensorProto.FLOAT}
    assert run(changed) == pytest.approx(run(attention()), abs=0.02)


def test_half_weights_are_half_the_bytes() -> None:
    graph = onnx.load_from_string(to_precision(attention(), "fp16_islands")).graph
    assert {w.name: w.data_type for w in graph.initializer if w.data_type != TensorProto.INT64} == {
        f"{name}_island": TensorProto.FLOAT16 for name in ("weight", "kernel", "bias")
    }


def test_a_product_that_follows_a_product_takes_its_result_as_it_is() -> None:
    changed = onnx.load_from_string(to_precision(attention(), "fp16_islands")).graph
    read = next(n for n in changed.node if n.op_type == "MatMul" and "read" in n.output[0])
    assert read.input[1] == "keys_from_island"


def test_bfloat16_is_for_matrix_products() -> None:
    changed = to_precision(attention(), "bf16_islands")
    onnx.checker.check_model(changed, full_check=True)
    assert types_of(changed)["MatMul"] == {TensorProto.BFLOAT16}
    assert types_of(changed)["Conv"] == {TensorProto.FLOAT}
    weight = next(w for w in onnx.load_from_string(changed).graph.initializer if "weight" in w.name)
    # Eight bits of significand: half a unit is 1/512 of the value.
    assert numpy_helper.to_array(weight).astype(np.float32) == pytest.approx(WEIGHT, rel=2**-8)


def test_fp32_is_the_model_as_it_is() -> None:
    model = attention()
    assert to_precision(model, "fp32") is model


def test_a_weight_beyond_half_precision_is_named() -> None:
    large = WEIGHT.copy()
    large[3, 3] = 1e5
    with pytest.raises(EngineError, match=r"weight weight reaches 1e\+05.*use fp32 or bf16"):
        to_precision(attention(large), "fp16_islands")


@pytest.mark.parametrize(
    ("precision", "rounded"),
    [
        ("fp16_islands", lambda v: v.astype(np.float16).astype(np.float32)),
        ("bf16_islands", lambda v: numpy_helper.to_array(bfloat(v)).astype(np.float32)),
    ],
)
def test_emulated_islands_round_inputs_weights_and_results(precision, rounded) -> None:
    node = helper.make_node("MatMul", ["x", "weight"], ["y"])
    info = helper.make_tensor_value_info
    weight = numpy_helper.from_array(WEIGHT, "weight")
    ends = [info(name, TensorProto.FLOAT, [8, 8]) for name in ("x", "y")]
    graph = helper.make_graph([node], "product", ends[:1], ends[1:], [weight])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    emulated = emulate_precision(model.SerializeToString(), precision)
    session = onnxruntime.InferenceSession(emulated, providers=["CPUExecutionProvider"])
    x = np.random.default_rng(1).standard_normal((8, 8)).astype(np.float32)
    got = session.run(["y"], {"x": x})[0]
    want = rounded(rounded(x) @ rounded(WEIGHT))
    # Sums in another order may round to the neighbour.
    assert got == pytest.approx(want, rel=2**-7 if "bf16" in precision else 2**-10, abs=1e-6)
    assert (got == want).mean() > 0.9
    assert np.array_equal(rounded(got), got)


def bfloat(values: np.ndarray):
    return helper.make_tensor("v", TensorProto.BFLOAT16, values.shape, values.ravel())


def test_emulated_half_precision_overflows() -> None:
    node = helper.make_node("MatMul", ["x", "weight"], ["y"])
    info = helper.make_tensor_value_info
    weight = numpy_helper.from_array(np.full((1, 1), 300, np.float32), "weight")
    ends = [info(name, TensorProto.FLOAT, [1, 1]) for name in ("x", "y")]
    graph = helper.make_graph([node], "product", ends[:1], ends[1:], [weight])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    emulated = emulate_precision(model.SerializeToString(), "fp16_islands")
    session = onnxruntime.InferenceSession(emulated, providers=["CPUExecutionProvider"])
    for x, want in ((200.0, 60000.0), (300.0, np.inf), (-300.0, -np.inf)):
        assert session.run(["y"], {"x": np.full((1, 1), x, np.float32)})[0] == want


def quantised() -> bytes:
    """A quantised convolution (QDQ at input, weights and result), and one in float after it."""
    scale, zero = np.float32(0.02), np.int8(0)
    kernel = np.ones((2, 2, 3, 3), np.float32)
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["x_q"]),
        helper.make_node("DequantizeLinear", ["x_q", "scale", "zero"], ["x_dq"]),
        helper.make_node("DequantizeLinear", ["kernel_q", "scale", "zero"], ["kernel_dq"]),
        helper.make_node("Conv", ["x_dq", "kernel_dq"], ["first"], pads=[1] * 4),
        helper.make_node("QuantizeLinear", ["first", "scale", "zero"], ["first_q"]),
        helper.make_node("DequantizeLinear", ["first_q", "scale", "zero"], ["first_dq"]),
        helper.make_node("Relu", ["first_dq"], ["positive"]),
        helper.make_node("Conv", ["positive", "kernel"], ["maps"], pads=[1] * 4),
    ]
    info = helper.make_tensor_value_info
    constants = {
        "scale": scale,
        "zero": zero,
        "kernel": kernel,
        "kernel_q": np.ones((2, 2, 3, 3), np.int8),
    }
    graph = helper.make_graph(
        nodes,
        "qdq",
        [info("x", TensorProto.FLOAT, [1, 2, 8, 8])],
        [info("maps", TensorProto.FLOAT, [1, 2, 8, 8])],
        [numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return model.SerializeToString()


def test_what_is_quantised_stays_as_it_is() -> None:
    changed = onnx.load_from_string(to_precision(quantised(), "fp16_islands")).graph
    first, second = [n for n in changed.node if n.op_type == "Conv"]
    assert list(first.input) == ["x_dq", "kernel_dq"]
    assert first.output[0] == "first"
    assert [n.input[0] for n in changed.node if n.op_type == "QuantizeLinear"] == ["x", "first"]
    assert list(second.input) == ["positive_island", "kernel_island"]
