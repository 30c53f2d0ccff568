"""Which points of a cloud lie in a label map, and in which of its pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.types import PointStatus
from seg_perception.fusion.view import View

_PIECE = 32768
_NO_RETURN_M = 1e-6


@dataclass(frozen=True, eq=False)
class ProjectedPoints:
    """The M of N points that have a pixel in a view.

    Attributes:
        index: intp (M,), rising, which points.
        column, row: uint16 (M,), pixel.
        depth: float32 (M,), metre, as of a Projection.
    """

    index: NDArray[np.intp]
    column: NDArray[np.uint16]
    row: NDArray[np.uint16]
    depth: NDArray[np.float32]

    def pixel(self, width: int) -> NDArray[np.intp]:
        """Flat index, intp (M,), into an image of a width (pixel)."""
        flat = self.row.astype(np.intp)
        flat *= width
        flat += self.column
        return flat


@dataclass(frozen=True)
class Range:
    """Distances from the sensor between which points are looked at."""

    min_m: float
    max_m: float

    def classify(
        self, xyz: NDArray[np.float32], seen_by_none: PointStatus
    ) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """Status of the points before any view is asked, and which may be asked for.

        Args:
            xyz: float32 (N, 3), metre, sensor frame.
            seen_by_none: status of points that no view has in its image.

        Returns:
            uint8 (N,): INVALID where a coordinate is not finite or all are zero (a beam
            without return), SELF nearer than `min_m`, else `seen_by_none`; and
            bool (N,): neither invalid, nor too near, nor too far.
        """
        x, y, z = xyz.T
        with np.errstate(over="ignore", invalid="ignore"):
            squared = x * x
            squared += y * y
            squared += z * z
            asked = squared >= max(self.min_m, _NO_RETURN_M) ** 2
            asked &= squared <= self.max_m**2
            status = np.full(len(xyz), seen_by_none, np.uint8)
            if not asked.all():
                status[squared < self.min_m**2] = PointStatus.SELF
                status[~((squared >= _NO_RETURN_M**2) & np.isfinite(squared))] = PointStatus.INVALID
        return status, asked


def pieces(
    xyz: NDArray[np.float32], size: int = _PIECE
) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """The points, float32 (N, 3), in pieces small enough for a processor's cache.

    Each coordinate of a piece lies side by side: every step reads one coordinate of all its
    points, and the records of a driver scatter them.
    """
    for start in range(0, len(xyz), size):
        piece = slice(start, min(start + size, len(xyz)))
        yield piece, np.ascontiguousarray(xyz[piece].T, np.float32).T


def project_points(
    xyz: NDArray[np.float32], asked: NDArray[np.bool_], view: View
) -> ProjectedPoints:
    """Find those of the asked points that have a pixel in a view.

    Args:
        xyz: float32 (N, 3), metre, the cloud's frame.
        asked: bool (N,).
        view: the camera and where the cloud is before it.
    """
    hits = view.hits(xyz)
    if not asked.all():
        hits = hits.only(asked.take(hits.index))
    # Inside the image both sums are positive: cutting off rounds to the nearest centre.
    column = (hits.u + np.float32(0.5)).astype(np.uint16)
    row = (hits.v + np.float32(0.5)).astype(np.uint16)
    return ProjectedPoints(hits.index, column, row, hits.depth.astype(np.float32, copy=False))
