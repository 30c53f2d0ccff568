"""Voxels into a picture: which of them each pixel shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.fusion.view import View

# Depth (mm) and number of a voxel in one float64, whose least value is the nearest voxel.
_NUMBERS = 1 << 25
_MM = 1000.0
# As far as can be; OpenCV takes the same beyond a picture's edge.
_NOTHING = np.finfo(np.float64).max
# A square is no larger: nearer voxels lie on the robot.
_MOST_PX = 40
# Of a voxel's edge: what lies nearer than by so much is the same surface.
_SAME_SURFACE = 1.5
# Of a voxel's edge: the part that is painted. A whole one reaches over the borders of things.
_CORE = 0.5


@dataclass(frozen=True, eq=False)
class Places:
    """The voxels of a drive.

    Attributes:
        xyz: float32 (N, 3), metre, their middles, from an origin nearby.
        labels: (N,), the class of each.
        proven: bool (N,), which may give their label to pixels; the others hide what is behind.
        voxel_m: their edge, metre.
    """

    xyz: NDArray[np.float32]
    labels: NDArray[Any]
    proven: NDArray[np.bool_]
    voxel_m: float


def paint(places: Places, view: View) -> NDArray[np.int32]:
    """The proven voxel that each pixel shows.

    Each voxel is a square of half its size, in the middle of the one of its whole size, which hides
    what is behind. A pixel shows the nearest proven voxel, unless a nearer one of another class is
    in the way.

    Args:
        places: all voxels.
        view: of points in their frame.

    Returns:
        int32 (H, W), numbers of voxels; -1 where none is shown.
    """
    hits = view.hits(places.xyz)
    column, row = (np.rint(at).astype(np.intp) for at in (hits.u, hits.v))
    column, row = column.clip(0, view.size[0] - 1), row.clip(0, view.size[1] - 1)
    per_m = max(view.camera.fx, view.camera.fy) / np.maximum(hits.depth, 1e-3)
    half = (places.voxel_m / 2 * per_m).clip(0, _MOST_PX)
    seen = _Squares(hits.index, column, row, half, np.asarray(hits.depth, np.float64))
    front = _nearest(seen, view.size)
    shown = _nearest(seen.only(places.proven[hits.index]).shrunk(_CORE), view.size)
    return _unhidden(shown, front, places)


@dataclass(frozen=True, eq=False)
class _Squares:
    """Number, middle, half edge (pixel) and depth (metre) of voxels in a picture, (M,) each."""

    number: NDArray[np.intp]
    column: NDArray[np.intp]
    row: NDArray[np.intp]
    half: NDArray[np.floating[Any]]
    depth: NDArray[np.float64]

    def only(self, wanted: NDArray[np.bool_]) -> _Squares:
        """Those where `wanted`, bool (M,), is true."""
        return _Squares(
            self.number[wanted],
            self.column[wanted],
            self.row[wanted],
            self.half[wanted],
            self.depth[wanted],
        )

    def shrunk(self, share: float) -> _Squares:
        """The same with edges of a share of theirs."""
        return replace(self, half=self.half * share)


def _nearest(squares: _Squares, size: tuple[int, int]) -> NDArray[np.float64]:
    """Depth and number of the nearest square on each pixel, float64 (H, W); `_NOTHING` without."""
    best = np.full((size[1], size[0]), _NOTHING)
    keys = np.rint(squares.depth * _MM) * _NUMBERS + squares.number
    radii = np.floor(squares.half).astype(np.intp)
    for radius in np.unique(radii).tolist():
        of_size = radii == radius
        middles = np.full_like(best, _NOTHING)
        np.minimum.at(middles, (squares.row[of_size], squares.column[of_size]), keys[of_size])
        kernel = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
        np.minimum(best, cv2.erode(middles, kernel), out=best)
    return best


def _unhidden(
    shown: NDArray[np.float64], front: NDArray[np.float64], places: Places
) -> NDArray[np.int32]:
    numbers = np.full(shown.shape, -1, np.int32)
    there = shown < _NOTHING
    shown_m, number = _unpacked(shown[there])
    front_m, before = _unpacked(front[there])
    is_seen = shown_m - front_m <= _SAME_SURFACE * places.voxel_m
    is_seen |= places.labels[number] == places.labels[before]
    numbers[there] = np.where(is_seen, number, -1)
    return numbers


def _unpacked(keys: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Depth (metre) and number of keys (M,)."""
    depth_mm, number = np.divmod(keys, _NUMBERS)
    return depth_mm / _MM, number.astype(np.intp)
