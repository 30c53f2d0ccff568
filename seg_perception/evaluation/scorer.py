"""Counts the frames of one stream, and scores each."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import EvaluationError
from seg_perception.evaluation.boundary import count_boundaries, zone_width
from seg_perception.evaluation.calibration import count_levels, levels
from seg_perception.evaluation.class_truth import ClassTruth
from seg_perception.evaluation.confusion import (
    ID_LIMIT,
    ConfusionCounter,
    ConfusionLayout,
    Counts,
    Labels,
)
from seg_perception.evaluation.frame_score import FrameScore
from seg_perception.evaluation.mapped_classes import ClassLookup, MappedClasses
from seg_perception.evaluation.protocol import Mean, Protocol
from seg_perception.evaluation.samples import CloudSample, ImageSample, Sample, SpoiltLabels
from seg_perception.evaluation.scores import ClassCounts
from seg_perception.evaluation.slices import ALL_PICTURES, corrupted, familiarity
from seg_perception.evaluation.stream_statistics import StreamStatistics
from seg_perception.evaluation.time_agreement import Cells, compare_cells, to_cells

_REGION_ROWS = ("top", "middle", "bottom")
_REGION_COLUMNS = ("left", "centre", "right")
_FRAME_MEAN = Mean(name="miou", over="truth")


class SizeError(EvaluationError):
    """Labels of another size than the truth."""

    reason = "size_mismatch"


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
        self._classes = ClassTruth(layout)
        self._no_label = layout.predicted.unknown_id
        self._counts = np.zeros(ID_LIMIT, bool)
        self._counts[: layout.no_truth] = mapped.rows[: layout.no_truth] < mapped.size
        # Where the prediction follows the truth, so would its contours.
        self._boundary = boundary and self._lookup.measurable and not mapped.ambiguous
        self._before: tuple[Cells, Cells] | None = None

    def count_anew(self) -> None:
        """Forget what was counted; the next frame is still compared with the last one."""
        old = self.statistics
        self.statistics = StreamStatistics(old.layout, old.classes, rate=old.rate.following())

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
        truth, predicted = sample.truth, _enlarged(sample.predicted, sample.truth)
        blocks = {
            key: self._counter.count(truth[block], predicted[block])
            for key, block in _regions(truth.shape)
        }
        for key, pairs in blocks.items():
            self.statistics.add_slice(("region", key), pairs)
        total: Counts = np.sum(list(blocks.values()), axis=0)
        if sample.distance is not None:
            self.statistics.add_slice(familiarity(sample.distance), total)
            self.statistics.add_slice_picture(ALL_PICTURES, sample.distance)
        self._measure_pixels(sample, truth, predicted)
        for spoilt in sample.spoilt():
            self._add_spoilt(spoilt, truth)
        return total

    def _measure_pixels(self, sample: ImageSample, truth: Labels, predicted: Labels) -> None:
        if sample.confidence is not None and self._classes.known:
            confidence = _enlarged(sample.confidence, truth)
            counts = self._levels(confidence, truth, predicted)
            self.statistics.levels += counts
            if sample.distance is not None:
                self.statistics.add_slice_levels(familiarity(sample.distance), counts)
        if self._boundary:
            true, found = self._lookup.classes_of(truth, predicted)
            width = zone_width(truth.shape, self._protocol.boundary_ratio)
            self.statistics.boundaries += count_boundaries(true, found, self._lookup.classes, width)

    def _add_spoilt(self, spoilt: SpoiltLabels, truth: Labels) -> None:
        key = corrupted(spoilt.corruption, spoilt.strength)
        predicted = _enlarged(spoilt.predicted, truth)
        self.statistics.add_slice(key, self._counter.count(truth, predicted))
        if spoilt.distance is not None:
            self.statistics.add_slice_picture(key, spoilt.distance)
        if self._classes.known:
            confidence = _enlarged(spoilt.confidence, truth)
            self.statistics.add_slice_levels(key, self._levels(confidence, truth, predicted))

    def _levels(self, confidence: NDArray[np.uint8], truth: Labels, predicted: Labels) -> Counts:
        right, known = self._classes.right(truth, predicted)
        # What got no label has no confidence either.
        counted = known & self._counts[truth] & (predicted != self._no_label)
        return count_levels(confidence, right, counted)

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
        if sample.confidence is not None and self._classes.known:
            confidence = levels(sample.confidence)[measured]
            labels = sample.truth[measured], sample.predicted[measured]
            self.statistics.levels += self._levels(confidence, *labels)
        if not self._lookup.measurable:
            return
        true, found = self._lookup.classes_of(sample.truth, sample.predicted)
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


def _enlarged(labels: Any, truth: Labels) -> Any:
    """In the truth's size, by nearest neighbour."""
    return cv2.resize(labels, truth.shape[::-1], interpolation=cv2.INTER_NEAREST_EXACT)


def _regions(shape: tuple[int, ...]) -> Iterable[tuple[str, tuple[slice, slice]]]:
    """Nine parts of an image, by name."""
    for row, rows in zip(_REGION_ROWS, _thirds(shape[0]), strict=True):
        for column, columns in zip(_REGION_COLUMNS, _thirds(shape[1]), strict=True):
            yield f"{row} {column}", (rows, columns)


def _thirds(length: int) -> tuple[slice, slice, slice]:
    first, second = length // 3, 2 * length // 3
    return slice(0, first), slice(first, second), slice(second, length)
