"""What is wrong with the inputs lately, in words."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from seg_perception.core.message_accounting import StreamCount
from seg_perception.core.types import NANOSECONDS, PointStatus
from seg_perception.pipeline.diagnosis import Evidence, diagnose
from seg_perception.ros.component import Component
from seg_perception.ros.inputs import StreamInput
from seg_perception.ros.node_context import NodeContext

# Causes are looked for in what happened within about this time.
WINDOW_S = 5.0
# A clock that counts since boot is nowhere near the year 1980.
_BOOT_NS = 10 * 365 * 86_400 * NANOSECONDS
_FUTURE_S = 0.1

Counts = Mapping[str, StreamCount]
Points = Mapping[str, Mapping[PointStatus, int]]


@dataclass(frozen=True)
class Sample:
    """The counts of one moment."""

    at_s: float
    counts: Counts
    points: Points
    stray_times: Mapping[str, int]


class DiagnosticsMonitor:
    """Follows the counts of one activation and says what is wrong lately."""

    def __init__(self, context: NodeContext, components: Sequence[Component]) -> None:
        """Follow."""
        self._context = context
        self._components = components
        self._samples = deque([self.sample()])

    @property
    def streams(self) -> list[StreamInput]:
        """Every stream of every component."""
        return [source for component in self._components for source in component.streams]

    def warnings(self) -> list[str]:
        """What is wrong now, one sentence each; takes a sample."""
        now = self.sample()
        while len(self._samples) > 1 and now.at_s - self._samples[1].at_s >= WINDOW_S:
            self._samples.popleft()
        before = self._samples[0]
        self._samples.append(now)
        listed = [problem for component in self._components for problem in component.problems()]
        if now.at_s - before.at_s >= WINDOW_S:
            listed += diagnose(self._context.config, self._evidence(before, now))
        return [*listed, *self._clock_problems()]

    def sample(self) -> Sample:
        """The counts of this moment."""
        accounting = self._context.perception.accounting
        return Sample(
            time.monotonic(), accounting.snapshot(), accounting.points(), accounting.stray_times()
        )

    def _evidence(self, before: Sample, now: Sample) -> Evidence:
        return Evidence(
            counts={n: new_counts(c, before.counts.get(n)) for n, c in now.counts.items()},
            points={n: _fewer(p, before.points.get(n, {})) for n, p in now.points.items()},
            frames=self._context.frames,
            stamps=self._context.clock.newest,
            without_lens=frozenset(),  # the components say so themselves, with the topic
            refused_lenses=dict(self._context.perception.refused_lenses),
            open_conventions=self._context.perception.conventions.open,
            doppler_problems=dict(self._context.perception.doppler_problems),
            time_problems={
                sensor: text
                for sensor, text in self._context.perception.time_problems.items()
                if now.stray_times.get(sensor, 0) > before.stray_times.get(sensor, 0)
            },
            transforms=self._context.perception.transforms,
        )

    def _clock_problems(self) -> Iterator[str]:
        now_ns = self._context.clock.now_ns()
        for source in self.streams:
            stamp_ns = self._context.clock.newest.get(source.stream)
            if stamp_ns is None:
                continue
            ahead_s = (stamp_ns - now_ns) / NANOSECONDS
            if stamp_ns < _BOOT_NS < now_ns:
                yield (
                    f"{source.stream}: stamps count from the sensor's start, not from 1970; "
                    "set its driver to PTP or to the host's time"
                )
            elif ahead_s > _FUTURE_S:
                yield (
                    f"{source.stream}: stamps lie {ahead_s:.2f} s in the future; synchronise the "
                    "clocks, or set use_sim_time with a bag"
                )


def new_counts(now: StreamCount, before: StreamCount | None) -> StreamCount:
    """What was counted between two moments; what is in flight is so now."""
    if before is None:
        return now
    dropped = {r: n - before.dropped.get(r, 0) for r, n in now.dropped.items()}
    return StreamCount(
        now.received - before.received,
        now.published - before.published,
        {reason: count for reason, count in dropped.items() if count},
        now.in_flight,
    )


def _fewer(
    now: Mapping[PointStatus, int], before: Mapping[PointStatus, int]
) -> dict[PointStatus, int]:
    return {status: now[status] - before.get(status, 0) for status in PointStatus}
