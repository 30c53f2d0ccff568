"""Latency, rates and message counts of a run."""

from __future__ import annotations

from collections.abc import Mapping

from seg_perception.evaluation.document import Document


class StageTiming(Document):
    """How long a stage took (second), and its histogram.

    Attributes:
        edges_s: limits of the bins, one more than counts; spaced evenly in the logarithm.
    """

    stage: str
    count: int
    p50_s: float | None
    p95_s: float | None
    p99_s: float | None
    max_s: float | None
    edges_s: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()


class StreamTiming(Document):
    """What became of the messages of one input, and the rate of its stamps.

    Attributes:
        received, published, dropped, in_flight: messages.
        rate_hz: of the stamps; None below two messages.
        jitter_s: standard deviation of the time between stamps.
        missed: stamps that are missing at the median period.
    """

    stream: str
    received: int
    published: int
    dropped: Mapping[str, int]
    in_flight: int
    rate_hz: float | None = None
    jitter_s: float | None = None
    missed: int = 0

    @property
    def balanced(self) -> bool:
        """Whether no message is unaccounted for."""
        return self.received == self.published + sum(self.dropped.values()) + self.in_flight


class Timing(Document):
    """Latency, rates and message counts of the run."""

    stages: tuple[StageTiming, ...] = ()
    streams: tuple[StreamTiming, ...] = ()
