"""Scores of parts: by range or region, by sequence, and by what is known of it."""

from __future__ import annotations

from collections.abc import Iterator

from seg_perception.evaluation.class_scores import Slice
from seg_perception.evaluation.confusion import Counts
from seg_perception.evaluation.job import Job
from seg_perception.evaluation.mapped_classes import MappedClasses
from seg_perception.evaluation.mapping_scores import mapping_metrics
from seg_perception.evaluation.metric import percent_metric
from seg_perception.evaluation.scores import ClassCounts, LabelCounts, known
from seg_perception.evaluation.stream_statistics import StreamStatistics


def score_slices(job: Job, statistics: StreamStatistics) -> Iterator[Slice]:
    """Every part, in every class mapping."""
    for mapped in job.mapped_classes:
        for (dimension, value), pairs in statistics.slices.items():
            yield from _slice(mapped, dimension, value, pairs)
        for dimension, value, pairs in _by_condition(job, statistics):
            yield from _slice(mapped, dimension, value, pairs)


def _by_condition(job: Job, statistics: StreamStatistics) -> Iterator[tuple[str, str, Counts]]:
    """Sums over units: by sequence where there are several, and by what is known of them."""
    found: dict[tuple[str, str], Counts] = {}
    sequences = {sequence for sequence, _ in statistics.units}
    for (sequence, _), unit in sorted(statistics.units.items()):
        keys = list(job.conditions.get(sequence, {}).items())
        if len(sequences) > 1:
            keys.append(("sequence", sequence))
        for key in keys:
            found[key] = found[key] + unit.pairs if key in found else unit.pairs.copy()
    for (dimension, value), pairs in sorted(found.items()):
        yield dimension, value, pairs


def _slice(mapped: MappedClasses, dimension: str, value: str, pairs: Counts) -> Iterator[Slice]:
    folded = mapped.fold(pairs)
    counts = ClassCounts.of(folded)
    n = int(counts.truth.sum())
    labels = LabelCounts.of(folded)
    if not labels.total:
        return
    where = f"{dimension} {value}"
    metrics = [
        percent_metric(key, text, float(found), n, conditions=where)
        for key, (text, found) in mapping_metrics(mapped, counts).items()
    ]
    if dimension == "range":
        text = "points with a true label that got a label"
        metrics.append(
            percent_metric("coverage", text, labels.coverage, labels.total, conditions=where)
        )
    yield Slice(
        dimension=dimension,
        value=value,
        class_mapping=mapped.mapping.name,
        metrics=tuple(metrics),
        iou={name: known(iou) for name, iou in zip(mapped.names, counts.iou, strict=True)},
    )
