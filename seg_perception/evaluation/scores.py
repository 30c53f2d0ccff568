"""Scores of counts by class. All are in percent; NaN where nothing is defined."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.evaluation.confusion import Counts
from seg_perception.evaluation.protocol import Mean

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ClassCounts:
    """What the scores of classes depend on, for one or many draws of the data.

    Scores by class are float64 (..., K), means of them float64 (...).

    Attributes:
        correct, truth, predicted: (..., K), pixels or points by class: right ones, true ones,
            and those predicted so among the counted.
    """

    correct: NDArray[np.int64] | Floats
    truth: NDArray[np.int64] | Floats
    predicted: NDArray[np.int64] | Floats

    @classmethod
    def of(cls, folded: Counts) -> ClassCounts:
        """Of a folded matrix, int64 (..., K + 1, K + 3), as `MappedClasses.fold` gives it."""
        size = folded.shape[-2] - 1
        counted = folded[..., :size, :]
        classes = counted[..., :size]
        return cls(
            correct=np.diagonal(classes, axis1=-2, axis2=-1),
            # The last column does not count.
            truth=counted[..., : size + 2].sum(axis=-1),
            predicted=classes.sum(axis=-2),
        )

    @property
    def iou(self) -> Floats:
        """Intersection over union (..., K) (Everingham et al., IJCV 2010, eq. 4)."""
        return percent(self.correct, self.truth + self.predicted - self.correct)

    @property
    def precision(self) -> Floats:
        """Right ones among those predicted so (..., K)."""
        return percent(self.correct, self.predicted)

    @property
    def recall(self) -> Floats:
        """Right ones among the true ones (..., K): the accuracy of a class."""
        return percent(self.correct, self.truth)

    @property
    def accuracy(self) -> Floats:
        """Right ones among all (...); what got no label is wrong."""
        return percent(self.correct.sum(axis=-1), self.truth.sum(axis=-1))

    @property
    def mean_accuracy(self) -> Floats:
        """Mean recall (...) of the classes that the truth has."""
        return mean(self.recall, self.truth > 0)

    @property
    def frequency_weighted_iou(self) -> Floats:
        """IoU weighted by the truth's share of each class (...) (Long et al., CVPR 2015)."""
        weighted = np.where(self.truth > 0, np.nan_to_num(self.iou) * self.truth, 0.0)
        return ratio(weighted.sum(axis=-1), self.truth.sum(axis=-1))

    def mean_iou(self, rule: Mean) -> Floats:
        """The mean (...) over the classes that a rule takes."""
        iou = self.iou
        if rule.over == "all":
            return mean(np.nan_to_num(iou), np.ones(iou.shape, bool))
        if rule.over == "truth":
            return mean(iou, self.truth > 0)
        if rule.over == "nonzero":
            return mean(iou, self.correct > 0)
        return mean(iou, self.truth + self.predicted > 0)


@dataclass(frozen=True)
class LabelCounts:
    """What became of the pixels or points whose true class counts.

    Attributes:
        right: those that got their true class.
        labelled: those that got a label at all.
        expected: those that got one, and those that missed one although a camera sees them.
        total: all, whether a camera sees them or not.
    """

    right: int
    labelled: int
    expected: int
    total: int

    @classmethod
    def of(cls, folded: Counts) -> LabelCounts:
        """Of a folded matrix, int64 (K + 1, K + 3): row truth, column prediction."""
        size = folded.shape[0] - 1
        counted = folded[:size]
        labelled = int(counted[:, : size + 1].sum())
        return cls(
            right=int(np.trace(counted[:, :size])),
            labelled=labelled,
            expected=labelled + int(counted[:, size + 1].sum()),
            total=int(counted.sum()),
        )

    @property
    def purity(self) -> float:
        """Percent of the labelled ones whose label is right."""
        return float(percent(np.asarray(self.right), np.asarray(self.labelled)))

    @property
    def coverage(self) -> float:
        """Percent of all that got a label."""
        return float(percent(np.asarray(self.labelled), np.asarray(self.total)))

    @property
    def visible_coverage(self) -> float:
        """Percent of those that a camera sees which got a label."""
        return float(percent(np.asarray(self.labelled), np.asarray(self.expected)))


def percent(part: NDArray[Any], whole: NDArray[Any]) -> Floats:
    """100 part / whole, float64 of the same shape as both; NaN where the whole is 0."""
    return ratio(100 * np.asarray(part, np.float64), whole)


def mean(values: Floats, chosen: NDArray[np.bool_]) -> Floats:
    """Mean of the chosen ones of values (..., K), float64 (...); NaN where none is chosen."""
    return ratio(np.where(chosen, values, 0.0).sum(axis=-1), chosen.sum(axis=-1))


def ratio(part: NDArray[Any], whole: NDArray[Any]) -> Floats:
    """Part / whole, float64 of the same shape as both; NaN where the whole is 0."""
    part, whole = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    return np.asarray(np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole != 0))


def known(value: float) -> float | None:
    """The value; None where it is not defined (NaN)."""
    return None if math.isnan(value) else float(value)
