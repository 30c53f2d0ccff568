"""Which points a camera can see, from a depth buffer of the sweep itself.

A lidar that sits beside the camera sees past things that the camera does not. A buffer of
single pixels notices nothing, since hardly two points of a sweep share a pixel: cells have
to be as wide as the beams are apart.
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
_SMALLEST_CELL_PX = 2
_NEIGHBOURS = np.ones((3, 3), np.uint8)


class DepthBuffer:
    """The nearest depth in each cell of an image and in the eight cells around it."""

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
        self._columns, rows = (-(-size // self._cell) for size in image_size)
        nearest = np.full((rows, self._columns), np.inf, np.float32)
        for seen in sights:
            np.minimum.at(nearest.reshape(-1), self._cells(seen), seen.depth)
        around = cv2.erode(nearest, _NEIGHBOURS)
        self._nearest: NDArray[np.float32] = np.asarray(around, np.float32).reshape(-1)

    def chance(self, seen: Sight) -> NDArray[np.float32]:
        """How likely the camera sees each point.

        A point may be farther than the nearest one around it by `margin_m` plus
        `margin_ratio` of its depth; there it is as likely hidden as not.

        Returns:
            float32 (M,): 1 for the nearest point, 0.5 at the margin, less where hidden.
        """
        twice_margin = seen.depth * (2 * self._margin_ratio)
        twice_margin += 2 * self._margin_m
        chance: NDArray[np.float32] = np.take(self._nearest, self._cells(seen))
        chance -= seen.depth
        chance /= twice_margin
        chance += np.float32(1)
        return chance

    def _cells(self, seen: Sight) -> NDArray[np.intp]:
        return _cells(seen.column, seen.row, self._cell, self._columns)


def matched_cell_px(sights: Sequence[Sight], image_size: tuple[int, int]) -> int:
    """The mean distance of neighbouring points in the part of the image they cover (pixel)."""
    count = sum(len(seen.index) for seen in sights)
    if count == 0:
        return _SMALLEST_CELL_PX
    coarse = -(-max(image_size) // _COARSE)
    columns, rows = (-(-size // coarse) for size in image_size)
    covered = np.zeros(rows * columns, np.bool_)
    for seen in sights:
        covered[_cells(seen.column[::_EVERY], seen.row[::_EVERY], coarse, columns)] = True
    area = np.count_nonzero(covered) / covered.size * image_size[0] * image_size[1]
    return max(_SMALLEST_CELL_PX, round(math.sqrt(area / count)))


def _cells(
    column: NDArray[np.uint16], row: NDArray[np.uint16], size_px: int, columns: int
) -> NDArray[np.intp]:
    index = (row // size_px).astype(np.intp)
    index *= columns
    index += column // size_px
    return index
