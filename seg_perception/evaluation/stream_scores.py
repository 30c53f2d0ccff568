"""From the counts of a stream to the numbers that people read."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from seg_perception.evaluation.agreement import CELL_M
from seg_perception.evaluation.bootstrap import draw, interval, intervals
from seg_perception.evaluation.boundary import boundary_f, boundary_iou
from seg_perception.evaluation.calibration import calibration
from seg_perception.evaluation.class_mapping import MappedClasses
from seg_perception.evaluation.confusion import Counts
from seg_perception.evaluation.job import Job, StreamGroundTruth
from seg_perception.evaluation.results import (
    Calibration,
    ClassMappingResult,
    ClassScore,
    Confusion,
    Metric,
    Slice,
)
from seg_perception.evaluation.scores import ClassCounts, Floats, LabelCounts
from seg_perception.evaluation.stream_statistics import StreamStatistics

_OVER = {
    "union": "mean IoU of the classes that truth or prediction has",
    "truth": "mean IoU of the classes that the truth has",
    "all": "mean IoU of all classes, an absent one being 0",
    "nonzero": "mean IoU of the classes above 0",
}


@dataclass(frozen=True)
class StreamScores:
    """Everything of a stream that is computed from counts."""

    metrics: tuple[Metric, ...]
    class_mappings: tuple[ClassMappingResult, ...]
    slices: tuple[Slice, ...]
    calibration: Calibration | None


def score_stream(job: Job, entry: StreamGroundTruth, statistics: StreamStatistics) -> StreamScores:
    """Fold the counts into the protocol's class mappings and take their means."""
    mapped_classes = job.mapped_classes
    pairs = statistics.pairs
    class_mappings = tuple(
        _mapping_result(
            mapped, pairs, statistics, first=mapped is mapped_classes[0] and entry.kind == "image"
        )
        for mapped in mapped_classes
    )
    metrics = [
        *_composite(job, mapped_classes, statistics),
        *_pairing(statistics),
        *(_cloud(mapped_classes[0], pairs, statistics) if entry.kind != "image" else ()),
    ]
    return StreamScores(
        metrics=tuple(metrics),
        class_mappings=class_mappings,
        slices=tuple(_slices(job, mapped_classes, statistics)),
        calibration=calibration(statistics.levels) if statistics.levels.any() else None,
    )


def mapping_metrics(mapped: MappedClasses, counts: ClassCounts) -> dict[str, tuple[str, Floats]]:
    """Description and value of every mean of a class mapping, for one or many draws."""
    means = {rule.name: (_OVER[rule.over], counts.mean_iou(rule)) for rule in mapped.mapping.means}
    return {
        **means,
        "accuracy": ("share that has its true class; without a label is wrong", counts.accuracy),
        "mean_accuracy": ("mean recall of the classes that the truth has", counts.mean_accuracy),
        "fwiou": (
            "IoU weighted by the truth's share of each class",
            counts.frequency_weighted_iou,
        ),
    }


def fold_units(mapped: MappedClasses, statistics: StreamStatistics) -> Counts:
    """The folded matrix of each unit, in the order of their names."""
    units = [unit for _, unit in sorted(statistics.units.items())]
    if not units:
        return np.zeros((0, mapped.size + 1, mapped.size + 3), np.int64)
    return np.stack([mapped.fold(unit.pairs) for unit in units])


def _mapping_result(
    mapped: MappedClasses, pairs: Counts, statistics: StreamStatistics, *, first: bool
) -> ClassMappingResult:
    folded = mapped.fold(pairs)
    counts = ClassCounts.of(folded)
    drawn = draw(fold_units(mapped, statistics))
    limits = {} if drawn is None else mapping_metrics(mapped, drawn)
    n = int(counts.truth.sum())
    metrics = []
    for key, (text, value) in mapping_metrics(mapped, counts).items():
        between = interval(limits[key][1]) if key in limits else (None, None)
        metrics.append(_metric(key, text, float(value), n, limits=between))
    boundaries = statistics.boundaries if first and statistics.boundaries.any() else None
    if boundaries is not None:
        metrics += list(_boundary_metrics(boundaries))
    return ClassMappingResult(
        name=mapped.mapping.name,
        metrics=tuple(metrics),
        classes=tuple(_classes(mapped, counts, drawn, boundaries)),
        confusion=Confusion(
            rows=mapped.names,
            columns=(*mapped.names, "excluded", "no label"),
            counts=tuple(tuple(row[: mapped.size + 2]) for row in folded[: mapped.size].tolist()),
        ),
        excluded=mapped.excluded,
        excluded_truth=int(folded[mapped.size].sum()),
        excluded_predictions=int(folded[: mapped.size, mapped.excluded_column].sum()),
    )


