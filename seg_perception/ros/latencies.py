"""How long the stages take: since activation, and lately."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from seg_perception.core.durations import Percentiles, StageDurations
from seg_perception.core.message_accounting import MessageHandle

Key = tuple[str, str]

WAIT, READY, GAP = "wait", "ready", "gap"


class Latencies:
    """Durations by stage and stream; may be used from several threads."""

    def __init__(self) -> None:
        """Start empty."""
        self._total = StageDurations()
        self._lately = StageDurations()

    def add(self, stage: str, stream: str, duration_s: float) -> None:
        """Count a duration (second)."""
        key = _join(stage, stream)
        self._total[key].add(duration_s)
        self._lately[key].add(duration_s)

    @contextmanager
    def measure(self, stage: str, stream: str) -> Iterator[None]:
        """Count how long the block takes, unless it fails."""
        start = time.perf_counter()
        yield
        self.add(stage, stream, time.perf_counter() - start)

    def add_wait(self, handle: MessageHandle, until_s: float) -> None:
        """Count how long a message waited from its arrival to a moment (time.perf_counter)."""
        self.add(WAIT, handle.stream, until_s - handle.opened_s)

    def total(self) -> Mapping[Key, Percentiles]:
        """Since activation, by stage and stream."""
        return _split(self._total)

    def take_lately(self) -> Mapping[Key, Percentiles]:
        """Since the last call, by stage and stream."""
        lately, self._lately = self._lately, StageDurations()
        return _split(lately)


def _join(stage: str, stream: str) -> str:
    return f"{stage}\n{stream}"


def _split(durations: StageDurations) -> dict[Key, Percentiles]:
    found = {}
    for key, percentiles in durations.percentiles().items():
        stage, _, stream = key.partition("\n")
        found[stage, stream] = percentiles
    return found
