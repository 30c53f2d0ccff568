"""Whether there is any of a phrase, from a map of where it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Of a picture: what is smaller is hardly there.
_SHARE = 0.005


def best_mean(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean of the best half percent of each map's pixels, float32 (P,), of (P, h, w)."""
    flat = maps.reshape(len(maps), -1)
    count = max(1, round(flat.shape[1] * _SHARE))
    best = np.partition(flat, flat.shape[1] - count, axis=1)[:, -count:]
    return np.asarray(best.mean(axis=1), np.float32)
