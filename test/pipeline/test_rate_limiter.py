"""Sensors that are switched off, and those that are looked at less often than they deliver."""

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
    assert admission().refuses_cloud("top", 0) == ""


def test_sensors_that_are_off_are_refused_by_that_reason():
    off = admission(**{"camera.front.enabled": False, "lidar.top.enabled": False})
    assert off.refuses_image("front", 0) == DISABLED
    assert off.refuses_cloud("top", 0) == DISABLED
    off.config = Config.from_parameters(SENSORS)
    assert off.refuses_image("front", 0) == ""


def test_the_mean_rate_is_kept_although_frames_jitter():
    chosen = admission(**{"camera.front.max_rate_hz": 10.0})
    assert chosen.refuses_image("front", 0) == ""
    assert chosen.refuses_image("front", 33 * MS) == RATE_LIMITED
    # 30 Hz with one frame 3 ms late: the next due time does not move with it.
    assert admitted(chosen, (66, 103, 133, 166, 200, 233, 266, 300)) == [103, 200, 300]


def test_clouds_of_lidars_and_radars_are_limited_each_by_its_own_rate():
    radar = {"radars": ["bow"], "radar.bow.topic": "/bow/points", "radar.bow.max_rate_hz": 5.0}
    chosen = admission(**{"lidar.top.max_rate_hz": 2.0}, **radar)
    stamps_ms = range(0, 1000, 100)
    taken = {
        name: [t for t in stamps_ms if not chosen.refuses_cloud(name, t * MS)]
        for name in ("top", "bow")
    }
    assert taken == {"top": [0, 500], "bow": [0, 200, 400, 600, 800]}
    assert chosen.refuses_cloud("top", 900 * MS) == RATE_LIMITED


def test_a_camera_and_a_lidar_of_one_name_do_not_share_their_limit():
    lidar = {"lidars": ["front"], "lidar.front.topic": "/front/points", "lidar.top.topic": None}
    rates = {"lidar.front.max_rate_hz": 1.0, "camera.front.max_rate_hz": 1.0}
    values = {k: v for k, v in ({**SENSORS, **lidar, **rates}).items() if v is not None}
    chosen = RateLimiter(Config.from_parameters(values))
    assert chosen.refuses_image("front", 0) == ""
    assert chosen.refuses_cloud("front", 0) == ""
    assert chosen.refuses_cloud("front", 1) == RATE_LIMITED


def test_images_and_clouds_under_one_limit_belong_together_whichever_comes_first():
    chosen = admission(**{"camera.front.max_rate_hz": 1.0, "lidar.top.max_rate_hz": 1.0})
    images_ms = admitted(chosen, range(100, 5000, 100))
    clouds_ms = [t for t in range(650, 5000, 100) if not chosen.refuses_cloud("top", t * MS)]
    assert images_ms == [100, 1000, 2000, 3000, 4000]
    assert clouds_ms == [650, 1050, 2050, 3050, 4050]


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
