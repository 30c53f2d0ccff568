"""From the counts of a stream to the numbers that people read."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from seg_perception.evaluation.bootstrap import draw, interval
from seg_perception.evaluation.calibration import Calibration, calibration
from seg_perception.evaluation.class_scores import ClassMappingResult, Slice
from seg_perception.evaluation.confusion import Counts
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
    mapped_classes = job.mapped_classes
    pairs = statistics.pairs
    class_mappings = tuple(
        score_mapping(
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
        slices=tuple(score_slices(job, mapped_classes, statistics)),
        calibration=calibration(statistics.levels) if statistics.levels.any() else None,
    )


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
    yield percent_metric("composite", text, float(value), n, limits=limits)


def _pairing(statistics: StreamStatistics) -> Iterator[Metric]:
    total = statistics.paired + statistics.without_truth + sum(statistics.refused.values())
    value = 100 * statistics.paired / total if total else math.nan
    yield percent_metric("paired", "labels that were scored", value, total)


def _cloud(mapped: MappedClasses, pairs: Counts, statistics: StreamStatistics) -> Iterator[Metric]:
    found = LabelCounts.of(mapped.fold(pairs))
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
