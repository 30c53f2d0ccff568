"""How rare a frame is."""

import math

import pytest

from seg_perception.active_learning.class_frequency import ClassFrequency, Values


def test_values_are_counted_from_above():
    values = Values()
    for value in (0.1, 0.5, 0.5, 0.9, 1.0, math.nan):
        values.add(value)
    assert [values.at_least(v) for v in (0.0, 0.5, 0.6, 0.95)] == [5, 4, 2, 1]


@pytest.mark.parametrize(("like_it", "expected"), [(100, 0.0), (10, 0.5), (1, 1.0), (0, 0.0)])
def test_surprise_is_the_information_over_the_most_there_can_be(make, like_it, expected):
    frequency = ClassFrequency(3, 0.0)
    for n in range(100):
        frequency.add(make.candidate(n))
    assert frequency.surprise(like_it) == pytest.approx(expected)


def test_a_single_frame_surprises_nobody(make):
    frequency = ClassFrequency(3, 0.0)
    frequency.add(make.candidate(0))
    assert frequency.surprise(1) == 0.0


def test_a_few_pixels_do_not_show_a_class(make):
    frequency = ClassFrequency(3, 0.01)
    frequency.add(make.candidate(0, shares=(0.991, 0.009, 0)))
    frequency.add(make.candidate(1, shares=(0.99, 0.01, 0)))
    assert frequency.shown.tolist() == [2, 1, 0]
