"""Reflectivity edges of a scan: jumps of brightness to the lidar along an even surface."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seg_perception.alignment.edge_points import EdgePoints
from seg_perception.alignment.range_image import range_image
from seg_perception.core.types import PointCloud

# Drivers' names of it, the best first: intensity falls with range where reflectivity does not.
_FIELDS = ("reflectivity", "intensity", "i", "reflectance", "signal")
# A jump is this share of all points' brightness by rank, and so many times that on either side.
_JUMP_RANK, _STEEPER = 0.25, 2.5
# ... while the range, which an even surface changes evenly, bends by less than this share of it.
_EVEN_RATIO = 0.02


def reflectivity_edges(cloud: PointCloud, xyz: NDArray[np.float32]) -> EdgePoints:
    """Find the reflectivity edges of a scan, along its rows: beams differ in brightness.

    Args:
        cloud: the scan as it was measured, for its order and brightness.
        xyz: float32 (N, 3), metre, its points as if measured at once.
    """
    name = next((name for name in _FIELDS if name in cloud.fields), None)
    if name is None:
        return EdgePoints(np.zeros((0, 3)), np.zeros((0, 3)))
    image = range_image(cloud)
    ranks = _ranks(cloud.points[name].reshape(-1))
    pairs = _jumps(image.ranges, ranks[image.index], image.index)
    places = xyz.astype(np.float64)
    return EdgePoints(places[pairs[0]], places[pairs[1]])


def _ranks(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """Each value's place among all, 0 to 1: drivers agree about no unit."""
    distinct, index, counts = np.unique(values, return_inverse=True, return_counts=True)
    del distinct
    middle = np.cumsum(counts) - 0.5 * counts
    ranks: NDArray[np.float32] = (middle / len(values)).astype(np.float32)[index.reshape(-1)]
    return ranks


def _jumps(
    ranges: NDArray[np.float32], ranks: NDArray[np.float32], index: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Points before a jump to the next cell of their row, and those behind it: intp (2, N)."""
    if ranges.shape[1] < 4:
        return np.zeros((2, 0), np.intp)
    cells = ranges.shape[1] - 3
    last, near, far, next_ = (ranges[:, k : cells + k] for k in range(4))
    a, b, c, d = (ranks[:, k : cells + k] for k in range(4))
    with np.errstate(invalid="ignore"):
        even = np.maximum(np.abs(last - 2 * near + far), np.abs(near - 2 * far + next_))
        jumps = even < _EVEN_RATIO * near
        jumps &= np.abs(c - b) > np.maximum(
            _JUMP_RANK, _STEEPER * np.maximum(np.abs(b - a), np.abs(d - c))
        )
    row, column = np.nonzero(jumps)
    return np.stack([index[row, column + 1], index[row, column + 2]])
