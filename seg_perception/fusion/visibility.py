"""Which points a camera can see, from a depth buffer of the sweep itself.

A lidar that sits beside the camera sees past things that the camera does not. A buffer of
single pixels notices nothing, since hardly two points of a sweep share a pixel: the test has
to reach as far as the beams are apart. Taking the nearest depth around a point for its
occluder would hide most of the ground, which rises towards the horizon; so a point counts as
hidden only where things on two opposite sides of it are both nearer. No plane does that to
itself, however it lies: its inverse depth is linear in the image, and what the width of a
window adds on one side is taken off by the slope across.
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
_ENOUGH = 8192
_SMALLEST_CELL_PX = 2
_MOST_COLUMNS = 256
# Windows of 3 x 5 cells above and below a cell, of 3 x 3 left and right of it: at two cells
# per beam they reach the next beams of a lidar, whose rows lie farther apart than its columns.
_TALL, _WIDE = np.ones((5, 3), np.uint8), np.ones((3, 3), np.uint8)
_UP, _SIDE = 3, 2
_PAD = 5
_NOTHING_PER_M = np.float32(1e-6)


class DepthBuffer:
    """For each cell of an image, the depth beyond which its surroundings hide a point."""

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
        nearness = np.zeros((rows + 2 * _PAD, self._stride), np.float32)
        for seen in sights:
            np.maximum.at(nearness.reshape(-1), self._cells(seen), np.float32(1) / seen.depth)
        between = _near_on_two_sides(nearness)
        np.maximum(between, _NOTHING_PER_M, out=between)
        self._between_m = np.reciprocal(between, out=between).reshape(-1)

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
        chance: NDArray[np.float32] = np.take(self._between_m, self._cells(seen))
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
    """Half the mean distance of neighbouring points in the part of the image they cover (pixel).

    Not less than 2, nor less than leads to 256 columns: finer ones cost more than they tell.
    """
    count = sum(len(seen.index) for seen in sights)
    smallest = max(_SMALLEST_CELL_PX, -(-max(image_size) // _MOST_COLUMNS))
    if count == 0:
        return smallest
    # Blocks that hold several points each, or else there would be empty ones everywhere.
    mean_px = math.sqrt(image_size[0] * image_size[1] / count)
    coarse = math.ceil(max(max(image_size) / _COARSE, 2 * mean_px))
    columns, rows = (-(-size // coarse) for size in image_size)
    covered = np.zeros(rows * columns, np.bool_)
    step = 1 + count // _ENOUGH
    for seen in sights:
        covered[_cells(seen.column[::step], seen.row[::step], coarse, columns)] = True
    area = np.count_nonzero(covered) / covered.size * image_size[0] * image_size[1]
    return max(smallest, round(0.5 * math.sqrt(area / count)))


def _near_on_two_sides(nearness: NDArray[np.float32]) -> NDArray[np.float32]:
    """What lies on both sides of each cell, above and below or left and right.

    Args:
        nearness: float32 (rows, columns), largest inverse depth in each cell; 0 where empty.
    """
    rows, columns = (size - 2 * _PAD for size in nearness.shape)
    tall, wide = cv2.dilate(nearness, _TALL), cv2.dilate(nearness, _WIDE)

    def moved(near: cv2.typing.MatLike, down: int, right: int) -> cv2.typing.MatLike:
        return near[_PAD + down :, _PAD + right :][:rows, :columns]

    above, below = moved(tall, -_UP, 0), moved(tall, _UP, 0)
    left, right = moved(wide, 0, -_SIDE), moved(wide, 0, _SIDE)
    # The windows reach one cell across to either side: on a plane that adds one step of the
    # slope across. Two windows lie 6 such steps apart upright and 4 sideways, or, where beams
    # fall unevenly into cells and at the end of the points, fewer by a third.
    upright, sideways = np.minimum(above, below), np.minimum(left, right)
    upright -= _difference(left, right, 1 / 3)
    sideways -= _difference(above, below, 1 / 4)
    np.maximum(upright, sideways, out=nearness[_PAD:-_PAD, _PAD:-_PAD])
    return nearness


def _difference(
    one: cv2.typing.MatLike, other: cv2.typing.MatLike, share: float
) -> cv2.typing.MatLike:
    difference = one - other
    np.abs(difference, out=difference)
    difference *= np.float32(share)
    return difference


def _cells(
    column: NDArray[np.uint16], row: NDArray[np.uint16], size_px: int, columns: int
) -> NDArray[np.intp]:
    index = (row // size_px).astype(np.intp)
    index *= columns
    index += column // size_px
    return index
