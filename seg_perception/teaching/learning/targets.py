"""What clicks say of a picture: classes of the pieces that were clicked, at the scores' size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

NO_TARGET = 255
# A click stands for its piece as far as this, of the picture's longer side.
_REACH = 1 / 14


@dataclass(frozen=True)
class Point:
    """A click in the network's picture: row, column and class id."""

    row: int
    column: int
    label: int


def grow(points: Sequence[Point], pieces: NDArray[np.int32]) -> NDArray[np.uint8]:
    """Classes of the pieces that were clicked; a piece of two classes is shared by nearness.

    Args:
        points: of one picture.
        pieces: int32 (h, w), `superpixels` of the picture.

    Returns:
        uint8 (h, w), `NO_TARGET` where no click speaks.
    """
    target = np.full(pieces.shape, NO_TARGET, np.uint8)
    nearest = np.full(pieces.shape, _REACH * max(pieces.shape), np.float32)
    rows, columns = np.ogrid[: pieces.shape[0], : pieces.shape[1]]
    for point in points:
        distance = np.hypot(rows - point.row, columns - point.column)
        won = (pieces == pieces[point.row, point.column]) & (distance < nearest)
        target[won], nearest[won] = point.label, distance[won]
    for point in points:
        target[point.row, point.column] = point.label
    return target


def shrink(
    target: NDArray[np.uint8], points: Sequence[Point], size: tuple[int, int]
) -> NDArray[np.uint8]:
    """The same at the scores' size (height, width); every click keeps its own cell."""
    height, width = size
    resized = cv2.resize(target, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    small: NDArray[np.uint8] = np.array(resized, np.uint8)
    for point in points:
        row = point.row * height // target.shape[0]
        column = point.column * width // target.shape[1]
        small[row, column] = point.label
    return small
