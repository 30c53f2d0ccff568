"""Pictures against pictures."""

import numpy as np
import pytest

from seg_perception.active_learning.temporal_consistency import SmallLabels, temporal_disagreement


@pytest.fixture
def small(make):
    def shrink(labels, confidence=255):
        return SmallLabels(make.label_map(labels, confidence), make.unknown)

    return shrink


def halves(edge, width=100):
    """Class 0 left of the edge, class 1 right of it."""
    return np.tile((np.arange(width) >= edge).astype(np.uint8), (40, 1))


def test_motion_within_the_reach_is_no_contradiction(small):
    assert temporal_disagreement(small(halves(50)), small(halves(55)), shift=0.05).share == 0


def test_what_moved_further_counts_beyond_the_reach(small):
    # Of class 1 in columns 50 to 99 those left of 60 - 5 find none; class 0 the same way round.
    evidence = temporal_disagreement(small(halves(50)), small(halves(60)), shift=0.05)
    assert evidence.against == 40 * (5 + 5)
    assert evidence.share == pytest.approx(10 / 200)


def test_a_class_that_comes_from_nothing_counts_fully(small):
    spot = halves(50)
    spot[10:20, 20:30] = 2
    evidence = temporal_disagreement(small(spot), small(halves(50)), shift=0.05)
    assert evidence.against == 100


def test_pixels_weigh_as_much_as_they_are_sure(small):
    evidence = temporal_disagreement(
        small(halves(50), 51), small(np.full((40, 100), 2), 255), shift=0.05
    )
    assert evidence.share == 1
    assert evidence.total == pytest.approx(4000 * 0.2 + 4000)


def test_pixels_without_label_are_not_asked(make, small):
    blank = np.full((40, 100), make.unknown)
    assert np.isnan(temporal_disagreement(small(halves(50)), small(blank), shift=0.05).share)


def test_pictures_of_two_sizes_are_not_compared(small):
    other = small(halves(30, width=60))
    assert np.isnan(temporal_disagreement(small(halves(50)), other, shift=0.05).share)


def test_wide_maps_are_shrunk_without_mixing_labels(small):
    shrunk = small(np.tile([0, 7], (64, 256)))
    assert shrunk.labels.shape == (16, 128)
    assert set(np.unique(shrunk.labels)) <= {0, 7}
