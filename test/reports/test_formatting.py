"""Numbers as people read them."""

import math

import pytest

from seg_perception.reports.formatting import (
    NOTHING,
    count,
    css,
    milliseconds,
    number,
    percent,
    points,
    seconds,
    size,
)

THIN = "\N{NARROW NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (percent(0.1234), f"12.3{THIN}%"),
        (percent(1.0, 0), f"100{THIN}%"),
        (points(0.0123), "+1.2"),
        (points(-0.0123), "\N{MINUS SIGN}1.2"),
        (points(-0.0001), "0.0"),
        (milliseconds(0.00123), f"1.23{THIN}ms"),
        (milliseconds(1.5), f"1500{THIN}ms"),
        (count(1234567), f"1{THIN}234{THIN}567"),
        (number(3.14159), "3.14"),
        (seconds(7.5), f"7.5{THIN}s"),
        (seconds(725), f"12{THIN}min 5{THIN}s"),
        (size(1536), f"1.5{THIN}KiB"),
        (size(7_000_000), f"6.68{THIN}MiB"),
        (css(12.0), "12"),
        (css(0.126), "0.13"),
        (css(100), "100"),
    ],
)
def test_values(written, expected):
    assert written == expected


@pytest.mark.parametrize("write", [percent, points, milliseconds, count, number, seconds])
@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_what_is_not_known_is_a_dash(write, value):
    assert write(value) == NOTHING
