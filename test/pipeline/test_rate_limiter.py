"""Sensors that are switched off, and cameras that are looked at less often than they deliver."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seg_perception.config import Config
from seg_perception.pipeline.rate_limiter import DISABLED, RATE_LIMITED, RateLimiter

SENSORS = {
    "cameras": ["front"],
    "camera.front.image_topic": "/front/image",
    "lidars": ["top"],
    "lidar.top.topic": "/top/points",
}
MS = 1_000_000


def admission(**changed):
    return RateLimiter(Config.from_parameters({**SENSORS, **changed}))


def admitted(chosen, stamps_ms):
    return [t for t in stamps_ms if not chosen.refuses_image("front", t * MS)]


def test_everything_is_admitted_by_default():
    assert admitted(admission(), range(0, 100, 10)) == list(range(0, 100, 10))
    assert admission().refuses_cloud("top") == ""


def test_sensors_that_are_off_are_refused_by_that_reason():
    off = admission(**{"camera.front.enabled": False, "lidar.top.enabled": False})
    assert off.refuses_image("front", 0) == DISABLED
    assert off.refuses_cloud("top") == DISABLED
    off.config = Config.from_parameters(SENSORS)
    assert off.refuses_image("front", 0) == ""


def test_the_mean_rate_is_kept_although_frames_jitter():
    chosen = admission(**{"camera.front.max_rate_hz": 10.0})
    assert chosen.refuses_image("front", 0) == ""
    assert chosen.refuses_image("front", 33 * MS) == RATE_LIMITED
    # 30 Hz with one frame 3 ms late: the next due time does not move with it.
    assert admitted(chosen, (66, 103, 133, 166, 200, 233, 266, 300)) == [103, 200, 300]


@pytest.mark.parametrize("jump_ms", [-10_000, 10_000])
def test_after_a_clock_jump_frames_are_admitted_again(jump_ms):
    chosen = admission(**{"camera.front.max_rate_hz": 10.0})
    assert admitted(chosen, (0, 100, 100 + jump_ms, 200 + jump_ms)) == [
        0, 100, 100 + jump_ms, 200 + jump_ms
    ]  # fmt: skip


@given(st.floats(0.5, 40), st.integers(10, 100))
def test_no_more_than_the_rate_and_no_fewer_than_the_camera_allows(rate_hz, period_ms):
    chosen = admission(**{"camera.front.max_rate_hz": rate_hz})
    count = len(admitted(chosen, range(0, 10_000, period_ms)))
    most = min(rate_hz * 10, 10_000 / period_ms)
    assert count <= most + 2
    assert count >= min(most, 10_000 / (period_ms * -(-1000 / rate_hz // period_ms))) - 2
