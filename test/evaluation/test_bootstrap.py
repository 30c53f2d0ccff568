"""Intervals hold the truth as often as they say; a drive is cut into blocks."""

import numpy as np

from seg_perception.evaluation.bootstrap import MOST_BLOCKS, BootstrapBlocks, draw, interval

SECOND = 1_000_000_000


def test_intervals_hold_the_truth_as_often_as_they_say():
    """Of many sets of 30 sequences, about 95 % of the intervals hold the real accuracy."""
    random = np.random.default_rng(0)
    held = 0
    for _ in range(100):
        units = np.zeros((30, 3, 5), np.int64)
        rates = random.beta(8, 2, 30)
        units[:, 0, 0] = random.binomial(200, rates)
        units[:, 0, 1] = 200 - units[:, 0, 0]
        drawn = draw(units)
        assert drawn is not None
        low, high = interval(drawn.accuracy)
        assert low is not None
        held += low <= 80 <= high
    assert 85 <= held <= 99


def test_one_sequence_has_no_interval():
    assert draw(np.ones((1, 3, 5), np.int64)) is None


def test_a_drive_has_a_bounded_number_of_blocks():
    short = BootstrapBlocks("drive", 35)
    assert short.name(5 * SECOND) == "drive 0-10 s"
    assert short.name(34 * SECOND) == "drive 20-30 s"
    long = BootstrapBlocks("drive", 36_000)
    names = {long.name(n * SECOND) for n in range(0, 36_000, 7)}
    assert MOST_BLOCKS <= len(names) <= MOST_BLOCKS + 1
