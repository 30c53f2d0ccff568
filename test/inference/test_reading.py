"""Output tensors, worked out by hand or against a plain softmax in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seg_perception.core.errors import EngineError
from seg_perception.inference.manifest import Manifest
from seg_perception.inference.reading import make_reader

HASH = "0" * 64


def manifest(output: dict[str, Any], classes: int = 2) -> Manifest:
    """A foreign model for 8x8 pixels."""
    palette = [{"id": n, "name": str(n), "color": "#000000"} for n in range(classes)]
    golden = [{"image": "a.png", "labels": "b.png"}]
    return Manifest.model_validate(
        {
            "name": "tiny",
            "version": "1",
            "ontology": {"name": "tiny", "classes": palette},
            "input": {"width": 8, "height": 8},
            "output": output,
            "files": dict.fromkeys(["model.onnx", "a.png", "b.png"], HASH),
            "golden": golden,
            "licence": "CC0-1.0",
        },
        strict=False,
    )


def two_classes(*columns: float) -> np.ndarray[Any, Any]:
    """Logits [1, 2, 4, n]: class 0 is 0 everywhere, class 1 as given by column."""
    logits = np.zeros((1, 2, 4, len(columns)), np.float32)
    logits[0, 1] = columns
    return logits


def test_logits_are_enlarged_before_the_arg_max() -> None:
    """4 columns to 8, half-pixel centres: -2 -2 2 2 becomes -2 -2 -2 -1 1 2 2 2."""
    reader = make_reader(manifest({"kind": "logits"}))
    labels, confidence, _ = reader.read([two_classes(-2, -2, 2, 2)])
    assert labels.shape == (8, 8)
    assert labels.dtype == np.uint8
    assert labels[5].tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    # 255 / (1 + exp(-2)) = 224.6 and 255 / (1 + exp(-1)) = 186.4
    assert confidence[5].tolist() == [225, 225, 225, 186, 186, 225, 225, 225]


def test_channels_last_give_the_same() -> None:
    logits = two_classes(-2, 1, 3, 0)
    first = make_reader(manifest({"kind": "logits"})).read([logits])
    last = make_reader(manifest({"kind": "logits", "layout": "NHWC"})).read(
        [logits.transpose(0, 2, 3, 1)]
    )
    np.testing.assert_array_equal(first[:2], last[:2])


def test_sigmoid_and_probabilities() -> None:
    """Sigmoid of 0 is 0.5, of 2 is 0.8808; a probability is its own confidence."""
    logits = np.zeros((1, 2, 8, 8), np.float32)
    logits[0, 1, :, 4:] = 2
    output = {"kind": "logits", "activation": "sigmoid"}
    _, confidence, _ = make_reader(manifest(output)).read([logits])
    assert confidence[0].tolist() == [128] * 4 + [225] * 4
    output["activation"] = "none"
    _, confidence, _ = make_reader(manifest(output)).read([logits / 4 + 0.2])
    assert confidence[0].tolist() == [51] * 4 + [178] * 4


def test_extreme_logits_saturate() -> None:
    for activation in ("softmax", "sigmoid"):
        reader = make_reader(manifest({"kind": "logits", "activation": activation}))
        with np.errstate(over="raise"):
            labels, confidence, _ = reader.read([two_classes(1e4, 1e4, 1e4, 1e4)])
        assert labels.min() == 1
        assert confidence.min() == 255


@given(st.integers(0, 2**32 - 1), st.integers(2, 7))
def test_softmax_as_the_textbook_has_it(seed: int, classes: int) -> None:
    logits = np.random.default_rng(seed).normal(0, 3, (1, classes, 8, 8)).astype(np.float32)
    labels, confidence, _ = make_reader(manifest({"kind": "logits"}, classes)).read([logits])
    exact = np.exp(logits[0].astype(np.float64))
    exact /= exact.sum(axis=0)
    np.testing.assert_array_equal(labels, exact.argmax(axis=0))
    assert np.abs(confidence - 255 * exact.max(axis=0)).max() < 0.501


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(value: float) -> None:
    logits = two_classes(0, 0, 0, 0)
    logits[0, 0, 2, 2] = value
    with pytest.raises(EngineError, match="'logits' is not finite"):
        make_reader(manifest({"kind": "logits"})).read([logits])


def test_logits_of_another_class_count_are_refused() -> None:
    reader = make_reader(manifest({"kind": "logits"}, classes=3))
    with pytest.raises(EngineError, match=r"promises float32 or float16 \[1, 3, any, any\], the"):
        reader.read([two_classes(0, 0)])


@pytest.mark.parametrize("shape", [(1, 4, 4), (1, 1, 4, 4), (4, 4)])
@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_labels_alone_are_enlarged_and_certain(shape: tuple[int, ...], dtype: type) -> None:
    small = np.zeros((4, 4), dtype)
    small[:, 3] = 1
    reader = make_reader(manifest({"kind": "labels"}))
    labels, confidence, _ = reader.read([small.reshape(shape)])
    assert labels.dtype == np.uint8
    assert labels[7].tolist() == [0] * 6 + [1] * 2
    assert confidence.min() == 255


def test_scores_read_as_labels_are_refused() -> None:
    with pytest.raises(EngineError, match=r"set output\.kind to logits if these are scores"):
        make_reader(manifest({"kind": "labels"})).read([np.zeros((1, 2, 4, 4), np.uint8)])


@pytest.mark.parametrize("output", [{"kind": "labels"}, {"kind": "logits"}])
def test_an_empty_tensor_is_refused(output: dict[str, str]) -> None:
    dtype = np.uint8 if output["kind"] == "labels" else np.float32
    with pytest.raises(EngineError, match=r"the model has \w+ \[1, 2, 0, 4\]"):
        make_reader(manifest(output)).read([np.zeros((1, 2, 0, 4), dtype)])


@pytest.mark.parametrize("strange", [-1, 2, 254])
def test_a_class_that_the_ontology_lacks_is_refused(strange: int) -> None:
    labels = np.zeros((1, 8, 8), np.int64)
    labels[0, 1, 1] = strange
    with pytest.raises(EngineError, match=f"gave class id {strange}, the ontology ends at 1"):
        make_reader(manifest({"kind": "labels"})).read([labels])


def test_a_model_may_say_unknown() -> None:
    labels = np.zeros((1, 8, 8), np.int64)
    labels[0, 1, 1] = 255
    assert make_reader(manifest({"kind": "labels"})).read([labels])[0][1, 1] == 255


def test_labels_and_confidence_of_the_project_itself() -> None:
    labels = np.eye(8, dtype=np.uint8)[None]
    confidence = np.full((1, 8, 8), 7, np.uint8)
    reader = make_reader(manifest({"kind": "labels_confidence"}))
    got = reader.read([labels, confidence])
    np.testing.assert_array_equal(got[:2], [labels[0], confidence[0]])
    assert got.statistics is None
    with pytest.raises(EngineError, match="gave class id 3"):
        reader.read([labels * 3, confidence])


def test_more_than_255_classes_take_16_bits() -> None:
    reader = make_reader(manifest({"kind": "labels"}, classes=300))
    labels, *_ = reader.read([np.full((1, 8, 8), 299, np.int64)])
    assert labels.dtype == np.uint16
    assert labels.min() == 299
