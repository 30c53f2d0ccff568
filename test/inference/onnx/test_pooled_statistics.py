"""A small encoder and head whose numbers numpy works out anew."""

from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from seg_perception.core.errors import EngineError
from seg_perception.inference.onnx.graph import keep_outputs
from seg_perception.inference.onnx.pooled_statistics import with_statistics
from seg_perception.inference.onnx.precision import to_precision

SIZE = (64, 48)


def encoder_and_head(kind: int = TensorProto.FLOAT) -> bytes:
    """Two strided convolutions, a summary of the picture, an enlargement and a classifier."""
    rng = np.random.default_rng(0)
    half = np.float16 if kind == TensorProto.FLOAT16 else np.float32
    weights = {
        "first": rng.standard_normal((4, 3, 4, 4)),
        "second": rng.standard_normal((5, 4, 4, 4)),
        "last": rng.standard_normal((2, 5, 1, 1)),
    }
    nodes = [
        helper.make_node("Conv", ["image", "first"], ["coarse"], strides=[4, 4]),
        helper.make_node("Conv", ["coarse", "second"], ["deep"], strides=[2, 2], pads=[1] * 4),
        helper.make_node("Relu", ["deep"], ["deepest"]),
        helper.make_node("AveragePool", ["deepest"], ["summary"], kernel_shape=[3, 2]),
        helper.make_node("ReduceMean", ["summary"], ["gate"], axes=[2, 3]),
        helper.make_node("Mul", ["deepest", "gate"], ["gated"]),
        helper.make_node("Resize", ["gated", "", "scales"], ["large"], mode="linear"),
        helper.make_node("Conv", ["large", "last"], ["logits"]),
    ]
    tensors = [numpy_helper.from_array(w.astype(half), name) for name, w in weights.items()]
    tensors.append(numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "scales"))
    width, height = SIZE
    ends = [
        helper.make_tensor_value_info("image", kind, [1, 3, height, width]),
        helper.make_tensor_value_info("logits", kind, [1, 2, 12, 16]),
    ]
    graph = helper.make_graph(nodes, "tiny", ends[:1], ends[1:], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def run(model: bytes, names: list[str], dtype: Any = np.float32) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    picture = np.random.default_rng(3).standard_normal((1, 3, SIZE[1], SIZE[0])).astype(dtype)
    return session.run(names, {"image": picture})


def test_the_output_has_the_means_of_each_cell() -> None:
    """The layer is 6 x 8: three rows and four columns of cells, two pixels each way."""
    graph = with_statistics(encoder_and_head(), "deepest")
    assert graph.shape == (5, 3, 4)
    bare = onnx.load_from_string(encoder_and_head())
    bare.graph.output.append(helper.make_tensor_value_info("deepest", TensorProto.FLOAT, None))
    (layer,) = run(bare.SerializeToString(), ["deepest"])
    cells = layer[0].reshape(5, 3, 2, 4, 2)
    (found,) = run(graph.model, [graph.output])
    np.testing.assert_allclose(found[0], cells.mean(axis=(2, 4)), rtol=1e-5)


def test_what_the_graph_gave_before_it_gives_still() -> None:
    graph = with_statistics(encoder_and_head())
    np.testing.assert_array_equal(
        run(graph.model, ["logits"])[0], run(encoder_and_head(), ["logits"])[0]
    )
    assert keep_outputs(graph.model, ["logits"]) != graph.model


def test_by_default_it_is_what_the_classifier_reads() -> None:
    assert with_statistics(encoder_and_head()).layer == "large"


def test_a_layer_in_half_precision_gives_whole_numbers_all_the_same() -> None:
    graph = with_statistics(encoder_and_head(TensorProto.FLOAT16), "deepest")
    (found,) = run(graph.model, [graph.output], np.float16)
    assert found.dtype == np.float32


def test_the_pass_to_half_precision_keeps_the_output() -> None:
    graph = with_statistics(encoder_and_head(), "deepest")
    (whole,) = run(graph.model, [graph.output])
    (half,) = run(to_precision(graph.model, "fp16_islands"), [graph.output])
    assert half.dtype == np.float32
    np.testing.assert_allclose(half, whole, rtol=0.01, atol=0.01 * np.abs(whole).max())


def test_a_layer_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(EngineError, match=r"layer 'nowhere': .* it has .*deepest.*gated"):
        with_statistics(encoder_and_head(), "nowhere")