def _classes(
    mapped: MappedClasses, counts: ClassCounts, drawn: ClassCounts | None, boundaries: Counts | None
) -> Iterator[ClassScore]:
    nothing: list[float | None] = [None] * mapped.size
    low, high = (nothing, nothing) if drawn is None else intervals(drawn.iou)
    edges = [nothing, nothing]
    if boundaries is not None:
        measures = (boundary_iou(boundaries), boundary_f(boundaries))
        edges = [[_known(value) for value in found] for found in measures]
    for n, (name, color) in enumerate(zip(mapped.names, mapped.colors, strict=True)):
        yield ClassScore(
            id=n,
            name=name,
            color=color,
            truth=int(counts.truth[n]),
            predicted=int(counts.predicted[n]),
            correct=int(counts.correct[n]),
            iou=_known(counts.iou[n]),
            precision=_known(counts.precision[n]),
            recall=_known(counts.recall[n]),
            low=low[n],
            high=high[n],
            boundary_iou=edges[0][n],
            boundary_f=edges[1][n],
        )


def _boundary_metrics(boundaries: Counts) -> Iterator[Metric]:
    for key, text, values in (
        ("boundary_iou", "mean boundary IoU", boundary_iou(boundaries)),
        ("boundary_f", "mean boundary F", boundary_f(boundaries)),
    ):
        known = values[~np.isnan(values)]
        value = float(known.mean()) if known.size else math.nan
        yield _metric(key, text, value, int(known.size), conditions="classes with a boundary")


def _composite(
    job: Job, mapped_classes: Sequence[MappedClasses], statistics: StreamStatistics
) -> Iterator[Metric]:
    weights = job.protocol.composite
    by_name = {mapped.mapping.name: mapped for mapped in mapped_classes}
    if not weights or any(key.partition(".")[0] not in by_name for key in weights):
        return
    value: Floats = np.zeros(())
    drawn: Floats | None = np.zeros(1)
    n = 0
    for key, weight in weights.items():
        mapping, _, name = key.partition(".")
        mapped = by_name[mapping]
        counts = ClassCounts.of(mapped.fold(statistics.pairs))
        value = value + weight * mapping_metrics(mapped, counts)[name][1]
        n = max(n, int(counts.truth.sum()))
        draws = draw(fold_units(mapped, statistics))
        drawn = (
            None
            if draws is None or drawn is None
            else drawn + weight * mapping_metrics(mapped, draws)[name][1]
        )
    limits = (None, None) if drawn is None else interval(drawn)
    text = " + ".join(f"{weight:g} {key}" for key, weight in weights.items())
    yield _metric("composite", text, float(value), n, limits=limits)


def _pairing(statistics: StreamStatistics) -> Iterator[Metric]:
    total = statistics.paired + statistics.without_truth + sum(statistics.refused.values())
    value = 100 * statistics.paired / total if total else math.nan
    yield _metric("paired", "labels that were scored", value, total)


def _cloud(mapped: MappedClasses, pairs: Counts, statistics: StreamStatistics) -> Iterator[Metric]:
    found = LabelCounts.of(mapped.fold(pairs))
    yield _metric("purity", "labelled points whose label is right", found.purity, found.labelled)
    yield _metric(
        "coverage", "points with a true label that got a label", found.coverage, found.total
    )
    if found.expected != found.labelled:
        yield _metric(
            "visible_coverage",
            "of the points that a camera sees",
            found.visible_coverage,
            found.expected,
        )
    where = f"cells of {CELL_M:g} m in consecutive clouds"
    if statistics.compared:
        yield _metric(
            "time_agreement",
            "cells that keep their label",
            _share(statistics.same, statistics.compared),
            statistics.compared,
            conditions=where,
        )
        yield _metric(
            "true_time_agreement",
            "cells whose truth keeps its label: what can be reached",
            _share(statistics.true_same, statistics.true_compared),
            statistics.true_compared,
            conditions=where,
        )


def _slices(
    job: Job, mapped_classes: Sequence[MappedClasses], statistics: StreamStatistics
) -> Iterator[Slice]:
    for mapped in mapped_classes:
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
        _metric(key, text, float(found), n, conditions=where)
        for key, (text, found) in mapping_metrics(mapped, counts).items()
    ]
    if dimension == "range":
        text = "points with a true label that got a label"
        metrics.append(_metric("coverage", text, labels.coverage, labels.total, conditions=where))
    yield Slice(
        dimension=dimension,
        value=value,
        class_mapping=mapped.mapping.name,
        metrics=tuple(metrics),
        iou={name: _known(iou) for name, iou in zip(mapped.names, counts.iou, strict=True)},
    )


def _metric(
    key: str,
    description: str,
    value: float,
    n: int,
    *,
    conditions: str = "",
    limits: tuple[float | None, float | None] = (None, None),
) -> Metric:
    return Metric(
        key=key,
        description=description,
        unit="%",
        value=_known(value),
        n=n,
        conditions=conditions,
        low=limits[0],
        high=limits[1],
    )


def _share(part: int, whole: int) -> float:
    return 100 * part / whole if whole else math.nan


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
