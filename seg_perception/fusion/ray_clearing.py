"""Places that a scan looks through: nothing can be there any more.

Told from a picture of ranges in steps of a degree, and only where all that was measured around a
place lies behind it, so that a place on the ground, before which there is nearer ground in the
next step, stays.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_MOST_POINTS = 1 << 15
_STEPS = 360, 180
_NOTHING = np.float32(0)


class NearestRanges:
    """The nearest return of each direction, and of those around it."""

    def __init__(self, xyz: NDArray[np.float32]) -> None:
        """Take a scan's points, float32 (N, 3), metre, sensor frame; of many some."""
        some = xyz[:: -(-len(xyz) // _MOST_POINTS)] if len(xyz) else xyz
        cell, ranges = _directions(some)
        nearest = np.full(_STEPS[0] * _STEPS[1], np.inf, np.float32)
        np.minimum.at(nearest, cell, ranges)
        grid = nearest.reshape(_STEPS)
        # The first column is beside the last one.
        around = np.asarray(cv2.erode(np.pad(grid, ((1, 1), (0, 0)), "wrap"), np.ones((3, 3))))
        # Where nothing comes back, nothing is known.
        self._nearest = np.where(np.isinf(grid), _NOTHING, around[1:-1]).reshape(-1)

    def beyond(self, xyz: NDArray[np.float32], margin_m: float) -> NDArray[np.bool_]:
        """Whether all returns around places lie farther than these, by a margin.

        Args:
            xyz: float32 (M, 3), metre, sensor frame.
            margin_m: by so much at least.
        """
        cell, ranges = _directions(xyz)
        found: NDArray[np.bool_] = self._nearest.take(cell) > ranges + np.float32(margin_m)
        return found


def _directions(xyz: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Number of the step in which each of (N, 3) lies, and how far away it is (metre)."""
    x, y, z = np.ascontiguousarray(xyz.T)
    level = np.hypot(x, y)
    columns, rows = _STEPS
    column = ((np.arctan2(y, x) / np.float32(np.pi) + 1) * (columns / 2)).astype(np.intp)
    row = ((np.arctan2(z, level) / np.float32(np.pi) + np.float32(0.5)) * rows).astype(np.intp)
    np.minimum(row, rows - 1, out=row)
    column %= columns
    return column * rows + row, np.hypot(level, z)
