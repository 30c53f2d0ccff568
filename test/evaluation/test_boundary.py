"""Boundary measures against their definition, with SciPy's morphology."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seg_perception.evaluation.boundary import (
    boundary_f,
    boundary_iou,
    count_boundaries,
    zone_width,
)

EXACT = 1e-12
SEEDS = st.integers(0, 2**32 - 1)


def boundaries_by_definition(truth, predicted, classes, width):
    """Class by class, with SciPy's morphology."""
    ndimage = pytest.importorskip("scipy.ndimage")
    square = np.ones((3, 3), bool)
    ious, fs = [], []
    counted = truth < classes
    for c in range(classes):
        zones, contours = [], []
        for labels in (truth, predicted):
            mask = labels == c
            inner = ndimage.binary_erosion(mask, square, iterations=width, border_value=0)
            zones.append(mask & ~inner & counted)
            edge = ndimage.binary_erosion(mask, square, border_value=1)
            contours.append(mask & ~edge & counted)
        union = (zones[0] | zones[1]).sum()
        ious.append(100 * (zones[0] & zones[1]).sum() / union if union else np.nan)
        met = []
        for mine, other in (contours, contours[::-1]):
            near = ndimage.binary_dilation(other, square, iterations=width)
            met.append((mine & near).sum() / mine.sum() if mine.any() else 0.0)
        either = contours[0].any() or contours[1].any()
        f = 200 * met[0] * met[1] / sum(met) if sum(met) else 0.0
        fs.append(f if either else np.nan)
    return ious, fs


@given(SEEDS, st.integers(1, 4))
@settings(max_examples=25)
def test_boundaries_by_their_definition(seed, width):
    random = np.random.default_rng(seed)
    classes = 4
    blocks = random.integers(0, classes + 1, (4, 5)).astype(np.uint8)
    truth = np.kron(blocks, np.ones((7, 6), np.uint8))
    predicted = np.roll(truth, random.integers(-3, 4, 2), (0, 1))
    counts = count_boundaries(truth, predicted, classes, width)
    ious, fs = boundaries_by_definition(truth, predicted, classes, width)
    assert boundary_iou(counts) == pytest.approx(ious, abs=100 * EXACT, nan_ok=True)
    assert boundary_f(counts) == pytest.approx(fs, abs=100 * EXACT, nan_ok=True)


def test_more_classes_than_bits():
    truth = np.arange(80, dtype=np.uint8).repeat(9).reshape(20, 36)
    counts = count_boundaries(truth, truth, 80, 1)
    assert np.nanmin(boundary_iou(counts)) == np.nanmin(boundary_f(counts)) == 100


def test_the_zone_is_a_share_of_the_diagonal():
    assert zone_width((1024, 2048), 0.005) == 11
    assert zone_width((3, 4), 0.005) == 1
