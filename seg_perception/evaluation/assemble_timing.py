"""Puts the timing of a run's parts together."""

from __future__ import annotations

from collections.abc import Sequence

from seg_perception.core.durations import Durations, bin_edge_s
from seg_perception.core.message_accounting import StreamCount
from seg_perception.evaluation.job import Job
from seg_perception.evaluation.scores import known
from seg_perception.evaluation.shard_writer import ShardResult, merge_statistics
from seg_perception.evaluation.timing import StageTiming, StreamTiming, Timing

# A histogram for people: the fine bins, so many at a time.
_COARSE = 12


def collect_timing(job: Job, parts: Sequence[ShardResult]) -> Timing:
    """Stages over all parts, and what became of the messages of each stream."""
    stages: dict[str, Durations] = {}
    for part in parts:
        for name, (entries, longest_s) in part.stages.items():
            histogram = stages.setdefault(name, Durations())
            counts, _ = Durations().counts()
            for place, number in entries:
                counts[place] = number
            histogram.add_counts(counts, longest_s)
    counts_by_stream: dict[str, StreamCount] = {}
    for part in parts:
        for name, count in part.counts.items():
            counts_by_stream[name] = add_counts(counts_by_stream.get(name), count)
    names = dict.fromkeys([*counts_by_stream, *(entry.stream for entry in job.streams)])
    return Timing(
        stages=tuple(_stage(name, histogram) for name, histogram in stages.items()),
        streams=tuple(
            _stream_timing(job, name, counts_by_stream.get(name), parts) for name in names
        ),
    )


def _stream_timing(
    job: Job, name: str, count: StreamCount | None, parts: Sequence[ShardResult]
) -> StreamTiming:
    scored = any(entry.stream == name for entry in job.streams)
    statistics = merge_statistics(parts, name, job) if scored else None
    if count is None:
        labels = 0 if statistics is None else statistics.paired + statistics.without_truth
        labels += 0 if statistics is None else sum(statistics.refused.values())
        count = StreamCount(labels, labels, {}, 0)
    rate = statistics.rate if statistics else None
    return StreamTiming(
        stream=name,
        received=count.received,
        published=count.published,
        dropped=dict(count.dropped),
        in_flight=count.in_flight,
        rate_hz=rate.rate_hz if rate else None,
        jitter_s=rate.jitter_s if rate else None,
        missed=rate.missed if rate else 0,
    )


def add_counts(first: StreamCount | None, second: StreamCount) -> StreamCount:
    """What became of the messages of a stream in two parts."""
    if first is None:
        return second
    reasons = dict.fromkeys([*first.dropped, *second.dropped])
    return StreamCount(
        first.received + second.received,
        first.published + second.published,
        {r: first.dropped.get(r, 0) + second.dropped.get(r, 0) for r in reasons},
        first.in_flight + second.in_flight,
    )


def _stage(name: str, histogram: Durations) -> StageTiming:
    figures = histogram.percentiles()
    counts, _ = histogram.counts()
    filled = counts.nonzero()[0]
    edges: list[float] = []
    coarse: list[int] = []
    if filled.size:
        first = int(filled[0]) // _COARSE * _COARSE
        last = (int(filled[-1]) // _COARSE + 1) * _COARSE
        starts = range(first, last, _COARSE)
        coarse = [int(counts[start : start + _COARSE].sum()) for start in starts]
        edges = [bin_edge_s(start) for start in (*starts, last)]
    return StageTiming(
        stage=name,
        count=figures.count,
        p50_s=known(figures.p50_s),
        p95_s=known(figures.p95_s),
        p99_s=known(figures.p99_s),
        max_s=known(figures.max_s),
        edges_s=tuple(edges),
        counts=tuple(coarse),
    )
