"""The best of everything that was tried, and how far it stands out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_MAD = 1.4826


@dataclass(frozen=True, eq=False)
class Window:
    """A search.

    Attributes:
        top: float64 (D,), the best.
        z: how far it stands above the median of all (robust sigmas).
        distinctness: how far above everything that is not near it (the same).
        sigma: of all, robust, as a score.
    """

    top: NDArray[np.float64]
    z: float
    distinctness: float
    sigma: float

    @classmethod
    def of(
        cls, tried: NDArray[np.float64], scores: NDArray[np.float64], near: NDArray[np.float64]
    ) -> Window:
        """Sum it up.

        Args:
            tried: float64 (P, D).
            scores: float64 (P,).
            near: float64 (D,), within which of the top, along every axis, all is one top.
        """
        at, median = int(scores.argmax()), float(np.median(scores))
        sigma = max(_MAD * float(np.median(np.abs(scores - median))), 1e-9)
        elsewhere = (np.abs(tried - tried[at]) > near).any(axis=1)
        best = float(scores[at])
        other = float(scores[elsewhere].max(initial=median))
        return cls(tried[at], (best - median) / sigma, (best - other) / sigma, sigma)
