"""What the benchmark of the calibration counts as false and as right."""

import numpy as np
import pytest

from bench.calibration.planted import Case, planted_turns


def case(planted, left, level):
    return Case("drive", 1, np.array(planted, float), np.array(left, float), level)


@pytest.mark.parametrize(
    ("planted", "level", "is_false"),
    [
        ((1.0, 0, 0), "good", True),
        ((0, 0, 2.0), "good", True),
        ((0.9, 0.9, 1.9), "good", False),
        ((3.0, 0, 0), "off", False),
        ((3.0, 0, 0), "undecided", False),
    ],
)
def test_good_is_false_from_a_degree_on(planted, level, is_false):
    assert case(planted, (0, 0, 0), level).is_false_good == is_false


def test_the_true_pose_may_be_called_off_by_what_it_may_be_off_by():
    assert not case((0, 0, 0), (0.5, 0, 1.4), "off").is_false_alarm
    assert case((0, 0, 0), (0.8, 0, 0), "off").is_false_alarm
    assert not case((0, 0, 0), (0.8, 0, 0), "undecided").is_false_alarm
    assert not case((2, 0, 0), (0.8, 0, 0), "off").is_false_alarm


def test_the_same_turns_are_planted_again():
    first, again = planted_turns(3), planted_turns(3)
    assert not first[0].any()
    assert np.array_equal(first, again)
    assert sorted({float(size) for size in np.abs(first[1:5]).ravel()}) == [0.5, 1.0, 2.0, 3.0]
