"""Zeros around an image become part of the convolution."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from seg_perception.inference.onnx.padding import fold_padding

ort = pytest.importorskip("onnxruntime")


def model(widths=(0, 0, 1, 0, 0, 0, 2, 1), mode="constant", value=0.0, *, leaves=False, own=None):
    """Pad, then a 3x3 convolution of stride 2, on (1, 2, 6, 8)."""
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(3, 2, 3, 3)).astype(np.float32)
    constants = [
        numpy_helper.from_array(np.array(widths, np.int64), "widths"),
        numpy_helper.from_array(np.float32(value), "value"),
        numpy_helper.from_array(weights, "weights"),
    ]
    nodes = [
        helper.make_node("Pad", ["x", "widths", "value"], ["padded"], mode=mode),
        helper.make_node("Conv", ["padded", "weights"], ["y"], strides=[2, 2], **(own or {})),
    ]
    outputs = ["y", "padded"] if leaves else ["y"]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2, 6, 8])],
        [helper.make_tensor_value_info(o, TensorProto.FLOAT, None) for o in outputs],
        constants,
    )
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()


def run(content):
    session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    x = np.random.default_rng(1).normal(size=(1, 2, 6, 8)).astype(np.float32)
    return session.run(["y"], {"x": x})[0]


def kinds(content):
    return [node.op_type for node in onnx.load_from_string(content).graph.node]


@pytest.mark.parametrize("own", [None, {"pads": [1, 0, 0, 1]}])
@pytest.mark.parametrize("widths", [(0, 0, 1, 0, 0, 0, 2, 1), (0, 0, 0, 3, 0, 0, 0, 0)])
def test_the_answer_is_the_same_without_the_layer(widths, own):
    before = model(widths, own=own)
    after = fold_padding(before)
    assert kinds(after) == ["Conv"]
    assert [w.name for w in onnx.load_from_string(after).graph.initializer] == ["weights"]
    np.testing.assert_allclose(run(after), run(before), rtol=1e-5, atol=1e-6)


def test_margins_add_up():
    conv = onnx.load_from_string(fold_padding(model(own={"pads": [1, 0, 0, 1]}))).graph.node[0]
    assert next(list(a.ints) for a in conv.attribute if a.name == "pads") == [2, 0, 2, 2]


@pytest.mark.parametrize(
    "kept",
    [
        {"mode": "reflect"},
        {"value": 1.0},
        {"widths": (0, 1, 1, 0, 0, -1, 2, 1)},
        {"widths": (0, 0, -1, 0, 0, 0, 2, 1)},
        {"leaves": True},
        {"own": {"auto_pad": "SAME_UPPER"}},
    ],
)
def test_what_is_no_frame_of_zeros_stays(kept):
    before = model(**kept)
    assert kinds(fold_padding(before)) == ["Pad", "Conv"]


def test_what_a_branch_reads_stays():
    proto = onnx.load_from_string(model())
    names = ("padded", "value")
    branches = [
        helper.make_graph(
            [helper.make_node("Identity", [name], [f"{name}_out"])],
            name,
            [],
            [helper.make_tensor_value_info(f"{name}_out", TensorProto.FLOAT, None)],
        )
        for name in names
    ]
    yes = numpy_helper.from_array(np.array(True), "yes")
    proto.graph.initializer.append(yes)
    choose = helper.make_node(
        "If", ["yes"], ["z"], then_branch=branches[0], else_branch=branches[1]
    )
    proto.graph.node.append(choose)
    folded = fold_padding(proto.SerializeToString())
    assert kinds(folded) == ["Pad", "Conv", "If"]
    kept = {w.name for w in onnx.load_from_string(folded).graph.initializer}
    assert kept == {"widths", "value", "weights", "yes"}
