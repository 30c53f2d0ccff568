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
    ClassScore,
    Confusion,
    Metric,
    Slice,
    SpaceResult,
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
    spaces: tuple[SpaceResult, ...]
    slices: tuple[Slice, ...]
    calibration: Calibration | None


def score_stream(job: Job, entry: StreamGroundTruth, tally: StreamStatistics) -> StreamScores:
    """Fold the counts into the protocol's spaces and take their means."""
    views = job.views
    pairs = tally.pairs
    spaces = tuple(
        _space(view, pairs, tally, first=view is views[0] and entry.kind == "image")
        for view in views
    )
    metrics = [
        *_composite(job, views, tally),
        *_pairing(tally),
        *(_cloud(views[0], pairs, tally) if entry.kind != "image" else ()),
    ]
    return StreamScores(
        metrics=tuple(metrics),
        spaces=spaces,
        slices=tuple(_slices(job, views, tally)),
        calibration=calibration(tally.levels) if tally.levels.any() else None,
    )


def space_metrics(view: MappedClasses, counts: ClassCounts) -> dict[str, tuple[str, Floats]]:
    """Description and value of every mean of a space, for one or many draws."""
    means = {rule.name: (_OVER[rule.over], counts.mean_iou(rule)) for rule in view.space.means}
    return {
        **means,
        "accuracy": ("share that has its true class; without a label is wrong", counts.accuracy),
        "mean_accuracy": ("mean recall of the classes that the truth has", counts.mean_accuracy),
        "fwiou": (
            "IoU weighted by the truth's share of each class",
            counts.frequency_weighted_iou,
        ),
    }


def fold_units(view: MappedClasses, tally: StreamStatistics) -> Counts:
    """The folded matrix of each unit, in the order of their names."""
    units = [unit for _, unit in sorted(tally.units.items())]
    if not units:
        return np.zeros((0, view.size + 1, view.size + 3), np.int64)
    return np.stack([view.fold(unit.pairs) for unit in units])


def _space(
    view: MappedClasses, pairs: Counts, tally: StreamStatistics, *, first: bool
) -> SpaceResult:
    folded = view.fold(pairs)
    counts = ClassCounts.of(folded)
    drawn = draw(fold_units(view, tally))
    limits = {} if drawn is None else space_metrics(view, drawn)
    n = int(counts.truth.sum())
    metrics = []
    for key, (text, value) in space_metrics(view, counts).items():
        between = interval(limits[key][1]) if key in limits else (None, None)
        metrics.append(_metric(key, text, float(value), n, limits=between))
    boundaries = tally.boundaries if first and tally.boundaries.any() else None
    if boundaries is not None:
        metrics += list(_boundary_metrics(boundaries))
    return SpaceResult(
        name=view.space.name,
        metrics=tuple(metrics),
        classes=tuple(_classes(view, counts, drawn, boundaries)),
        confusion=Confusion(
            rows=view.names,
            columns=(*view.names, "excluded", "no label"),
            counts=tuple(tuple(row[: view.size + 2]) for row in folded[: view.size].tolist()),
        ),
        excluded=view.excluded,
        excluded_truth=int(folded[view.size].sum()),
        excluded_predictions=int(folded[: view.size, view.excluded_column].sum()),
    )


def _classes(
    view: MappedClasses, counts: ClassCounts, drawn: ClassCounts | None, boundaries: Counts | None
) -> Iterator[ClassScore]:
    nothing: list[float | None] = [None] * view.size
    low, high = (nothing, nothing) if drawn is None else intervals(drawn.iou)
    edges = [nothing, nothing]
    if boundaries is not None:
        measures = (boundary_iou(boundaries), boundary_f(boundaries))
        edges = [[_known(value) for value in found] for found in measures]
    for n, (name, color) in enumerate(zip(view.names, view.colors, strict=True)):
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
    job: Job, views: Sequence[MappedClasses], tally: StreamStatistics
) -> Iterator[Metric]:
    weights = job.protocol.composite
    by_name = {view.space.name: view for view in views}
    if not weights or any(key.partition(".")[0] not in by_name for key in weights):
        return
    value: Floats = np.zeros(())
    drawn: Floats | None = np.zeros(1)
    n = 0
    for key, weight in weights.items():
        space, _, name = key.partition(".")
        view = by_name[space]
        counts = ClassCounts.of(view.fold(tally.pairs))
        value = value + weight * space_metrics(view, counts)[name][1]
        n = max(n, int(counts.truth.sum()))
        draws = draw(fold_units(view, tally))
        drawn = (
            None
            if draws is None or drawn is None
            else drawn + weight * space_metrics(view, draws)[name][1]
        )
    limits = (None, None) if drawn is None else interval(drawn)
    text = " + ".join(f"{weight:g} {key}" for key, weight in weights.items())
    yield _metric("composite", text, float(value), n, limits=limits)


def _pairing(tally: StreamStatistics) -> Iterator[Metric]:
    total = tally.paired + tally.without_truth + sum(tally.refused.values())
    value = 100 * tally.paired / total if total else math.nan
    yield _metric("paired", "labels that were scored", value, total)


def _cloud(view: MappedClasses, pairs: Counts, tally: StreamStatistics) -> Iterator[Metric]:
    found = LabelCounts.of(view.fold(pairs))
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
    if tally.compared:
        yield _metric(
            "time_agreement",
            "cells that keep their label",
            _share(tally.same, tally.compared),
            tally.compared,
            conditions=where,
        )
        yield _metric(
            "true_time_agreement",
            "cells whose truth keeps its label: what can be reached",
            _share(tally.true_same, tally.true_compared),
            tally.true_compared,
            conditions=where,
        )


def _slices(job: Job, views: Sequence[MappedClasses], tally: StreamStatistics) -> Iterator[Slice]:
    for view in views:
        for (dimension, value), pairs in tally.slices.items():
            yield from _slice(view, dimension, value, pairs)
        for dimension, value, pairs in _by_condition(job, tally):
            yield from _slice(view, dimension, value, pairs)


def _by_condition(job: Job, tally: StreamStatistics) -> Iterator[tuple[str, str, Counts]]:
    """Sums over units: by sequence where there are several, and by what is known of them."""
    found: dict[tuple[str, str], Counts] = {}
    sequences = {sequence for sequence, _ in tally.units}
    for (sequence, _), unit in sorted(tally.units.items()):
        keys = list(job.conditions.get(sequence, {}).items())
        if len(sequences) > 1:
            keys.append(("sequence", sequence))
        for key in keys:
            found[key] = found[key] + unit.pairs if key in found else unit.pairs.copy()
    for (dimension, value), pairs in sorted(found.items()):
        yield dimension, value, pairs


def _slice(view: MappedClasses, dimension: str, value: str, pairs: Counts) -> Iterator[Slice]:
    folded = view.fold(pairs)
    counts = ClassCounts.of(folded)
    n = int(counts.truth.sum())
    labels = LabelCounts.of(folded)
    if not labels.total:
        return
    where = f"{dimension} {value}"
    metrics = [
        _metric(key, text, float(found), n, conditions=where)
        for key, (text, found) in space_metrics(view, counts).items()
    ]
    if dimension == "range":
        text = "points with a true label that got a label"
        metrics.append(_metric("coverage", text, labels.coverage, labels.total, conditions=where))
    yield Slice(
        dimension=dimension,
        value=value,
        space=view.space.name,
        metrics=tuple(metrics),
        iou={name: _known(iou) for name, iou in zip(view.names, counts.iou, strict=True)},
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
