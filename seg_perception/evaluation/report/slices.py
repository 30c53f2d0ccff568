"""Scores by range, region and condition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seg_perception.evaluation.results import Metric, Slice


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
    def key(self) -> str:
        """Which metric it shows."""
        return self.rows[0].metric.key


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
