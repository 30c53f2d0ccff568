"""How right labels are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.transfer_quality.task import PointLabels, Task

THIN = ("trunk", "pole")
BINS = 20


@dataclass(frozen=True)
class Comparison:
    """The points of one prediction that count: those that are labelled, or that could have been.

    Attributes:
        visible: bool (n,), truly visible to one of the cameras.
        labelled: bool (n,).
        right: bool (n,), labelled, visible, and of the right class.
        confidence: float32 (n,).
        truth, labels: uint8 (n,).
    """

    visible: NDArray[np.bool_]
    labelled: NDArray[np.bool_]
    right: NDArray[np.bool_]
    confidence: NDArray[np.float32]
    truth: NDArray[np.uint8]
    labels: NDArray[Any]


def compare(task: Task, predicted: PointLabels) -> Comparison:
    """Compare a prediction with the truth."""
    truth = task.truth
    visible = truth.visible[: len(task.label_maps)].any(axis=0) & truth.measured
    labelled = predicted.labels != task.unknown_id
    counted = np.flatnonzero(visible | labelled)
    right = labelled & visible & (predicted.labels == truth.labels)
    return Comparison(
        visible[counted],
        labelled[counted],
        right[counted],
        predicted.confidence[counted],
        truth.labels[counted],
        predicted.labels[counted],
    )


@dataclass
class Score:
    """Counts over many predictions.

    Attributes:
        thin_ids: class ids whose IoU is wanted.
        visible: points truly visible.
        labelled: points with a label, and of those
        covered: truly visible,
        hidden: not visible to any of the cameras,
        mislabelled: of another class,
        wrong: hidden or of another class.
        times_ms, floor_ms: of each prediction.
    """

    thin_ids: Sequence[int]
    visible: int = 0
    labelled: int = 0
    covered: int = 0
    wrong: int = 0
    hidden: int = 0
    mislabelled: int = 0
    times_ms: list[float] = field(default_factory=list)
    floor_ms: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Start at nothing."""
        self._both = np.zeros(len(self.thin_ids), int)
        self._either = np.zeros(len(self.thin_ids), int)
        # By confidence: labelled points, those that are visible, those that are right; and the
        # sum of confidences.
        self.curve = np.zeros((BINS, 4))

    def add(self, comparison: Comparison, time_ms: float, floor_ms: float) -> None:
        """Count one prediction."""
        labelled = comparison.labelled
        self.visible += int(comparison.visible.sum())
        self.labelled += int(labelled.sum())
        self.covered += int((labelled & comparison.visible).sum())
        self.hidden += int((labelled & ~comparison.visible).sum())
        self.wrong += int((labelled & ~comparison.right).sum())
        self.mislabelled += int((labelled & (comparison.labels != comparison.truth)).sum())
        self.times_ms.append(time_ms)
        self.floor_ms.append(floor_ms)
        for number, one in enumerate(self.thin_ids):
            true, claimed = comparison.truth == one, labelled & (comparison.labels == one)
            self._both[number] += int((true & claimed).sum())
            self._either[number] += int((true | claimed).sum())
        confidence = comparison.confidence[labelled].clip(0, 1)
        place = np.minimum((confidence * BINS).astype(int), BINS - 1)
        for column, value in enumerate(
            (
                np.ones(len(place)),
                comparison.visible[labelled],
                comparison.right[labelled],
                confidence,
            )
        ):
            self.curve[:, column] += np.bincount(place, value, BINS)

    @property
    def coverage(self) -> float:
        """Share of the points truly visible that have a label."""
        return self.covered / max(self.visible, 1)

    @property
    def wrong_share(self) -> float:
        """Share of the labels that are wrong, those of hidden points included."""
        return self.wrong / max(self.labelled, 1)

    def iou(self, number: int) -> float:
        """IoU of a thin class; a visible point without label counts as missed."""
        return float(self._both[number] / max(self._either[number], 1))

    @property
    def calibration_error(self) -> float:
        """Expected calibration error: |share that is right - mean confidence|, by bin."""
        count, _, right, confidence = self.curve.T
        return float(np.abs(right - confidence).sum() / max(count.sum(), 1))

    def purity_by_coverage(self) -> NDArray[np.float64]:
        """(k, 2): coverage and share of wrong labels, keeping ever less confident points."""
        bins = self.curve[::-1]
        kept = bins.cumsum(axis=0)[bins[:, 0] > 0]
        return np.stack([kept[:, 1] / max(self.visible, 1), 1 - kept[:, 2] / kept[:, 0]], axis=1)

    def wrong_at(self, coverage: float) -> float | None:
        """Share of wrong labels once only as many are kept as cover that much; None: never."""
        reached, wrong = self.purity_by_coverage().T
        if not len(reached) or reached[-1] < coverage:
            return None
        return float(np.interp(coverage, reached, wrong))

    def document(self) -> dict[str, Any]:
        """For a JSON file."""
        return {
            "coverage": self.coverage,
            "wrong_share": self.wrong_share,
            "hidden_share": self.hidden / max(self.labelled, 1),
            "wrong_class_share": self.mislabelled / max(self.labelled, 1),
            "iou": [self.iou(number) for number in range(len(self.thin_ids))],
            "calibration_error": self.calibration_error,
            "ms": float(np.median(self.times_ms)),
            "floor_ms": float(np.median(self.floor_ms)),
            "points": {"visible": self.visible, "labelled": self.labelled, "wrong": self.wrong},
            "curve": self.purity_by_coverage().tolist(),
            "bins": self.curve.tolist(),
        }
