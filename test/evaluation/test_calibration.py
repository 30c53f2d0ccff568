"""Calibration of confidence against the field's own tools, and by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seg_perception.evaluation.calibration import (
    calibration,
    count_levels,
    levels,
    risk_coverage_area,
)

EXACT = 1e-12
SEEDS = st.integers(0, 2**32 - 1)


@given(SEEDS)
@settings(max_examples=20)
def test_calibration_error_as_torchmetrics(seed):
    torch = pytest.importorskip("torch")
    metrics = pytest.importorskip("torchmetrics.functional.classification")
    random = np.random.default_rng(seed)
    # Confidence on a limit of the bins, where the rounding of the limits decides, and certainty,
    # which torchmetrics gives a bin of its own, are defined differently.
    inside = np.array([level for level in range(255) if level % 17], np.uint8)
    confidence = random.choice(inside, 500)
    right = random.random(500) < confidence / 300
    ours = calibration(count_levels(confidence, right, np.ones(500, bool)))
    theirs = metrics.binary_calibration_error(
        torch.from_numpy(confidence / 255.0), torch.from_numpy(right.astype(np.int64)), n_bins=15
    )
    assert ours.metrics[0].key == "ece"
    assert ours.metrics[0].value == pytest.approx(100 * float(theirs), abs=100 * EXACT)


def test_reliability_as_scikit_learn():
    curve = pytest.importorskip("sklearn.calibration").calibration_curve
    random = np.random.default_rng(1)
    confidence = random.integers(0, 256, 3000).astype(np.uint8)
    right = random.random(3000) < confidence / 255
    bins = calibration(count_levels(confidence, right, np.ones(3000, bool)), bins=4).bins
    accuracy, surety = curve(right, confidence / 255, n_bins=4)
    assert [b.accuracy for b in bins] == pytest.approx(accuracy, abs=EXACT)
    assert [b.confidence for b in bins] == pytest.approx(surety, abs=EXACT)


def test_calibration_by_hand():
    # Ten at 204/255 = 0.8, of which six are right; five certain ones that do not count.
    confidence = np.array([204] * 10 + [255] * 5, np.uint8)
    right = np.array([True] * 6 + [False] * 9)
    found = calibration(count_levels(confidence, right, np.arange(15) < 10))
    values = {metric.key: metric.value for metric in found.metrics}
    assert values["ece"] == pytest.approx(20)
    assert values["overconfidence"] == pytest.approx(20)
    assert [b.count for b in found.bins if b.count] == [10]
    assert calibration(np.zeros((256, 2), np.int64)).metrics[0].value is None


def test_confidence_of_clouds_is_rounded_to_levels():
    assert levels(np.array([0.0, 0.5, 1.0, 2.0], np.float32)).tolist() == [0, 128, 255, 255]


def test_the_area_under_risk_coverage_tells_how_well_confidence_ranks() -> None:
    """The wrong half last: no risk to a half, then 1 - 1/(2x), whose integral is (1 - ln 2) / 2."""
    counts = np.zeros((256, 2), np.int64)
    counts[200, 1], counts[100, 0] = 50, 50
    assert risk_coverage_area(counts) == pytest.approx(100 * (1 - np.log(2)) / 2)
    # The other way round the wrong ones come first; equally sure ones rank nothing.
    assert risk_coverage_area(counts[::-1]) == pytest.approx(100 * (1 + np.log(2)) / 2)
    counts[:] = 0
    counts[7] = 30, 70
    assert risk_coverage_area(counts) == pytest.approx(30)
    assert np.isnan(risk_coverage_area(counts * 0))
