"""From what was sent and what was heard to rates, latencies and losses."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Key = tuple[str, int]
"""A topic of the inputs and a stamp (ns)."""


@dataclass(frozen=True)
class Sent:
    """An input as the player sent it.

    Attributes:
        at_ns: moment of sending (time.monotonic_ns, which all processes share).
        delay_ns: from its stamp to its sending on the bag's clock: the sensor's own delay.
    """

    at_ns: int
    delay_ns: int


@dataclass(frozen=True)
class Flow:
    """One kind of result, over all repeats.

    Attributes:
        sent, heard, lost: inputs, their results that reached the listener, and the rest.
        accounted: of the lost ones, those that the node itself says it dropped.
        rate_hz: results a second of playing.
        latency_s: p50, p95, p99 from the input's sending to the result's arrival.
        age_s: the same from the input's stamp.
    """

    sent: int
    heard: int
    accounted: int
    rate_hz: float
    latency_s: tuple[float, float, float]
    age_s: tuple[float, float, float]

    @property
    def lost(self) -> int:
        """Inputs without a result."""
        return self.sent - self.heard


@dataclass(frozen=True)
class Pair:
    """An input and when its result was first heard; None: never."""

    sent: Sent
    heard_ns: int | None


def pair(sent: Mapping[Key, Sent], heard: Iterable[tuple[Key, int]]) -> list[Pair]:
    """Each input with the first result of its stamp; results of nothing sent are an error.

    Raises:
        ValueError: a result with a stamp that no input had.
    """
    first: dict[Key, int] = {}
    for key, at_ns in heard:
        if key not in sent:
            msg = f"a result of {key}: no input had this stamp"
            raise ValueError(msg)
        first.setdefault(key, at_ns)
    return [Pair(entry, first.get(key)) for key, entry in sent.items()]


def flow(pairs: Sequence[Pair], seconds: float, accounted: int) -> Flow:
    """The figures of one kind of result.

    Args:
        pairs: of all repeats.
        seconds: that were played, all repeats together.
        accounted: inputs that the node says it dropped, or that it says were lost on their way.
    """
    latencies = [(p.heard_ns - p.sent.at_ns) * 1e-9 for p in pairs if p.heard_ns is not None]
    ages = [
        (p.heard_ns - p.sent.at_ns + p.sent.delay_ns) * 1e-9
        for p in pairs
        if p.heard_ns is not None
    ]
    return Flow(
        sent=len(pairs),
        heard=len(latencies),
        accounted=min(accounted, len(pairs) - len(latencies)),
        rate_hz=len(latencies) / seconds,
        latency_s=percentiles(latencies),
        age_s=percentiles(ages),
    )


def percentiles(values: Sequence[float]) -> tuple[float, float, float]:
    """p50, p95 and p99 by nearest rank: always a value that occurred; NaN of none."""
    ordered = sorted(values)
    if not ordered:
        return (math.nan, math.nan, math.nan)
    p50, p95, p99 = (ordered[math.ceil(q * len(ordered) / 100) - 1] for q in (50, 95, 99))
    return p50, p95, p99
