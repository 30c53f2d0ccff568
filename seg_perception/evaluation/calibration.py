"""Whether confidence means what it says (Guo et al., ICML 2017).

Confidence comes in 256 levels; right and wrong are counted by level, in whole numbers, and
binned afterwards: a bin holds low <= confidence < high, the last one 1, too.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from seg_perception.evaluation.confusion import Counts, count_pairs
from seg_perception.evaluation.document import Document
from seg_perception.evaluation.metric import Metric

LEVELS = 256
BINS = 15
_TOP = LEVELS - 1


class CalibrationBin(Document):
    """Predictions of about the same confidence (0 to 1).

    Attributes:
        low, high: limits of the bin.
        count: pixels or points.
        confidence: their mean confidence; None in an empty bin.
        accuracy: the share of them that is right; None in an empty bin.
    """

    low: float
    high: float
    count: int
    confidence: float | None
    accuracy: float | None


class Calibration(Document):
    """Whether confidence means what it says.

    Attributes:
        space: what is right or wrong: the model's classes, of which the confidence speaks.
    """

    space: Literal["classes"] = "classes"

    metrics: tuple[Metric, ...]
    bins: tuple[CalibrationBin, ...]


def levels(confidence: NDArray[Any]) -> NDArray[np.uint8]:
    """Confidence in levels, uint8 of the same shape; uint8 is taken as it is, else 0 to 1."""
    if confidence.dtype != np.uint8:
        confidence = np.rint(np.clip(confidence, 0.0, 1.0) * _TOP).astype(np.uint8)
    return confidence


def count_levels(
    confidence: NDArray[np.uint8], right: NDArray[np.bool_], counted: NDArray[np.bool_]
) -> Counts:
    """int64 (256, 2): wrong and right ones by level.

    Args:
        confidence: uint8, in levels.
        right: the same shape, whether the label is right.
        counted: the same shape, whether it counts at all.
    """
    outcome = np.where(counted, right.astype(np.uint8), np.uint8(2))
    return count_pairs(confidence, outcome, LEVELS)[:, :2]


def mean_confidence(counts: Counts) -> float:
    """Percent, of int64 (256, 2) counts by level; NaN where there are none."""
    total = counts.sum(axis=1)
    n = int(total.sum())
    return float(100 * (total * np.arange(LEVELS)).sum() / (_TOP * n)) if n else math.nan


def risk_coverage_area(counts: Counts) -> float:
    """Area under the risk-coverage curve (Geifman et al., 2019), percent; NaN where nothing counts.

    The share of wrong ones among the surest, averaged over all shares that may be taken; of those
    that are equally sure any may come first. It tells how well confidence ranks, whatever it says.

    Args:
        counts: int64 (256, 2), wrong and right ones by level.
    """
    wrong, total = counts[::-1, 0].astype(float), counts[::-1].sum(axis=1).astype(float)
    wrong, total = wrong[total > 0], total[total > 0]
    if not len(total):
        return math.nan
    taken = np.concatenate([[0.0], np.cumsum(total)])
    before = np.concatenate([[0.0], np.cumsum(wrong)])[:-1]
    rate = wrong / total
    # Within a level: (before + rate (x - taken)) / x, integrated from its begin to its end.
    begin, end = taken[:-1], taken[1:]
    growth = np.log(np.divide(end, begin, out=np.ones_like(end), where=begin > 0))
    area = rate * (end - begin) + (before - rate * begin) * growth
    return float(100 * area.sum() / taken[-1])


def calibration(counts: Counts, bins: int = BINS) -> Calibration:
    """Reliability diagram and expected calibration error.

    Args:
        counts: int64 (256, 2), wrong and right ones by level.
        bins: of equal width.
    """
    level = np.arange(LEVELS)
    place = np.minimum(level * bins // _TOP, bins - 1)
    total = counts.sum(axis=1)
    of_bin = np.bincount(place, total, bins)
    surety = np.bincount(place, total * level, bins) / _TOP
    right = np.bincount(place, counts[:, 1], bins)
    filled = of_bin > 0
    entries = tuple(
        CalibrationBin(
            low=n / bins,
            high=(n + 1) / bins,
            count=int(of_bin[n]),
            confidence=float(surety[n] / of_bin[n]) if filled[n] else None,
            accuracy=float(right[n] / of_bin[n]) if filled[n] else None,
        )
        for n in range(bins)
    )
    gaps = np.abs(right - surety)
    metrics = (*_metrics(gaps, of_bin, surety, right), _ranking(counts))
    return Calibration(metrics=metrics, bins=entries)


def _ranking(counts: Counts) -> Metric:
    area, n = risk_coverage_area(counts), int(counts.sum())
    return Metric(
        key="aurc",
        description="share of wrong ones among the surest, averaged over all coverages",
        unit="%",
        value=None if math.isnan(area) else area,
        n=n,
        conditions="of classes",
    )


def _metrics(
    gaps: NDArray[Any], of_bin: NDArray[Any], surety: Any, right: Any
) -> tuple[Metric, ...]:
    n = int(of_bin.sum())
    filled = of_bin > 0
    worst = float((gaps[filled] / of_bin[filled]).max()) if n else math.nan
    values = {
        "ece": ("expected: mean of the bins", gaps.sum() / n if n else math.nan),
        "mce": ("of the worst bin", worst),
        "overconfidence": (
            "mean confidence minus accuracy",
            (surety.sum() - right.sum()) / n if n else math.nan,
        ),
    }
    return tuple(
        Metric(
            key=key,
            description=text,
            unit="%",
            value=None if math.isnan(value) else float(100 * value),
            n=n,
            conditions=f"of classes, {len(of_bin)} bins",
        )
        for key, (text, value) in values.items()
    )
