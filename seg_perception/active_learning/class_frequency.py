"""How many frames of a bag are like this: counts in constant memory."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from seg_perception.active_learning.candidate import Candidate

_BINS = 4096


class Values:
    """Counts values from 0 to 1 in narrow bins."""

    def __init__(self) -> None:
        """Start without any."""
        self._counts = np.zeros(_BINS, np.int64)

    def add(self, value: float) -> None:
        """Count one; NaN is none."""
        if not math.isnan(value):
            self._counts[_bin(value)] += 1

    def at_least(self, value: float) -> int:
        """How many lie in the same bin or above."""
        return int(self._counts[_bin(value) :].sum())


class ClassFrequency:
    """What all frames of a bag are like.

    Attributes:
        frames: how many there are.
        shown: int64 (classes,), how many show each class.
    """

    def __init__(self, class_count: int, min_class_share: float) -> None:
        """Start without any frame."""
        self.frames = 0
        self.shown: NDArray[np.int64] = np.zeros(class_count, np.int64)
        self.uncertainty = Values()
        self.disagreement = Values()
        self.unfamiliarity = Values()
        self._min_share = np.float32(min_class_share)

    def add(self, candidate: Candidate) -> None:
        """Count a frame."""
        self.frames += 1
        self.shown += self.shows(candidate)
        self.uncertainty.add(candidate.uncertainty)
        self.disagreement.add(candidate.disagreement)
        self.unfamiliarity.add(candidate.unfamiliarity)

    def shows(self, candidate: Candidate) -> NDArray[np.bool_]:
        """Which classes have enough of its pixels: bool (classes,)."""
        shares = candidate.shares
        enough: NDArray[np.bool_] = (shares >= self._min_share) & (shares > 0)
        return enough

    def surprise(self, like_it: int) -> float:
        """How telling it is to be one of so few: 0 for all frames, 1 for a single one.

        The information of the event, log(frames / like_it), over the most there can be; so
        values of different kinds can be added.
        """
        if self.frames < 2 or like_it < 1:
            return 0.0
        return math.log(self.frames / like_it) / math.log(self.frames)


def _bin(value: float) -> int:
    return min(int(max(value, 0.0) * _BINS), _BINS - 1)
