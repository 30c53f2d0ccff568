"""How durations are summed up."""

import math

import pytest

from seg_perception.core.durations import Durations


def test_percentiles_are_within_a_percent():
    durations = Durations()
    for n in range(1, 1001):
        durations.add(n * 1e-3)
    figures = durations.percentiles()
    assert figures.count == 1000
    for got, expected in ((figures.p50_s, 0.5), (figures.p95_s, 0.95), (figures.p99_s, 0.99)):
        assert got == pytest.approx(expected, rel=0.011)
    assert figures.max_s == 1.0


def test_percentiles_of_nothing_are_nan():
    assert math.isnan(Durations().percentiles().p50_s)


def test_extreme_durations_are_kept():
    durations = Durations()
    durations.add(0.0)
    durations.add(1e9)
    assert durations.percentiles().max_s == 1e9
