"""Rate, jitter and missed stamps by hand."""

import numpy as np
import pytest

from seg_perception.evaluation.rate_statistics import RateStatistics


def test_rate_jitter_and_missed_stamps_by_hand():
    rate = RateStatistics()
    for ms in (0, 100, 200, 500, 600, 700, 650, 750):
        rate.add(ms * 1_000_000)
    # Gaps of 100 100 300 100 100, one step back, 100.
    assert rate.rate_hz == pytest.approx(6 / 0.8)
    assert rate.jitter_s == pytest.approx(np.std([0.1, 0.1, 0.3, 0.1, 0.1, 0.1]))
    assert (rate.missed, rate.backward) == (2, 1)
    again = RateStatistics.from_json(rate.to_json())
    again.merge(rate)
    assert (again.count, again.missed, again.rate_hz) == (12, 4, rate.rate_hz)
    assert RateStatistics().rate_hz is None
    assert RateStatistics().jitter_s is None
    assert RateStatistics().missed == 0
