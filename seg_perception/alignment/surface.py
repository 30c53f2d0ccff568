"""A quadratic surface through scores: where its top is, and how far the top moves by chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Directions in which the surface bends down by less than this share of the score are flat.
_FLAT = 0.01


def terms(dimensions: int) -> int:
    """How many terms a surface has."""
    return (dimensions + 1) * (dimensions + 2) // 2


@dataclass(frozen=True, eq=False)
class Surface:
    """A surface over D dimensions, around a place.

    Attributes:
        fit: float64 (terms, P), from scores at the places tried to the surface's terms.
        slope: float64 (D,), at the place.
        inverse_bend: float64 (D, D), inverse of the second derivatives, all of them downwards.
    """

    fit: Array
    slope: Array
    inverse_bend: Array

    @classmethod
    def through(cls, tried: Array, scores: Array) -> Surface:
        """Fit it.

        Args:
            tried: float64 (P, D), around zero.
            scores: float64 (P,).
        """
        dimensions = tried.shape[1]
        upper = np.triu_indices(dimensions)
        products = tried[:, upper[0]] * tried[:, upper[1]]
        fit = np.linalg.pinv(np.concatenate([np.ones((len(tried), 1)), tried, products], axis=1))
        found = fit @ scores
        bend = np.zeros((dimensions, dimensions))
        bend[upper] = found[1 + dimensions :]
        down, ways = np.linalg.eigh(bend + bend.T)
        down = np.minimum(down, -_FLAT * max(float(scores.max()), 1e-9))
        return cls(fit, found[1 : 1 + dimensions], (ways / down) @ ways.T)

    @property
    def top(self) -> Array:
        """Where it is highest, float64 (D,)."""
        top: Array = -self.inverse_bend @ self.slope
        return top

    def spread(self, drawn: Sequence[Array]) -> Array:
        """Standard deviation of the top, float64 (D,): the largest of several ways of drawing.

        Args:
            drawn: each float64 (draws, P), the scores drawn anew.
        """
        dimensions = len(self.slope)
        tops = [(one @ self.fit.T)[:, 1 : 1 + dimensions] @ self.inverse_bend for one in drawn]
        spread: Array = np.max([top.std(axis=0) for top in tops], axis=0)
        return spread
