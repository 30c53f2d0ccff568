"""Rates, latencies, jitter and missed frames of an engine whose times are known."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from seg_perception.core.errors import EngineError
from seg_perception.inference.benchmark import throughput as pace_module
from seg_perception.inference.benchmark.power_monitor import PowerMonitor
from seg_perception.inference.benchmark.run import BenchmarkCase, BenchmarkConfig, run_all
from seg_perception.inference.benchmark.throughput import measure_throughput
from seg_perception.inference.self_test import Thresholds

FRAMES = [np.zeros((2, 2, 3), np.uint8)]


class Clock:
    """Time that passes only while somebody works or sleeps."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def perf_counter(self) -> float:
        return self.now_s

    def sleep(self, duration_s: float) -> None:
        self.now_s += duration_s


class Timed:
    """An engine that needs the given times in turns (ms)."""

    description = "timed"
    bundle: Any = None

    def __init__(self, clock: Clock, *durations_ms: float) -> None:
        self.clock = clock
        self.durations_ms = itertools.cycle(durations_ms)

    def infer(self, image: Any) -> Any:
        self.clock.now_s += next(self.durations_ms) / 1e3
        return image[..., 0], image[..., 0]

    def close(self) -> None:
        """Nothing to free."""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    fake = Clock()
    monkeypatch.setattr(pace_module, "time", fake)
    return fake


def test_an_engine_that_keeps_up(clock: Clock) -> None:
    """8 ms a frame: 125 frames a second at most, at 50 a second none is missed."""
    found = measure_throughput(Timed(clock, 8.0), FRAMES, rate_hz=50, duration_s=1.0)
    assert found.peak_rate_fps == pytest.approx(125)
    assert found.peak_frames in (125, 126)  # the clock rounds
    assert found.frames_sent == 50
    assert found.missed_frames == 0
    assert found.mean_frame_rate_fps == pytest.approx(50)
    assert found.p50_latency_ms == pytest.approx(8)
    assert found.p99_latency_ms == pytest.approx(8)
    assert found.max_jitter_ms == pytest.approx(0, abs=1e-6)


def test_an_engine_that_is_too_slow_takes_the_newest_frame(clock: Clock) -> None:
    """25 ms a frame at 100 frames a second.

    Frame 0 is done at 25 ms; frame 2, due at 20, is the newest: done at 50, as frame 5 is due;
    done at 75, frame 7, due at 70. Of ten frames five are answered.
    """
    found = measure_throughput(Timed(clock, 25.0), FRAMES, rate_hz=100, duration_s=0.1)
    assert found.peak_rate_fps == pytest.approx(40)
    assert found.frames_sent == 10
    assert found.missed_frames == 6
    assert found.mean_frame_rate_fps == pytest.approx(40)
    assert found.min_latency_ms == pytest.approx(25)
    assert found.max_latency_ms == pytest.approx(30)


def test_jitter_is_the_change_of_the_interval(clock: Clock) -> None:
    """5 and 9 ms in turns at 50 Hz: intervals of 24 and 16 ms."""
    found = measure_throughput(Timed(clock, 5.0, 9.0), FRAMES, rate_hz=50, duration_s=1.0)
    assert found.missed_frames == 0
    assert found.mean_jitter_ms == pytest.approx(8)
    assert found.max_jitter_ms == pytest.approx(8)
    assert found.std_dev_jitter_ms == pytest.approx(0, abs=1e-6)
    assert found.mean_latency_ms == pytest.approx(7)


def test_what_is_missing_is_a_result_with_a_reason(tmp_path: Any) -> None:
    def refuse() -> Any:
        msg = "no NVIDIA device here"
        raise EngineError(msg)

    config = BenchmarkConfig(FRAMES, 50.0, 0.1, Thresholds())
    (result,) = run_all([BenchmarkCase("tensorrt/fp32", refuse)], config, PowerMonitor(tmp_path))
    assert result.missing == "no NVIDIA device here"
    assert result.throughput is None
