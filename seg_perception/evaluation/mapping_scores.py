"""From counts to the scores of the classes of one class mapping."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from seg_perception.evaluation.bootstrap import draw, interval, intervals
from seg_perception.evaluation.boundary import boundary_f, boundary_iou
from seg_perception.evaluation.class_scores import ClassMappingResult, ClassScore, Confusion
from seg_perception.evaluation.confusion import Counts
from seg_perception.evaluation.mapped_classes import MappedClasses
from seg_perception.evaluation.metric import Metric, percent_metric
from seg_perception.evaluation.scores import ClassCounts, Floats, known
from seg_perception.evaluation.stream_statistics import StreamStatistics

_OVER = {
    "union": "mean IoU of the classes that truth or prediction has",
    "truth": "mean IoU of the classes that the truth has",
    "all": "mean IoU of all classes, an absent one being 0",
    "nonzero": "mean IoU of the classes above 0",
}


def mapping_metrics(mapped: MappedClasses, counts: ClassCounts) -> dict[str, tuple[str, Floats]]:
    """Description and value of every mean of a class mapping; values () or (D,) for D draws."""
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
    """The folded matrix of each unit in the order of their names: int64 (U, K + 1, K + 3)."""
    units = [unit for _, unit in sorted(statistics.units.items())]
    if not units:
        return np.zeros((0, mapped.size + 1, mapped.size + 3), np.int64)
    return np.stack([mapped.fold(unit.pairs) for unit in units])


def score_mapping(
    mapped: MappedClasses, statistics: StreamStatistics, boundaries: Counts | None = None
) -> ClassMappingResult:
    """The scores of one class mapping.

    Args:
        mapped: the class mapping.
        statistics: of the stream.
        boundaries: int64 (7, K), counted in its classes; None where they were not measured.
    """
    folded = mapped.fold(statistics.pairs)
    counts = ClassCounts.of(folded)
    drawn = draw(fold_units(mapped, statistics))
    limits = {} if drawn is None else mapping_metrics(mapped, drawn)
    n = int(counts.truth.sum())
    metrics = []
    for key, (text, value) in mapping_metrics(mapped, counts).items():
        between = interval(limits[key][1]) if key in limits else (None, None)
        metrics.append(percent_metric(key, text, float(value), n, limits=between))
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
        edges = [[known(value) for value in found] for found in measures]
    for n, (name, color) in enumerate(zip(mapped.names, mapped.colors, strict=True)):
        yield ClassScore(
            id=n,
            name=name,
            color=color,
            truth=int(counts.truth[n]),
            predicted=int(counts.predicted[n]),
            correct=int(counts.correct[n]),
            iou=known(counts.iou[n]),
            precision=known(counts.precision[n]),
            recall=known(counts.recall[n]),
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
        yield percent_metric(
            key, text, value, int(known.size), conditions="classes with a boundary"
        )
