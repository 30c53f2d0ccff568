"""What a run must hold: memory, handles, threads and latency flat, the ledger exact."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from soak.record import Record, Sample

# Pairs of points grow with the square of them.
_MOST_POINTS = 400
_LEAST_SAMPLES = 6
_LEAST_RELOADS = 3
# In so long, at full pace, the node is loaded anew about once.
_PART_S = 140.0
# Reasons that only messages that were planted have.
_PLANTED = {"bad_image", "unknown_encoding", "size_mismatch", "bad_cloud"}
# Reasons that nothing in a soak run explains.
_NEVER = {"internal_error", "engine_failed", "bad_calibration"}


@dataclass(frozen=True)
class Limits:
    """What is still flat.

    Attributes:
        memory_mib, memory_mib_per_h: growth of a run, and with every hour of it.
        reload_mib: growth with every reload of the model, in the second half of the run.
        latency_ratio, latency_ms: last third against first, and what is added to that.
    """

    memory_mib: float = 16.0
    memory_mib_per_h: float = 16.0
    reload_mib: float = 1.0
    latency_ratio: float = 1.5
    latency_ms: float = 20.0


@dataclass(frozen=True)
class Verdict:
    """One property: whether it holds, what was measured, what was allowed."""

    name: str
    ok: bool
    measured: str
    bound: str


def judge(record: Record, limits: Limits) -> list[Verdict]:
    """All verdicts on a run."""
    return [
        # Shared pages are no leak: they are resident from their first use on, until all of the
        # middleware's segments are, whose size is fixed.
        _memory("heap and stacks", record, limits, lambda s: s.usage.anon_mib),
        *_reloads(record, limits),
        _level("file descriptors", record, lambda s: s.usage.fds),
        _level("threads", record, lambda s: s.usage.threads),
        _latency(record, limits),
        *_accounting(record),
    ]


def theil_sen(x: Sequence[float], y: Sequence[float]) -> float:
    """The median of the slopes between all pairs of points: a fit that outliers do not move.

    Theil (1950), Sen (1968). More than 400 points are put together to medians of neighbours.

    Raises:
        ValueError: fewer than two points.
    """
    if len(x) < 2:
        msg = f"a slope needs two points, got {len(x)}"
        raise ValueError(msg)
    groups = min(len(x), _MOST_POINTS)
    xs, ys = (
        np.array([np.median(part) for part in np.array_split(np.asarray(v, float), groups)])
        for v in (x, y)
    )
    first, second = np.triu_indices(groups, 1)
    return float(np.median((ys[second] - ys[first]) / (xs[second] - xs[first])))


def _memory(name: str, record: Record, limits: Limits, value: Callable[[Sample], float]) -> Verdict:
    samples = record.warm()
    if len(samples) < _LEAST_SAMPLES:
        return _too_short(name, samples)
    # A burst, and what piles up while the process is stopped, stay with the middleware until its
    # readers are made anew: what a run must not raise is the level to which memory comes down.
    low = _lows(samples, value)
    span_s = samples[-1].time_s - samples[0].time_s
    times = np.linspace(0.0, span_s, len(low)).tolist()
    growth = theil_sen(times, low) * span_s
    bound = limits.memory_mib + limits.memory_mib_per_h * span_s / 3600
    highest = max(value(s) for s in samples)
    measured = f"comes down to {low[-1]:.0f} MiB ({growth:+.1f}), at most {highest:.0f} MiB"
    return Verdict(name, growth <= bound, measured, f"{bound:+.1f} MiB in the run")


def _reloads(record: Record, limits: Limits) -> Iterator[Verdict]:
    """What stays of every reload: the lowest level between one and the next, where there are some.

    As for the whole run, what a burst leaves with the middleware until a reload is no growth.
    """
    ends = [e.end_s for e in record.events if e.name == "reloaded" and e.end_s > record.seconds / 2]
    between = [
        [s.usage.anon_mib for s in record.samples if begin <= s.time_s < end]
        for begin, end in itertools.pairwise(ends)
    ]
    low = [min(values) for values in between if values]
    if len(low) >= _LEAST_RELOADS:
        growth = theil_sen(range(len(low)), low)
        levels = ", ".join(f"{value:.0f}" for value in low)
        measured = f"{growth:+.2f} MiB a reload ({levels})"
        bound = f"{limits.reload_mib:+.1f} MiB"
        yield Verdict("heap and stacks after reloads", growth < limits.reload_mib, measured, bound)


def _lows(samples: Sequence[Sample], value: Callable[[Sample], float]) -> list[float]:
    """The lowest value of each part of a run, two parts at least."""
    span_s = samples[-1].time_s - samples[0].time_s
    parts = max(2, int(span_s / _PART_S))
    edges = [round(n * len(samples) / parts) for n in range(parts + 1)]
    return [min(map(value, samples[a:b])) for a, b in itertools.pairwise(edges)]


def _level(name: str, record: Record, value: Callable[[Sample], int]) -> Verdict:
    samples = record.settled()
    if len(samples) < _LEAST_SAMPLES:
        return _too_short(name, samples)
    before, after = (statistics.mode(value(s) for s in part) for part in _thirds(samples))
    return Verdict(name, after <= before, f"{before}, at the end {after}", "not more at the end")


def _latency(record: Record, limits: Limits) -> Verdict:
    name = "latency, last third to first"
    first, last = _thirds(record.settled())
    bound = f"{limits.latency_ratio:g} times and {limits.latency_ms:g} ms"
    lines, ok = [], True
    for stream in record.streams:
        parts = [[s.latency_ms[stream] for s in p if stream in s.latency_ms] for p in (first, last)]
        if not all(parts):
            return Verdict(name, ok=False, measured=f"{stream}: no results", bound=bound)
        before, after = map(statistics.median, parts)
        ok &= after <= before * limits.latency_ratio + limits.latency_ms
        lines.append(f"{stream} {before:.0f} to {after:.0f} ms ({after / before:.2f})")
    return Verdict(name, ok and bool(lines), "; ".join(lines), bound)


def _accounting(record: Record) -> Iterator[Verdict]:
    yield Verdict(
        "received = published + dropped + in flight",
        record.statuses > 0
        and not record.unbalanced
        and all(s.balanced and not s.in_flight for s in record.streams.values()),
        f"{record.unbalanced} of {record.statuses} statuses and "
        f"{sum(not s.balanced for s in record.streams.values())} final accounts did not",
        "always, and nothing is in flight at the end",
    )
    missing = {name: _missing(record, name) for name in record.sent}
    unsettled = {name: count.get("unsettled", 0) for name, count in record.sent.items()}
    sent = sum(unsettled.values()) + sum(count.get("sent", 0) for count in record.sent.values())
    yield Verdict(
        "received + lost in transport = sent",
        all(0 <= missing[name] <= unsettled[name] for name in missing) and bool(missing),
        f"{sent} sent, {sum(missing.values())} not received",
        f"of those {sum(unsettled.values())} that were sent around a transition",
    )
    yield from _names(record)


def _missing(record: Record, name: str) -> int:
    count, total = record.sent[name], record.streams.get(name)
    arrived = total.received + total.lost if total else 0
    return count.get("sent", 0) + count.get("unsettled", 0) - arrived


def _names(record: Record) -> Iterator[Verdict]:
    planted = {n: {r: c for r, c in count.items() if c} for n, count in record.planted.items()}
    found = {
        name: {r: n for r, n in total.dropped.items() if r in _PLANTED and n}
        for name, total in record.streams.items()
    }
    found = {name: reasons for name, reasons in found.items() if reasons}
    same = {n: r for n, r in planted.items() if r} == found
    amount = sum(sum(reasons.values()) for reasons in planted.values())
    measured = (
        f"{amount} planted, all dropped under their reason" if same else f"{planted}: {found}"
    )
    yield Verdict("damaged messages are named", same, measured, "the counts of each reason agree")
    never = {
        f"{name} {reason}": n
        for name, total in record.streams.items()
        for reason, n in total.dropped.items()
        if reason in _NEVER
    }
    yield Verdict("no fault of the node's own", not never, f"{never or 'none'}", "none")
    noticed = record.noticed_jumps >= record.back_jumps
    faults = [*record.missing_warnings, *record.troubles]
    faults += [] if noticed else [f"{record.noticed_jumps} of {record.back_jumps} jumps noticed"]
    yield Verdict(
        "faults are named, requests answered", not faults, "; ".join(faults) or "all", "all"
    )


def _thirds(samples: Sequence[Sample]) -> tuple[Sequence[Sample], Sequence[Sample]]:
    """The first and the last third."""
    third = max(1, len(samples) // 3)
    return samples[:third], samples[-third:]


def _too_short(name: str, samples: Sequence[Sample]) -> Verdict:
    measured = f"{len(samples)} calm samples after the warm-up"
    return Verdict(name, ok=False, measured=measured, bound=f"at least {_LEAST_SAMPLES}")
