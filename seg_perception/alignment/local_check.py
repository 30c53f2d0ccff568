"""Whether a camera still fits as it is placed: turns about none and a few farther ones, summed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from seg_perception.alignment.evidence import Evidence
from seg_perception.alignment.rotation_search import turn
from seg_perception.alignment.sums import Sums

# Turns that are tried: all of pitch and yaw with all of roll (degree).
_STEPS_DEG, _ROLLS_DEG = (-1.0, -0.5, 0.0, 0.5, 1.0), (-1.0, 0.0, 1.0)
_NEAR_DEG = [(p, y, r) for p in _STEPS_DEG for y in _STEPS_DEG for r in _ROLLS_DEG]
# Farther ones about one axis: edges that lie along it or repeat, as those of few things do, fit
# again some degrees away, and a local top there is not the calibration.
_FAR = (-4.0, -3.0, -2.0, 2.0, 3.0, 4.0)
_FAR_DEG = [*((far, 0.0, 0.0) for far in _FAR), *((0.0, far, 0.0) for far in _FAR)]
_TURNS_DEG = np.array([*_NEAR_DEG, *_FAR_DEG])
_NONE = int(np.flatnonzero(~_TURNS_DEG.any(axis=1))[0])
_CHANGES = [turn(one) for one in _TURNS_DEG]
# In units of the scores, whose chance is about 0.3 and whose fit of four moments 1.2 to 7: another
# turn is better by so much, the given one fits from here on.
_BETTER, _FITS = 0.5, 1.5

Answer = Literal["fits", "elsewhere", "unknown"]


@dataclass(frozen=True)
class LocalCheck:
    """What the newest moments say.

    Attributes:
        given: how well the calibration fits as it is.
        best: how well it would with the best of the turns.
    """

    given: float
    best: float

    @classmethod
    def of(cls, moments: Sequence[Sums]) -> LocalCheck:
        """Add moments up; each as `local_sums` gives it."""
        counts, totals = (
            np.concatenate(parts, axis=1)
            for parts in zip(*((one.counts, one.totals) for one in moments), strict=True)
        )
        scores: NDArray[np.float64] = Sums(counts, totals).scores
        return cls(float(scores[_NONE]), float(scores.max()))

    @property
    def answer(self) -> Answer:
        """Whether it fits as it is, with another turn, or nothing is known."""
        if self.best - self.given >= _BETTER:
            return "elsewhere"
        return "fits" if self.given >= _FITS else "unknown"


def local_sums(evidence: Evidence) -> Sums:
    """What the pictures say of the turns about the given calibration."""
    return evidence.sums(_CHANGES)


def edges_in_view(sums: Sums) -> int:
    """How many edges are in view as it is."""
    return int(sums.edges[_NONE])
