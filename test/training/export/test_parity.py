import numpy as np
import pytest

pytest.importorskip("torch", reason="the export needs torch: install the extra [train]")
pytest.importorskip("onnx", reason="the export needs onnx: install the extra [train]")

from seg_perception.core.errors import TrainingError
from seg_perception.training.export.onnx_graph import NetworkAnswer
from seg_perception.training.export.parity import measure_parity

NAMES = ("torch", "onnxruntime")


def answer(*labels: int, logits: float = 0.0) -> NetworkAnswer:
    row = np.array([labels], np.uint8)
    return NetworkAnswer(row, np.full_like(row, 200), (np.full((2, 1, 3), logits, np.float32),))


def test_agreement_and_largest_difference() -> None:
    want = [answer(*[0, 1] * 1000), answer(*[0, 1] * 1000)]
    got = [answer(*[0, 1] * 999, 0, 0, logits=-0.25), answer(*[0, 1] * 1000, logits=0.125)]
    parity = measure_parity(want, got, NAMES)
    assert parity.label_agreement == pytest.approx(3999 / 4000)
    assert parity.max_abs_error == 0.25
    assert (parity.reference, parity.candidate, parity.frames) == ("torch", "onnxruntime", 2)


def test_two_pixels_in_a_thousand_are_too_many() -> None:
    want = [answer(*[0, 1] * 500)]
    got = [answer(*[0, 1] * 499, 1, 0)]
    with pytest.raises(
        TrainingError,
        match=r"onnxruntime agrees with torch on 99.800% of the labels, expected at least 99.9%",
    ):
        measure_parity(want, got, NAMES)


def test_a_reference_of_one_class_proves_nothing() -> None:
    with pytest.raises(TrainingError, match="gives every pixel of every frame the same class"):
        measure_parity([answer(3, 3)], [answer(3, 3)], NAMES)


def test_logits_that_are_not_finite_are_refused() -> None:
    with pytest.raises(TrainingError, match="onnxruntime gives logits that are not finite"):
        measure_parity([answer(0, 1)], [answer(0, 1, logits=np.nan)], NAMES)
