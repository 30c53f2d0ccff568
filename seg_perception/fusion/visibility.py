"""Which points a camera can see, from a depth buffer of the sweep itself.

A lidar that sits beside the camera sees past things that the camera does not. A buffer of
single pixels notices nothing, since hardly two points of a sweep share a pixel: the test has
to reach as far as the beams are apart. Taking the nearest depth around a point for its
occluder would hide most of the ground, which rises towards the horizon; so a point counts as
hidden only where things on two opposite sides of it are both nearer, which no plane does to
itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.fusion.projection import Sight
from seg_perception.stages import TransferConfig

_COARSE = 24
_EVERY = 8
_SMALLEST_CELL_PX = 3
# Windows of 3 x 5 cells above and below, of 3 x 3 left and right, beside the point's own
# row or column: at two cells per beam they reach the next beams of a lidar, whose rows lie
# farther apart than its columns.
_TALL, _WIDE = np.ones((5, 3), np.uint8), np.ones((3, 3), np.uint8)
_UP, _SIDE = 3, 2
_PAD = 5


class DepthBuffer:
    """The depth in each cell of an image that opposite sides of it fall short of."""

    def __init__(
        self, sights: Sequence[Sight], image_size: tuple[int, int], config: TransferConfig
    ) -> None:
        """Enter all points.

        Args:
            sights: the sweep's points in the image, in any number of pieces.
            image_size: width and height (pixel).
            config: cell and margins.
        """
        self._margin_m = np.float32(config.margin_m)
        self._margin_ratio = np.float32(config.margin_ratio)
        self._cell = config.cell_px or matched_cell_px(sights, image_size)
        columns, rows = (-(-size // self._cell) for size in image_size)
        self._stride = columns + 2 * _PAD
        nearest = np.full((rows + 2 * _PAD, self._stride), np.inf, np.float32)
        for seen in sights:
            np.minimum.at(nearest.reshape(-1), self._cells(seen), seen.depth)
        self._between = _nearer_on_two_sides(nearest).reshape(-1)

    def chance(self, seen: Sight) -> NDArray[np.float32]:
        """How likely the camera sees each point.

        A point may be farther than what lies on two sides of it by `margin_m` plus
        `margin_ratio` of its depth; there it is as likely hidden as not.

        Returns:
            float32 (M,): 1 for points that nothing is before, 0.5 at the margin, less where
            hidden.
        """
        twice_margin = seen.depth * (2 * self._margin_ratio)
        twice_margin += 2 * self._margin_m
        chance: NDArray[np.float32] = np.take(self._between, self._cells(seen))
        chance -= seen.depth
        chance /= twice_margin
        chance += np.float32(1)
        np.minimum(chance, np.float32(1), out=chance)
        return chance

    def _cells(self, seen: Sight) -> NDArray[np.intp]:
        index = _cells(seen.column, seen.row, self._cell, self._stride)
        index += _PAD * self._stride + _PAD
        return index


def matched_cell_px(sights: Sequence[Sight], image_size: tuple[int, int]) -> int:
    """Half the mean distance of neighbouring points in the part of the image they cover (pixel)."""
    count = sum(len(seen.index) for seen in sights)
    if count == 0:
        return _SMALLEST_CELL_PX
    coarse = -(-max(image_size) // _COARSE)
    columns, rows = (-(-size // coarse) for size in image_size)
    covered = np.zeros(rows * columns, np.bool_)
    for seen in sights:
        covered[_cells(seen.column[::_EVERY], seen.row[::_EVERY], coarse, columns)] = True
    area = np.count_nonzero(covered) / covered.size * image_size[0] * image_size[1]
    return max(_SMALLEST_CELL_PX, round(0.5 * math.sqrt(area / count)))


def _nearer_on_two_sides(nearest: NDArray[np.float32]) -> NDArray[np.float32]:
    """Per cell the smaller, of two directions, of the farther of the depths on either side."""
    rows, columns = (size - 2 * _PAD for size in nearest.shape)
    tall, wide = cv2.erode(nearest, _TALL), cv2.erode(nearest, _WIDE)

    def moved(depth: cv2.typing.MatLike, down: int, right: int) -> cv2.typing.MatLike:
        return depth[_PAD + down :, _PAD + right :][:rows, :columns]

    upright = np.maximum(moved(tall, -_UP, 0), moved(tall, _UP, 0))
    sideways = np.maximum(moved(wide, 0, -_SIDE), moved(wide, 0, _SIDE))
    nearest[_PAD:-_PAD, _PAD:-_PAD] = np.minimum(upright, sideways)
    return nearest


def _cells(
    column: NDArray[np.uint16], row: NDArray[np.uint16], size_px: int, columns: int
) -> NDArray[np.intp]:
    index = (row // size_px).astype(np.intp)
    index *= columns
    index += column // size_px
    return index
