"""Latency, measured in what the demo recorded."""

import pytest

from seg_perception.demo.latency import measure_latency
from seg_perception.replay import ReplayOptions, replay

LABELS, CLOUD = "/camera/front/semantic/label_image", "/lidar/top/semantic/points"


def test_latency_is_log_time_minus_stamp(world):
    out = world.folder / "out.mcap"
    replay(world.bag(), out, world.config(), ReplayOptions(latency_ms=30))
    figures = measure_latency(out, world.config())
    # Each image comes 1 ms after its stamp and is ready 30 ms later.
    assert figures[LABELS].count == 5
    assert figures[LABELS].p99_s == pytest.approx(0.031, rel=0.011)
