"""One engine as fast as it can, then at a fixed rate."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.inference.protocol import Engine

Frames = Sequence[NDArray[np.uint8]]
_WARM_UP = 5


@dataclass(frozen=True)
class Throughput:
    """What was measured; the names are those of ros2_benchmark, units in them.

    Attributes:
        peak_rate_fps: frames a second, one after the other.
        peak_frames: how many.
        rate_fps: at which frames were then sent.
        mean_frame_rate_fps: of the answers.
        frames_sent, missed_frames: a frame is missed when the next one is due before the
            engine could begin with it, as in a slot of one.
        *_latency_ms: from the moment at which a frame was due to its answer.
        *_jitter_ms: difference between one interval of answers and the next.
    """

    peak_rate_fps: float
    peak_frames: int
    rate_fps: float
    mean_frame_rate_fps: float
    frames_sent: int
    missed_frames: int
    min_latency_ms: float
    mean_latency_ms: float
    max_latency_ms: float
    p50_latency_ms: float
    p95_latency_ms: float
    p99_latency_ms: float
    mean_jitter_ms: float
    max_jitter_ms: float
    std_dev_jitter_ms: float


def measure_throughput(
    engine: Engine, frames: Frames, rate_hz: float, duration_s: float
) -> Throughput:
    """Run an engine for twice the duration.

    Args:
        engine: what is measured, upload and download included.
        frames: uint8 (H, W, 3) at its size, taken in turns.
        rate_hz: of the second half.
        duration_s: of each half.

    Raises:
        EngineError: it failed.
    """
    turns = itertools.cycle(frames)
    for _ in range(_WARM_UP):
        engine.infer(next(turns))
    peak_count, peak_s = _run_flat_out(engine, turns, duration_s)
    sent = max(round(rate_hz * duration_s), 2)
    due_s, done_s = _run_at(engine, turns, rate_hz, sent)
    latency_ms = 1e3 * (done_s - due_s)
    jitter_ms = 1e3 * np.abs(np.diff(np.diff(done_s)))
    span_s = float(done_s[-1] - done_s[0])
    p50, p95, p99 = (float(value) for value in np.percentile(latency_ms, (50, 95, 99)))
    return Throughput(
        peak_rate_fps=peak_count / peak_s,
        peak_frames=peak_count,
        rate_fps=rate_hz,
        mean_frame_rate_fps=(len(done_s) - 1) / span_s if span_s > 0 else 0.0,
        frames_sent=sent,
        missed_frames=sent - len(done_s),
        min_latency_ms=float(latency_ms.min()),
        mean_latency_ms=float(latency_ms.mean()),
        max_latency_ms=float(latency_ms.max()),
        p50_latency_ms=p50,
        p95_latency_ms=p95,
        p99_latency_ms=p99,
        mean_jitter_ms=float(jitter_ms.mean()) if jitter_ms.size else 0.0,
        max_jitter_ms=float(jitter_ms.max()) if jitter_ms.size else 0.0,
        std_dev_jitter_ms=float(jitter_ms.std()) if jitter_ms.size else 0.0,
    )


def _run_flat_out(
    engine: Engine, turns: itertools.cycle[NDArray[np.uint8]], duration_s: float
) -> tuple[int, float]:
    start_s = time.perf_counter()
    for count in itertools.count(1):
        engine.infer(next(turns))
        elapsed_s = time.perf_counter() - start_s
        if elapsed_s >= duration_s:
            return count, elapsed_s
    raise AssertionError  # itertools.count never ends


def _run_at(
    engine: Engine, turns: itertools.cycle[NDArray[np.uint8]], rate_hz: float, sent: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """When the frames that were answered were due, and when they were done (second)."""
    due: list[float] = []
    done: list[float] = []
    start_s = time.perf_counter() + 1 / rate_hz
    number = 0
    while number < sent:
        due_s = start_s + number / rate_hz
        time.sleep(max(due_s - time.perf_counter(), 0))
        engine.infer(next(turns))
        now_s = time.perf_counter()
        due.append(due_s)
        done.append(now_s)
        # The newest frame that is due by now wins; those between it and the last are missed.
        number = max(number + 1, int((now_s - start_s) * rate_hz))
    return np.array(due), np.array(done)
