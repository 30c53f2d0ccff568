"""Everything that is counted of one stream: whole numbers only, so that parts add up exactly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import EvaluationError
from seg_perception.evaluation.agreement import Cells, compare_cells, to_cells
from seg_perception.evaluation.boundary import ROWS, count_boundaries, zone_width
from seg_perception.evaluation.calibration import LEVELS, count_levels, levels
from seg_perception.evaluation.class_mapping import ConfusionLayout, MappedClasses
from seg_perception.evaluation.confusion import Counts, Labels
from seg_perception.evaluation.counting import ClassLookup, ConfusionCounter
from seg_perception.evaluation.protocol import Mean, Protocol
from seg_perception.evaluation.rate_statistics import RateStatistics
from seg_perception.evaluation.results import FrameScore
from seg_perception.evaluation.samples import CloudSample, ImageSample, Sample
from seg_perception.evaluation.scores import ClassCounts

_REGION_ROWS = ("top", "middle", "bottom")
_REGION_COLUMNS = ("left", "centre", "right")
_FRAME_MEAN = Mean(name="miou", over="truth")

SliceKey = tuple[str, str]
UnitKey = tuple[str, str]


class SizeError(EvaluationError):
    """Labels of another size than the truth."""

    reason = "size_mismatch"


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
        levels: int64 (256, 2), right and wrong by confidence.
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
        """Of all units."""
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
        """Add a frame to its unit."""
        entry = self.units.setdefault(
            unit, UnitStatistics(0, np.zeros(self.layout.shape, np.int64))
        )
        entry.frames += 1
        entry.pairs += pairs

    def add_slice(self, key: SliceKey, pairs: Counts) -> None:
        """Add to a slice."""
        if key in self.slices:
            self.slices[key] += pairs
        else:
            self.slices[key] = pairs.copy()

    def merge(self, other: StreamStatistics) -> None:
        """Add what another process counted."""
        for unit, entry in other.units.items():
            mine = self.units.setdefault(unit, UnitStatistics(0, np.zeros_like(entry.pairs)))
            mine.frames += entry.frames
            mine.pairs += entry.pairs
        for key, pairs in other.slices.items():
            self.add_slice(key, pairs)
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


class Scorer:
    """Scores the frames of one stream.

    Attributes:
        statistics: what was counted until now.
    """

    def __init__(
        self,
        stream: str,
        protocol: Protocol,
        mapped: MappedClasses,
        layout: ConfusionLayout,
        *,
        boundary: bool,
    ) -> None:
        """Prepare for one stream.

        Args:
            stream: its name.
            protocol: how to score.
            mapped: the class mapping that ranks frames and that pixel measures are taken in.
            layout: of the pairs.
            boundary: whether to measure boundaries, the costliest of the measures.
        """
        self.statistics = StreamStatistics(layout, mapped.size)
        self._stream = stream
        self._protocol = protocol
        self._mapped = mapped
        self._counter = ConfusionCounter(layout)
        self._lookup = ClassLookup(layout, mapped)
        self._boundary = boundary and self._lookup.measurable
        self._before: tuple[Cells, Cells] | None = None

    def add(self, sample: Sample) -> FrameScore:
        """Score a frame.

        Raises:
            EvaluationError: labels and truth that can't be compared; nothing was counted.
        """
        if isinstance(sample, ImageSample):
            pairs = self._add_image(sample)
        else:
            pairs = self._add_cloud(sample)
        frame = sample.frame
        self.statistics.add_pairs((frame.sequence, frame.unit), pairs)
        self.statistics.paired += 1
        score = self._score(sample, pairs)
        if score.miou is not None:
            self.statistics.mious[round(100 * score.miou)] += 1
        return score

    def _score(self, sample: Sample, pairs: Counts) -> FrameScore:
        counts = ClassCounts.of(self._mapped.fold(pairs))
        accuracy, miou = float(counts.accuracy), float(counts.mean_iou(_FRAME_MEAN))
        n = int(counts.truth.sum())
        return FrameScore(
            stream=self._stream,
            sequence=sample.frame.sequence,
            name=sample.frame.name,
            stamp_ns=sample.frame.stamp_ns,
            n=n,
            accuracy=accuracy if n else None,
            miou=miou if n else None,
        )

    def _add_image(self, sample: ImageSample) -> Counts:
        truth, size = sample.truth, sample.truth.shape[::-1]
        predicted: Any = cv2.resize(sample.predicted, size, interpolation=cv2.INTER_NEAREST_EXACT)
        blocks = {
            key: self._counter.count(truth[block], predicted[block])
            for key, block in _regions(truth.shape)
        }
        for key, pairs in blocks.items():
            self.statistics.add_slice(("region", key), pairs)
        self._measure_pixels(sample, truth, predicted)
        total: Counts = np.sum(list(blocks.values()), axis=0)
        return total

    def _measure_pixels(self, sample: ImageSample, truth: Labels, predicted: Labels) -> None:
        if not self._lookup.measurable:
            return
        true, found = self._lookup.truth(truth), self._lookup.predicted(predicted)
        if sample.confidence is not None:
            size = truth.shape[::-1]
            confidence: Any = cv2.resize(
                sample.confidence, size, interpolation=cv2.INTER_NEAREST_EXACT
            )
            self._add_levels(confidence, true, found)
        if self._boundary:
            width = zone_width(truth.shape, self._protocol.boundary_ratio)
            self.statistics.boundaries += count_boundaries(true, found, self._lookup.classes, width)

    def _add_levels(
        self, confidence: NDArray[np.uint8], true: NDArray[np.uint8], found: NDArray[np.uint8]
    ) -> None:
        # What got no label has no confidence either.
        counted = (true < self._lookup.classes) & (found != self._mapped.none_column)
        self.statistics.levels += count_levels(confidence, true == found, counted)

    def _add_cloud(self, sample: CloudSample) -> Counts:
        if not len(sample.truth) == len(sample.predicted) == len(sample.xyz):
            msg = (
                f"expected labels of the truth's {len(sample.truth)} points, got "
                f"{len(sample.predicted)}; label with output.drop_unlabelled: false"
            )
            raise SizeError(msg)
        distance = np.linalg.norm(sample.xyz, axis=1)
        counted = self._counted(sample)
        with np.errstate(invalid="ignore"):
            measured = np.isfinite(distance) & (distance > 0)
        parts = []
        for key, near in self._ranges(distance, measured):
            pairs = self._counter.count(
                sample.truth[near & counted], sample.predicted[near & counted]
            )
            pairs += self._counter.count_not_seen(sample.truth[near & ~counted])
            parts.append((key, pairs))
        for key, pairs in parts:
            self.statistics.add_slice(("range", key), pairs)
        self._measure_points(sample, measured)
        total: Counts = np.sum([pairs for _, pairs in parts], axis=0)
        return total

    def _counted(self, sample: CloudSample) -> NDArray[np.bool_]:
        """Points that have a label, and those that count as missed."""
        rule = self._protocol.unlabelled_points
        labelled: NDArray[np.bool_] = sample.predicted != self._counter.layout.predicted.unknown_id
        if rule == "all":
            return np.ones_like(labelled)
        if rule == "visible" and sample.visible is not None:
            return labelled | sample.visible
        return labelled

    def _ranges(
        self, distance: NDArray[np.floating[Any]], measured: NDArray[np.bool_]
    ) -> Iterable[tuple[str, NDArray[np.bool_]]]:
        limits = [*self._protocol.ranges_m, np.inf]
        if limits[0] > 0:
            limits = [0.0, *limits]
        for low, high in pairwise(limits):
            name = f"{low:g}-{high:g} m" if np.isfinite(high) else f"over {low:g} m"
            yield name, measured & (distance >= low) & (distance < high)

    def _measure_points(self, sample: CloudSample, measured: NDArray[np.bool_]) -> None:
        if not self._lookup.measurable:
            return
        true, found = self._lookup.truth(sample.truth), self._lookup.predicted(sample.predicted)
        if sample.confidence is not None:
            self._add_levels(levels(sample.confidence)[measured], true[measured], found[measured])
        self._compare_with_before(sample, measured, true, found)

    def _compare_with_before(
        self,
        sample: CloudSample,
        measured: NDArray[np.bool_],
        true: NDArray[np.uint8],
        found: NDArray[np.uint8],
    ) -> None:
        """Of points that have a label and whose truth counts."""
        T = sample.T_fixed_cloud
        if T is None:
            self._before = None
            return
        chosen = measured & (found < self._lookup.classes) & (true < self._lookup.classes)
        xyz = sample.xyz[chosen].astype(np.float64) @ T[:3, :3].T + T[:3, 3]
        now = to_cells(xyz, found[chosen]), to_cells(xyz, true[chosen])
        if self._before is not None:
            compared, same = compare_cells(self._before[0], now[0])
            true_compared, true_same = compare_cells(self._before[1], now[1])
            self.statistics.compared += compared
            self.statistics.same += same
            self.statistics.true_compared += true_compared
            self.statistics.true_same += true_same
        self._before = now


def _regions(shape: tuple[int, ...]) -> Iterable[tuple[str, tuple[slice, slice]]]:
    """Nine parts of an image, by name."""
    for row, rows in zip(_REGION_ROWS, _thirds(shape[0]), strict=True):
        for column, columns in zip(_REGION_COLUMNS, _thirds(shape[1]), strict=True):
            yield f"{row} {column}", (rows, columns)


def _thirds(length: int) -> tuple[slice, slice, slice]:
    first, second = length // 3, 2 * length // 3
    return slice(0, first), slice(first, second), slice(second, length)


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
