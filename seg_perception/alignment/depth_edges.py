"""Depth edges of a scan: points before a jump of range, and where the camera sees past them.

Jumps of range as edges of things, as in J. Levinson and S. Thrun, Automatic Online Calibration
of Cameras and Lasers (RSS 2013).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from seg_perception.alignment.edge_points import EdgePoints
from seg_perception.alignment.range_image import RangeImage, range_image
from seg_perception.core.types import PointCloud

# A jump is a step away of at least so much, and of this share of the range.
_JUMP_M, _JUMP_RATIO = 0.5, 0.1
# ... and so many times steeper, in inverse range, than the surfaces on either side: that of a
# plane rises evenly, however flat a beam meets it.
_STEEPER = 3.0
# The surface before the jump may fall off by this share of its range.
_SAME_SURFACE_RATIO = 0.1


def depth_edges(cloud: PointCloud, xyz: NDArray[np.float32]) -> EdgePoints:
    """Find the depth edges of a scan, along its rows and along its columns.

    An edge is the last point on the near thing; outside, one step on, the camera sees past it.

    Args:
        cloud: the scan as it was measured, for its order.
        xyz: float32 (N, 3), metre, its points as if measured at once.
    """
    image = range_image(cloud)
    edge, far = np.concatenate([_jumps(*way) for way in _four_ways(image)], axis=1)
    places = xyz.astype(np.float64)
    ranges = np.linalg.norm(places, axis=1)
    shorten = (ranges[edge] / np.maximum(ranges[far], 1e-9))[:, None]
    return EdgePoints(places[edge], places[far] * shorten)


def _four_ways(
    image: RangeImage,
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.intp]]]:
    """The image so turned that each way of looking runs along its rows."""
    for ranges, index in ((image.ranges, image.index), (image.ranges.T, image.index.T)):
        yield ranges, index
        yield ranges[:, ::-1], index[:, ::-1]


def _jumps(ranges: NDArray[np.float32], index: NDArray[np.intp]) -> NDArray[np.intp]:
    """Points before a jump to the next cell of their row, and those behind it: intp (2, N)."""
    if ranges.shape[1] < 4:
        return np.zeros((2, 0), np.intp)
    last, near, far, next_ = (ranges[:, k : ranges.shape[1] - 3 + k] for k in range(4))
    with np.errstate(invalid="ignore", divide="ignore"):
        step = 1 / near - 1 / far
        slope = np.fmax(np.abs(1 / near - 1 / last), np.abs(1 / next_ - 1 / far))
        jumps = far - near > np.maximum(_JUMP_M, _JUMP_RATIO * near)
        jumps &= step > _STEEPER * slope
        jumps &= np.abs(near - last) < _SAME_SURFACE_RATIO * near
    row, column = np.nonzero(jumps)
    return np.stack([index[row, column + 1], index[row, column + 2]])
