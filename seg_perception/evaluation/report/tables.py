"""Tables of a stream: its classes and what they were taken for, and its slices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from seg_perception.evaluation.class_scores import ClassMappingResult, ClassScore, Confusion, Slice
from seg_perception.evaluation.metric import Metric
from seg_perception.reports.heatmap import ConfusionHeatmap

_MISTAKES = 12
_NARROW = 20


@dataclass(frozen=True)
class Mistake:
    """One class taken for another one.

    Attributes:
        share: of the true class, 0 to 1.
        of_errors: of all that is wrong, 0 to 1.
    """

    true: str
    predicted: str
    count: int
    share: float
    of_errors: float


@dataclass(frozen=True)
class MappingView:
    """One class mapping of a stream.

    Attributes:
        result: its numbers.
        rows: the classes that the truth has, the best one first, then those that only the
            prediction has.
        mistakes: the most frequent ones.
        heatmap: the confusion matrix as a drawing.
    """

    result: ClassMappingResult
    rows: tuple[ClassScore, ...]
    mistakes: tuple[Mistake, ...]
    heatmap: Markup

    @property
    def is_wide(self) -> bool:
        """Whether the matrix needs the page's whole width."""
        return len(self.rows) > _NARROW

    @classmethod
    def of(cls, mapping: ClassMappingResult, stream: str) -> MappingView:
        """Arrange a class mapping."""
        found = [c for c in mapping.classes if c.truth or c.predicted]
        rows = sorted(found, key=lambda c: (c.absent, -(c.iou or 0.0), c.name))
        label = f"Confusion matrix of {stream}, {mapping.name}: the table beside it has its largest"
        return cls(
            mapping, tuple(rows), _mistakes(mapping.confusion), _heatmap(mapping.confusion, label)
        )

    @property
    def has_boundaries(self) -> bool:
        """Whether boundaries were measured."""
        return any(c.boundary_iou is not None or c.boundary_f is not None for c in self.rows)

    @property
    def total(self) -> int:
        """Pixels or points that count."""
        return sum(c.truth for c in self.rows)


@dataclass(frozen=True)
class SliceRow:
    """One part: its headline, and its weakest class."""

    value: str
    metric: Metric
    weakest: str
    weakest_iou: float | None


@dataclass(frozen=True)
class SliceTable:
    """The parts along one dimension, in one class mapping."""

    dimension: str
    class_mapping: str
    rows: tuple[SliceRow, ...]

    @property
    def title(self) -> str:
        """Which metric it shows."""
        return self.rows[0].metric.title


def slice_tables(slices: Sequence[Slice]) -> list[SliceTable]:
    """One table a dimension and class mapping, in the order of their first appearance."""
    found: dict[tuple[str, str], list[SliceRow]] = {}
    for entry in slices:
        if entry.metrics:
            found.setdefault((entry.dimension, entry.class_mapping), []).append(_row(entry))
    return [SliceTable(*key, tuple(rows)) for key, rows in found.items()]


def _row(entry: Slice) -> SliceRow:
    known = {name: iou for name, iou in entry.iou.items() if iou is not None}
    weakest = min(known, key=lambda name: known[name], default="")
    return SliceRow(entry.value, entry.metrics[0], weakest, known.get(weakest))


def _mistakes(confusion: Confusion) -> tuple[Mistake, ...]:
    counts = np.array(confusion.counts, np.int64).reshape(len(confusion.rows), -1)
    wrong = [entry for entry in _off_diagonal(confusion) if entry[2]]
    errors = sum(entry[2] for entry in wrong)
    sums = dict(zip(confusion.rows, counts.sum(axis=1).tolist(), strict=True))
    largest = sorted(wrong, key=lambda entry: -entry[2])[:_MISTAKES]
    return tuple(
        Mistake(true, predicted, count, count / sums[true], count / errors)
        for true, predicted, count in largest
    )


def _off_diagonal(confusion: Confusion) -> Iterator[tuple[str, str, int]]:
    for true, row in zip(confusion.rows, confusion.counts, strict=True):
        for predicted, count in zip(confusion.columns, row, strict=True):
            if true != predicted:
                yield true, predicted, count


def _heatmap(confusion: Confusion, label: str) -> Markup:
    """Without rows and columns that hold nothing."""
    counts = np.array(confusion.counts, np.int64).reshape(len(confusion.rows), -1)
    rows, columns = np.flatnonzero(counts.any(axis=1)), np.flatnonzero(counts.any(axis=0))
    names = [confusion.rows[i] for i in rows], [confusion.columns[i] for i in columns]
    return ConfusionHeatmap(*names, counts[np.ix_(rows, columns)]).svg(label)
