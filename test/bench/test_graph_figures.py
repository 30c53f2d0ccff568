"""The counting of `make bench-graph`, by numbers that were worked out by hand."""

import math

import pytest

from bench.graph.cpu import CpuWatch, ticks_of
from bench.graph.figures import Sent, flow, pair, percentiles

MS = 1_000_000
IMAGE = "/image"
# Sent every 100 ms; each picture is 35 ms old by then.
SENT = {(IMAGE, n): Sent(at_ns=n * 100 * MS, delay_ns=35 * MS) for n in range(4)}
# After 50 ms, never, after 60 ms and again later, after 100 ms.
HEARD = [
    ((IMAGE, 0), 50 * MS),
    ((IMAGE, 2), 260 * MS),
    ((IMAGE, 2), 300 * MS),
    ((IMAGE, 3), 400 * MS),
]


def test_a_log_of_four_images():
    found = flow(pair(SENT, HEARD), seconds=2.0, accounted=1)
    assert (found.sent, found.heard, found.lost, found.accounted) == (4, 3, 1, 1)
    assert found.rate_hz == 1.5
    assert found.latency_s == pytest.approx((0.060, 0.100, 0.100))
    assert found.age_s == pytest.approx((0.095, 0.135, 0.135))


def test_a_node_can_t_account_for_more_than_was_lost():
    assert flow(pair(SENT, HEARD), seconds=2.0, accounted=7).accounted == 1


def test_nothing_was_heard():
    found = flow(pair(SENT, []), seconds=2.0, accounted=0)
    assert (found.sent, found.heard, found.lost, found.accounted) == (4, 0, 4, 0)
    assert found.rate_hz == 0
    assert math.isnan(found.latency_s[0])


def test_a_result_of_nothing_is_an_error():
    with pytest.raises(ValueError, match="no input had this stamp"):
        pair(SENT, [((IMAGE, 9), 1)])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (range(100, 0, -1), (50, 95, 99)),
        ([7], (7, 7, 7)),
        ([1, 2, 3, 4], (2, 4, 4)),
        (range(1, 201), (100, 190, 198)),
    ],
)
def test_percentiles_are_values_that_occurred(values, expected):
    assert percentiles(values) == expected


def test_the_clock_ticks_of_a_process_whose_name_has_brackets():
    behind = ["S", *map(str, range(4, 14)), "250", "50", "1", "2"]
    assert ticks_of(f"12 (a) b) {' '.join(behind)}") == 300


def test_processor_time_between_two_moments_is_interpolated():
    watch = CpuWatch(1)
    watch.stop()
    watch._samples = [(0, 1.0), (1000 * MS, 1.5), (2000 * MS, 2.5)]
    assert watch.used_s(500 * MS, 1500 * MS) == pytest.approx(2.0 - 1.25)
