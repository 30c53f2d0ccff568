"""From the counts of a stream to the numbers that people read."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from seg_perception.evaluation.bootstrap import draw, interval
from seg_perception.evaluation.calibration import Calibration, calibration
from seg_perception.evaluation.class_scores import ClassMappingResult, Slice
from seg_perception.evaluation.job import Job, StreamGroundTruth
from seg_perception.evaluation.mapped_classes import MappedClasses
from seg_perception.evaluation.mapping_scores import fold_units, mapping_metrics, score_mapping
from seg_perception.evaluation.metric import Metric, percent_metric
from seg_perception.evaluation.scores import ClassCounts, Floats, LabelCounts
from seg_perception.evaluation.slices import score_slices
from seg_perception.evaluation.stream_statistics import StreamStatistics
from seg_perception.evaluation.time_agreement import CELL_M


@dataclass(frozen=True)
class StreamScores:
    """Everything of a stream that is computed from counts."""

    metrics: tuple[Metric, ...]
    class_mappings: tuple[ClassMappingResult, ...]
    slices: tuple[Slice, ...]
    calibration: Calibration | None


def score_stream(job: Job, entry: StreamGroundTruth, statistics: StreamStatistics) -> StreamScores:
    """Fold the counts into the protocol's class mappings and take their means."""
    first, *others = job.mapped_classes
    is_cloud = entry.kind != "image"
    metrics = [
        *_composite(job, statistics),
        *_pairing(statistics),
        *(_cloud(first, statistics) if is_cloud else ()),
    ]
    # Boundaries are measured in images, and in the classes of the first mapping alone.
    boundaries = None if is_cloud or not statistics.boundaries.any() else statistics.boundaries
    return StreamScores(
        metrics=tuple(metrics),
        class_mappings=(
            score_mapping(first, statistics, boundaries),
            *(score_mapping(other, statistics) for other in others),
        ),
        slices=tuple(score_slices(job, statistics)),
        calibration=calibration(statistics.levels) if statistics.levels.any() else None,
    )


@dataclass(frozen=True, eq=False)
class _Part:
    """One metric of a composite."""

    weight: float
    mapped: MappedClasses
    metric: str

    def of(self, counts: ClassCounts) -> Floats:
        """What it adds, for one or many draws."""
        value: Floats = self.weight * mapping_metrics(self.mapped, counts)[self.metric][1]
        return value


def _composite(job: Job, statistics: StreamStatistics) -> Iterator[Metric]:
    weights = job.protocol.composite
    by_name = {mapped.mapping.name: mapped for mapped in job.mapped_classes}
    split = [(key.partition("."), weight) for key, weight in weights.items()]
    parts = [
        _Part(weight, by_name[mapping], metric)
        for (mapping, _, metric), weight in split
        if mapping in by_name
    ]
    if not parts or len(parts) < len(weights):
        return
    counts = [ClassCounts.of(part.mapped.fold(statistics.pairs)) for part in parts]
    draws = [draw(fold_units(part.mapped, statistics)) for part in parts]
    drawn = [part.of(found) for part, found in zip(parts, draws, strict=True) if found is not None]
    limits = interval(np.sum(drawn, axis=0)) if len(drawn) == len(parts) else (None, None)
    value = sum(float(part.of(found)) for part, found in zip(parts, counts, strict=True))
    text = " + ".join(f"{weight:g} {key}" for key, weight in weights.items())
    n = max(int(found.truth.sum()) for found in counts)
    yield percent_metric("composite", text, value, n, limits=limits)


def _pairing(statistics: StreamStatistics) -> Iterator[Metric]:
    total = statistics.paired + statistics.without_truth + sum(statistics.refused.values())
    value = 100 * statistics.paired / total if total else math.nan
    yield percent_metric("paired", "labels that were scored", value, total)


def _cloud(mapped: MappedClasses, statistics: StreamStatistics) -> Iterator[Metric]:
    found = LabelCounts.of(mapped.fold(statistics.pairs))
    yield percent_metric(
        "purity", "labelled points whose label is right", found.purity, found.labelled
    )
    yield percent_metric(
        "coverage", "points with a true label that got a label", found.coverage, found.total
    )
    if found.expected != found.labelled:
        yield percent_metric(
            "visible_coverage",
            "of the points that a camera sees",
            found.visible_coverage,
            found.expected,
        )
    where = f"cells of {CELL_M:g} m in consecutive clouds"
    if statistics.compared:
        yield percent_metric(
            "time_agreement",
            "cells that keep their label",
            _share(statistics.same, statistics.compared),
            statistics.compared,
            conditions=where,
        )
        yield percent_metric(
            "true_time_agreement",
            "cells whose truth keeps its label: what can be reached",
            _share(statistics.true_same, statistics.true_compared),
            statistics.true_compared,
            conditions=where,
        )


def _share(part: int, whole: int) -> float:
    return 100 * part / whole if whole else math.nan
