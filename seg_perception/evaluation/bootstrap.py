"""How far a number would move with other sequences (Efron, Annals of Statistics 1979).

Whole units are drawn, sequences or blocks of one, since the frames of a drive resemble
each other. The draws are the same for the same number of units, so that two runs over the
same units can be compared draw by draw.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.types import NANOSECONDS
from seg_perception.evaluation.confusion import Counts
from seg_perception.evaluation.scores import ClassCounts, Floats

DRAWS = 2000
_SEED = 20260101
_LEAST_UNITS = 2
_PERCENTILES = (2.5, 97.5)
SHORTEST_BLOCK_S = 10
MOST_BLOCKS = 64


class BootstrapBlocks:
    """Names the block of a stamp; their number is bounded, however long the drive is."""

    def __init__(self, sequence: str, duration_s: float, start_ns: int | None = None) -> None:
        """Take the drive's name, its length, and the first stamp, where that is known already."""
        self._sequence = sequence
        self._length_s = max(SHORTEST_BLOCK_S, -(-int(duration_s) // MOST_BLOCKS))
        self._start_ns = start_ns

    @property
    def start_ns(self) -> int | None:
        """The first stamp; None before it was asked for."""
        return self._start_ns

    def name(self, stamp_ns: int) -> str:
        """The block, counted from the first stamp that was asked for."""
        if self._start_ns is None:
            self._start_ns = stamp_ns
        number = (stamp_ns - self._start_ns) // (self._length_s * NANOSECONDS)
        first_s = min(max(number, -MOST_BLOCKS), 2 * MOST_BLOCKS) * self._length_s
        return f"{self._sequence} {first_s}-{first_s + self._length_s} s"


def draw(units: Counts) -> ClassCounts | None:
    """The class counts of resampled data.

    Args:
        units: int64 (U, K + 1, K + 3), the folded matrix of each unit.

    Returns:
        Counts of shape (DRAWS, K); None with fewer than two units.
    """
    return resample(ClassCounts.of(units))


def resample(units: ClassCounts) -> ClassCounts | None:
    """The same of the class counts of each unit, (U, K); None with fewer than two units."""
    count = len(units.correct)
    if count < _LEAST_UNITS:
        return None
    random = np.random.default_rng(_SEED)
    weights = random.multinomial(count, np.full(count, 1 / count), size=DRAWS).astype(np.float64)
    # Sums of whole numbers below 2**53: exact, in whatever order they are added.
    return ClassCounts(weights @ units.correct, weights @ units.truth, weights @ units.predicted)


def interval(values: Floats) -> tuple[float | None, float | None]:
    """The middle 95 % of one number's draws (D,); None where it is mostly undefined."""
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
