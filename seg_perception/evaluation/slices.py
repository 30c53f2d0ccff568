"""Scores of parts: by range or region, by sequence and what is known of it, by corruption."""

from __future__ import annotations

from collections.abc import Iterator

from seg_perception.evaluation.calibration import calibration, mean_confidence
from seg_perception.evaluation.class_scores import Slice
from seg_perception.evaluation.confusion import Counts
from seg_perception.evaluation.job import Job
from seg_perception.evaluation.mapped_classes import MappedClasses
from seg_perception.evaluation.mapping_scores import mapping_metrics
from seg_perception.evaluation.metric import Metric, percent_metric
from seg_perception.evaluation.scores import ClassCounts, LabelCounts, known
from seg_perception.evaluation.stream_statistics import SliceKey, StreamStatistics

UNTOUCHED = "0"
"""The strength of pictures that no corruption has spoilt."""
_CORRUPTION = "corruption "
_FAMILIARITY = "familiarity"
ALL_PICTURES: SliceKey = (_FAMILIARITY, "")
"""Where all pictures are counted by their familiarity, as they are."""
# Of pictures that are farther than the edge of what the model knows.
_FAR = 1.5


def corrupted(name: str, strength: int) -> SliceKey:
    """The slice of a corruption's strength."""
    return f"{_CORRUPTION}{name}", str(strength)


def familiarity(distance: float) -> SliceKey:
    """The slice of a picture's distance from what the model knows."""
    if distance <= 1:
        return _FAMILIARITY, "known"
    return _FAMILIARITY, f"1 to {_FAR:g}" if distance <= _FAR else f"over {_FAR:g}"


def corruption_of(entry: Slice) -> str:
    """The name of the corruption that a slice is a strength of; empty where it is none."""
    found = entry.dimension.startswith(_CORRUPTION)
    return entry.dimension.removeprefix(_CORRUPTION) if found else ""


def score_slices(job: Job, statistics: StreamStatistics) -> Iterator[Slice]:
    """Every part, in every class mapping."""
    for mapped in job.mapped_classes:
        for (dimension, value), pairs in _counted(statistics):
            told = _levels(statistics, dimension, value), _pictures(statistics, dimension, value)
            yield from _slice(mapped, dimension, value, pairs, *told)
        for dimension, value, pairs in _by_condition(job, statistics):
            yield from _slice(mapped, dimension, value, pairs)


def _counted(statistics: StreamStatistics) -> Iterator[tuple[SliceKey, Counts]]:
    """Each slice; before the strengths of a corruption the pictures as they are."""
    begun = set[str]()
    for key, pairs in statistics.slices.items():
        if key[0].startswith(_CORRUPTION) and key[0] not in begun:
            begun.add(key[0])
            yield (key[0], UNTOUCHED), statistics.pairs
        yield key, pairs


def _levels(statistics: StreamStatistics, dimension: str, value: str) -> Counts | None:
    if dimension.startswith(_CORRUPTION) and value == UNTOUCHED:
        return statistics.levels
    return statistics.slice_levels.get((dimension, value))


def _pictures(statistics: StreamStatistics, dimension: str, value: str) -> Counts | None:
    is_untouched = dimension.startswith(_CORRUPTION) and value == UNTOUCHED
    return statistics.slice_pictures.get(ALL_PICTURES if is_untouched else (dimension, value))


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


def _slice(
    mapped: MappedClasses,
    dimension: str,
    value: str,
    pairs: Counts,
    levels: Counts | None = None,
    pictures: Counts | None = None,
) -> Iterator[Slice]:
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
    if levels is not None and levels.any():
        metrics += list(_confidence(levels, where))
    if pictures is not None:
        text = "pictures beyond the edge of what the model knows"
        beyond, count = int(pictures[0, 1]), int(pictures.sum())
        share = 100 * beyond / count
        metrics.append(percent_metric("unfamiliar", text, share, count, conditions=where))
    yield Slice(
        dimension=dimension,
        value=value,
        class_mapping=mapped.mapping.name,
        metrics=tuple(metrics),
        iou={name: known(iou) for name, iou in zip(mapped.names, counts.iou, strict=True)},
    )


def _confidence(levels: Counts, where: str) -> Iterator[Metric]:
    """How sure the labels are, and how far from right that is."""
    n = int(levels.sum())
    text = "mean confidence of labels whose truth is known"
    yield percent_metric("confidence", text, mean_confidence(levels), n, conditions=where)
    for metric in calibration(levels).metrics:
        if metric.key in {"ece", "overconfidence"}:
            yield metric.model_copy(update={"conditions": where})
