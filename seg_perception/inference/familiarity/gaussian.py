"""A Gaussian of many numbers from few examples, and distances in its standard deviations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# A number that never differs among the examples may differ by this share of the usual one.
_LEAST_VARIANCE = 1e-3


@dataclass(frozen=True, eq=False)
class Gaussian:
    """A mean, and what makes deviations from it white.

    Attributes:
        mean: float32 (n,).
        whitening: float32 (n, n): a deviation times this has as its length the distance.
    """

    mean: NDArray[np.float32]
    whitening: NDArray[np.float32]

    @classmethod
    def of(cls, examples: NDArray[np.floating]) -> Gaussian:
        """Of examples (N, n), shrunk as Ledoit and Wolf do (2004).

        Numbers are scaled to unit variance before, since shrinking draws all variances together.
        """
        mean = examples.mean(axis=0, dtype=np.float64)
        centred = examples - mean
        variance = (centred**2).mean(axis=0)
        scale = np.sqrt(np.maximum(variance, _LEAST_VARIANCE * variance.mean() + 1e-30))
        covariance = _shrunk(centred / scale)
        inverse = np.linalg.inv(np.linalg.cholesky(covariance)).T
        return cls(mean.astype(np.float32), (inverse / scale[:, None]).astype(np.float32))

    def distances(self, examples: NDArray[np.floating]) -> NDArray[np.float32]:
        """Mahalanobis distances (N,) of examples (N, n)."""
        white = (examples.astype(np.float32) - self.mean) @ self.whitening
        return np.asarray(np.sqrt(np.einsum("ij,ij->i", white, white)), np.float32)


def _shrunk(centred: NDArray[np.float64]) -> NDArray[np.float64]:
    """Covariance (n, n) of centred examples (N, n), drawn towards a multiple of the identity."""
    count, size = centred.shape
    sample = centred.T @ centred / count
    mean = np.trace(sample) / size
    spread = (sample**2).sum() - size * mean**2
    squared = centred**2
    noise = ((squared.T @ squared).sum() / count - (sample**2).sum()) / count
    share = min(noise, spread) / spread if spread > 0 else 1.0
    return np.asarray((1 - share) * sample + share * mean * np.eye(size))
