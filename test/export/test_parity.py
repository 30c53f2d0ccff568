import numpy as np
import pytest

from seg_perception.errors import TrainingError
from seg_perception.export.parity import measure_parity

NAMES = ("torch", "onnxruntime")


def answer(*labels: int, confidence: int = 200):
    row = np.array([labels], np.uint8)
    return row, np.full_like(row, confidence)


def test_agreement_and_largest_difference() -> None:
    want = [answer(*[0, 1] * 1000)]
    got = [answer(*[0, 1] * 999, 0, 0, confidence=149)]
    parity = measure_parity(want, got, NAMES)
    assert parity.label_agreement == pytest.approx(1999 / 2000)
    assert parity.max_abs_error == pytest.approx(51 / 255)
    assert (parity.reference, parity.candidate, parity.frames) == ("torch", "onnxruntime", 1)


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
