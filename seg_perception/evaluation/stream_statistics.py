"""Everything that is counted of one stream: whole numbers only, so that parts add up exactly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from seg_perception.evaluation.boundary import ROWS
from seg_perception.evaluation.calibration import LEVELS
from seg_perception.evaluation.confusion import ConfusionLayout, Counts
from seg_perception.evaluation.rate_statistics import RateStatistics

SliceKey = tuple[str, str]
UnitKey = tuple[str, str]


@dataclass
class UnitStatistics:
    """What was counted of one unit."""

    frames: int
    pairs: Counts


@dataclass
class StreamStatistics:
    """The counts of one stream.

    Attributes:
        units: by (sequence, unit).
        slices: by (dimension, value).
        levels: int64 (256, 2), wrong and right by confidence.
        slice_levels: the same of slices whose confidence is told.
        slice_pictures: int64 (1, 2), pictures within and beyond the edge of what the model knows.
        boundaries: int64 (7, K).
        same, compared: cells that kept their label, cells seen twice.
        true_same, true_compared: the same of the truth, as far as the truth moves and is rough.
        rate: of the stamps.
        paired, without_truth, without_labels, refused: what became of labels and truths.
        mious: by hundredth of a percent, how many frames have it.
    """

    layout: ConfusionLayout
    classes: int
    units: dict[UnitKey, UnitStatistics] = field(default_factory=dict)
    slices: dict[SliceKey, Counts] = field(default_factory=dict)
    slice_levels: dict[SliceKey, Counts] = field(default_factory=dict)
    slice_pictures: dict[SliceKey, Counts] = field(default_factory=dict)
    levels: Counts = field(default_factory=lambda: np.zeros((LEVELS, 2), np.int64))
    boundaries: Counts = field(init=False)
    same: int = 0
    compared: int = 0
    true_same: int = 0
    true_compared: int = 0
    rate: RateStatistics = field(default_factory=RateStatistics)
    paired: int = 0
    without_truth: int = 0
    without_labels: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    mious: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Make room for the boundaries."""
        self.boundaries = np.zeros((ROWS, self.classes), np.int64)

    @property
    def pairs(self) -> Counts:
        """Of all units: int64, of the shape of the `ConfusionLayout`."""
        total = np.zeros(self.layout.shape, np.int64)
        for unit in self.units.values():
            total += unit.pairs
        return total

    @property
    def median_miou(self) -> float | None:
        """Of the frames, to a hundredth of a percent."""
        half, seen = (sum(self.mious.values()) + 1) // 2, 0
        for hundredth in sorted(self.mious):
            seen += self.mious[hundredth]
            if seen >= half:
                return hundredth / 100
        return None

    def add_pairs(self, unit: UnitKey, pairs: Counts) -> None:
        """Add a frame's pairs, int64 of the shape of the layout, to its unit."""
        entry = self.units.setdefault(
            unit, UnitStatistics(0, np.zeros(self.layout.shape, np.int64))
        )
        entry.frames += 1
        entry.pairs += pairs

    def add_slice(self, key: SliceKey, pairs: Counts) -> None:
        """Add pairs, int64 of the shape of the layout, to a slice."""
        _add(self.slices, key, pairs)

    def add_slice_levels(self, key: SliceKey, levels: Counts) -> None:
        """Add counts of confidence, int64 (256, 2), to a slice."""
        _add(self.slice_levels, key, levels)

    def add_slice_picture(self, key: SliceKey, distance: float) -> None:
        """Add a picture, so far from what the model knows, to a slice."""
        _add(self.slice_pictures, key, np.array([[distance <= 1, distance > 1]], np.int64))

    def merge(self, other: StreamStatistics) -> None:
        """Add what another process counted."""
        for unit, entry in other.units.items():
            mine = self.units.setdefault(unit, UnitStatistics(0, np.zeros_like(entry.pairs)))
            mine.frames += entry.frames
            mine.pairs += entry.pairs
        for key, pairs in other.slices.items():
            self.add_slice(key, pairs)
        for key, levels in other.slice_levels.items():
            self.add_slice_levels(key, levels)
        for key, pictures in other.slice_pictures.items():
            _add(self.slice_pictures, key, pictures)
        self.levels += other.levels
        self.boundaries += other.boundaries
        self.rate.merge(other.rate)
        self.refused.update(other.refused)
        self.mious.update(other.mious)
        for name in _NUMBERS:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def to_json(self) -> dict[str, Any]:
        """Everything, matrices as the entries that are not 0."""
        return {
            "units": [[*key, u.frames, _sparse(u.pairs)] for key, u in self.units.items()],
            "slices": [[*key, _sparse(pairs)] for key, pairs in self.slices.items()],
            "slice_levels": [[*key, _sparse(found)] for key, found in self.slice_levels.items()],
            "slice_pictures": [[*key, _sparse(n)] for key, n in self.slice_pictures.items()],
            "levels": _sparse(self.levels),
            "boundaries": _sparse(self.boundaries),
            "rate": self.rate.to_json(),
            "refused": dict(self.refused),
            "mious": sorted(self.mious.items()),
            **{name: getattr(self, name) for name in _NUMBERS},
        }

    @classmethod
    def from_json(
        cls, data: Mapping[str, Any], layout: ConfusionLayout, classes: int
    ) -> StreamStatistics:
        """What `to_json` gave."""
        statistics = cls(layout, classes)
        for sequence, unit, frames, entries in data["units"]:
            statistics.units[sequence, unit] = UnitStatistics(frames, _dense(entries, layout.shape))
        for dimension, value, entries in data["slices"]:
            statistics.slices[dimension, value] = _dense(entries, layout.shape)
        for dimension, value, entries in data["slice_levels"]:
            statistics.slice_levels[dimension, value] = _dense(entries, statistics.levels.shape)
        for dimension, value, entries in data["slice_pictures"]:
            statistics.slice_pictures[dimension, value] = _dense(entries, (1, 2))
        statistics.levels = _dense(data["levels"], statistics.levels.shape)
        statistics.boundaries = _dense(data["boundaries"], statistics.boundaries.shape)
        statistics.rate = RateStatistics.from_json(data["rate"])
        statistics.refused = Counter(data["refused"])
        statistics.mious = Counter(dict(data["mious"]))
        for name in _NUMBERS:
            setattr(statistics, name, data[name])
        return statistics


_NUMBERS = (
    *("same", "compared", "true_same", "true_compared"),
    *("paired", "without_truth", "without_labels"),
)


def _add(found: dict[SliceKey, Counts], key: SliceKey, counts: Counts) -> None:
    if key in found:
        found[key] += counts
    else:
        found[key] = counts.copy()


def _sparse(matrix: Counts) -> list[list[int]]:
    places = np.nonzero(matrix)
    entries: list[list[int]] = np.column_stack([*places, matrix[places]]).tolist()
    return entries


def _dense(entries: list[list[int]], shape: tuple[int, ...]) -> Counts:
    matrix = np.zeros(shape, np.int64)
    if entries:
        table = np.array(entries, np.int64)
        matrix[table[:, 0], table[:, 1]] = table[:, 2]
    return matrix
