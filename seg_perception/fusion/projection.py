"""Which points of a cloud lie in a label map, and in which of its pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.fusion.view import View
from seg_perception.geometry.camera import Hits
from seg_perception.types import PointStatus


@dataclass(frozen=True, eq=False)
class Sight:
    """The M of N points that have a pixel in a view.

    Attributes:
        index: intp (M,), rising, which points.
        column, row: int32 (M,), pixel.
        depth: float32 (M,), metre along the optical axis.
    """

    index: NDArray[np.intp]
    column: NDArray[np.int32]
    row: NDArray[np.int32]
    depth: NDArray[np.float32]


def by_coordinate(xyz: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same (N, 3) points, laid out so that each coordinate lies in one piece.

    Every step reads one coordinate of all points at a time; a driver's records scatter them.
    """
    points: NDArray[np.float32] = np.ascontiguousarray(xyz.T, np.float32).T
    return points


def initial_status(
    xyz: NDArray[np.float32], min_range_m: float, max_range_m: float, seen_by_none: PointStatus
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Status of the points before any view is asked, and which of them a view may be asked for.

    Args:
        xyz: float32 (N, 3), metre, sensor frame.
        min_range_m: nearer points are the robot itself.
        max_range_m: farther points are not looked at.
        seen_by_none: status of points that no view has in its image.

    Returns:
        uint8 (N,): INVALID where a coordinate is not finite or all are zero (a beam without
        return), SELF, or `seen_by_none`; bool (N,): neither INVALID, SELF nor too far.
    """
    x, y, z = xyz.T
    with np.errstate(over="ignore", invalid="ignore"):
        squared = x * x
        squared += y * y
        squared += z * z
        eligible = (squared >= max(min_range_m**2, 1e-12)) & (squared <= max_range_m**2)
    status = np.full(len(xyz), seen_by_none, np.uint8)
    status[squared < min_range_m**2] = PointStatus.SELF
    status[~np.isfinite(squared) | (squared == 0)] = PointStatus.INVALID
    return status, eligible


def sight(xyz: NDArray[np.float32], eligible: NDArray[np.bool_], view: View) -> Sight:
    """Find the eligible points of a cloud that have a pixel in a view.

    Args:
        xyz: float32 (N, 3), metre, the cloud's frame.
        eligible: bool (N,).
        view: the camera and where the cloud is before it.
    """
    hits = view.camera.hits(xyz, view.T_camera_cloud)
    allowed = eligible.take(hits.index)
    if not allowed.all():
        hits = _only(hits, np.flatnonzero(allowed))
    # Inside the image both sums are positive: cutting off rounds to the nearest centre.
    column = (hits.u + np.float32(0.5)).astype(np.int32)
    row = (hits.v + np.float32(0.5)).astype(np.int32)
    return Sight(hits.index, column, row, hits.depth.astype(np.float32, copy=False))


def _only(hits: Hits, kept: NDArray[np.intp]) -> Hits:
    return Hits(hits.index.take(kept), hits.u.take(kept), hits.v.take(kept), hits.depth.take(kept))
