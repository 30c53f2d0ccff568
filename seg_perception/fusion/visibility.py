"""Which points a camera can see, from a depth buffer of the sweep itself.

A lidar that sits beside the camera sees past things that the camera does not. A buffer of
single pixels notices nothing, since hardly two points of a sweep share a pixel: cells have
to be as wide as the beams are apart.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.fusion.projection import Sight
from seg_perception.stages import TransferConfig

_BLOCKS = 24
_SMALLEST_CELL_PX = 2
_NEIGHBOURS = np.ones((3, 3), np.uint8)


def clearance(
    sight: Sight, image_size: tuple[int, int], config: TransferConfig
) -> NDArray[np.float32]:
    """How clearly each point is in front of what lies around it.

    Each point is compared with the nearest one in its cell and the eight around it. It may
    be farther by `margin_m` plus `margin_ratio` of its depth.

    Args:
        sight: the M points in the image.
        image_size: width and height (pixel).
        config: cell and margins.

    Returns:
        float32 (M,): 1 the nearest, 0 at the margin, negative where hidden.
    """
    cell = config.cell_px or matched_cell_px(sight, image_size)
    columns, rows = (-(-size // cell) for size in image_size)
    index = _blocks(sight, cell, columns)
    nearest = np.full(rows * columns, np.inf, np.float32)
    np.minimum.at(nearest, index, sight.depth)
    around = cv2.erode(nearest.reshape(rows, columns), _NEIGHBOURS).reshape(-1)
    behind = sight.depth - around.take(index)
    behind /= np.float32(config.margin_m) + np.float32(config.margin_ratio) * sight.depth
    clear: NDArray[np.float32] = np.float32(1) - behind
    return clear


def matched_cell_px(sight: Sight, image_size: tuple[int, int]) -> int:
    """The mean distance of neighbouring points in the part of the image they cover (pixel)."""
    if len(sight.index) == 0:
        return _SMALLEST_CELL_PX
    block = -(-max(image_size) // _BLOCKS)
    columns, rows = (-(-size // block) for size in image_size)
    covered = np.count_nonzero(np.bincount(_blocks(sight, block, columns)))
    area = covered / (columns * rows) * image_size[0] * image_size[1]
    return max(_SMALLEST_CELL_PX, round(math.sqrt(area / len(sight.index))))


def _blocks(sight: Sight, size_px: int, columns: int) -> NDArray[np.intp]:
    index = sight.row // size_px
    index *= columns
    index += sight.column // size_px
    return index.astype(np.intp)
