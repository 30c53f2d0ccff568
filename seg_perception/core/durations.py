"""Percentiles of durations in constant memory."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_SHORTEST_S = 1e-7
_RATIO = 1.01
_BINS = 2400


@dataclass(frozen=True)
class Percentiles:
    """How long something took (second); NaN where it never happened."""

    count: int
    p50_s: float
    p95_s: float
    p99_s: float
    max_s: float


class Durations:
    """A histogram whose bins grow by 1 %, so that a percentile is off by at most that.

    Durations from 0.1 µs to half an hour are told apart; may be used from several threads.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._counts = np.zeros(_BINS, np.int64)
        self._max_s = 0.0
        self._lock = threading.Lock()

    def add(self, duration_s: float) -> None:
        """Count a duration (second)."""
        index = math.log(max(duration_s, _SHORTEST_S) / _SHORTEST_S) / math.log(_RATIO)
        with self._lock:
            self._counts[min(int(index), _BINS - 1)] += 1
            self._max_s = max(self._max_s, duration_s)

    @contextmanager
    def measure(self) -> Iterator[None]:
        """Count how long the block takes, unless it fails."""
        start = time.perf_counter()
        yield
        self.add(time.perf_counter() - start)

    def percentiles(self) -> Percentiles:
        """What was counted until now."""
        with self._lock:
            cumulated, longest = np.cumsum(self._counts), self._max_s
        count = int(cumulated[-1])
        if count == 0:
            return Percentiles(0, math.nan, math.nan, math.nan, math.nan)
        p50, p95, p99 = (
            min(_duration(int(np.searchsorted(cumulated, math.ceil(share * count)))), longest)
            for share in (0.5, 0.95, 0.99)
        )
        return Percentiles(count, p50, p95, p99, longest)

    def counts(self) -> tuple[NDArray[np.int64], float]:
        """How many durations each bin holds, int64 (2400,), and the longest one (second)."""
        with self._lock:
            return self._counts.copy(), self._max_s

    def add_counts(self, counts: NDArray[np.int64], longest_s: float) -> None:
        """Add what another histogram holds: its counts, int64 (2400,), and its longest (second)."""
        with self._lock:
            self._counts += counts
            self._max_s = max(self._max_s, longest_s)


StageCounts = Mapping[str, tuple[NDArray[np.int64], float]]


class StageDurations:
    """One histogram a stage, made when it is first asked for."""

    def __init__(self) -> None:
        """Start without any stage."""
        self._stages: dict[str, Durations] = {}
        self._lock = threading.Lock()

    def __getitem__(self, stage: str) -> Durations:
        """The histogram of a stage."""
        known = self._stages.get(stage)
        if known is not None:
            return known
        with self._lock:
            return self._stages.setdefault(stage, Durations())

    def stages(self) -> dict[str, Durations]:
        """The histograms that there are now."""
        with self._lock:
            return dict(self._stages)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._stages.clear()

    def counts(self) -> StageCounts:
        """What each stage's histogram holds, for `add_counts`."""
        return {stage: durations.counts() for stage, durations in self.stages().items()}

    def add_counts(self, counts: StageCounts) -> None:
        """Add what others' histograms hold."""
        for stage, (numbers, longest_s) in counts.items():
            self[stage].add_counts(numbers, longest_s)

    def percentiles(self) -> dict[str, Percentiles]:
        """What each stage took."""
        return {stage: durations.percentiles() for stage, durations in self.stages().items()}


def bin_edge_s(index: int) -> float:
    """The lower limit of a bin (second)."""
    return float(_SHORTEST_S * _RATIO**index)


def _duration(index: int) -> float:
    """The geometric middle of a bin."""
    return float(_SHORTEST_S * _RATIO ** (index + 0.5))
