"""How far a number would move with other sequences (Efron, Annals of Statistics 1979).

Whole units are drawn, sequences or blocks of one, since the frames of a drive resemble
each other. The draws are the same for the same number of units, so that two runs over the
same units can be compared draw by draw.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seg_perception.evaluation.confusion import Counts
from seg_perception.evaluation.scores import ClassCounts, Floats

DRAWS = 2000
_SEED = 20260101
_LEAST_UNITS = 2
_PERCENTILES = (2.5, 97.5)


def draw(units: Counts) -> ClassCounts | None:
    """The class counts of resampled data.

    Args:
        units: int64 (U, K + 1, K + 3), the folded matrix of each unit.

    Returns:
        Counts of shape (DRAWS, K); None with fewer than two units.
    """
    count = len(units)
    if count < _LEAST_UNITS:
        return None
    random = np.random.default_rng(_SEED)
    weights = random.multinomial(count, np.full(count, 1 / count), size=DRAWS).astype(np.float64)
    of_units = ClassCounts.of(units)
    # Sums of whole numbers below 2**53: exact, in whatever order they are added.
    return ClassCounts(
        weights @ of_units.correct, weights @ of_units.truth, weights @ of_units.predicted
    )


def interval(values: Floats) -> tuple[float | None, float | None]:
    """The middle 95 % of the draws of one number; None where it is mostly undefined."""
    low, high = intervals(values[:, None])
    return low[0], high[0]


def intervals(values: Floats) -> tuple[list[float | None], list[float | None]]:
    """The middle 95 % of the draws of several numbers, (DRAWS, K)."""
    low: list[float | None] = []
    high: list[float | None] = []
    for column in values.T:
        known = column[~np.isnan(column)]
        enough = len(known) > len(column) // 2
        limits: NDArray[np.float64] = np.percentile(known, _PERCENTILES) if enough else np.zeros(2)
        low.append(float(limits[0]) if enough else None)
        high.append(float(limits[1]) if enough else None)
    return low, high
