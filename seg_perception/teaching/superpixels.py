"""Small pieces of a picture that follow its edges: what one click is likely to mean as a whole."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

# Side of a piece where nothing has an edge, of the picture's longer side.
_PIECES = 32
_BLUR_PX = 1.0


def superpixels(picture: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Number the pieces of a picture.

    Waterpixels (Machairas et al., "Waterpixels", IEEE TIP 2015): a watershed of the gradient from
    seeds on a grid, each seed where its cell is flattest.

    Args:
        picture: uint8 (h, w, 3) RGB.

    Returns:
        int32 (h, w), from 0.
    """
    height, width = picture.shape[:2]
    step = max(4, round(max(height, width) / _PIECES))
    lab = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2LAB), (0, 0), _BLUR_PX)
    gradient = cv2.morphologyEx(lab, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)).sum(axis=2)
    markers = np.zeros((height, width), np.int32)
    for number, (rows, columns) in enumerate(_cells(height, width, step), start=1):
        cell = gradient[rows, columns]
        row, column = np.unravel_index(int(cell.argmin()), cell.shape)
        markers[rows.start + int(row), columns.start + int(column)] = number
    cv2.watershed(np.ascontiguousarray(lab), markers)
    return _without_borders(markers)


def _cells(height: int, width: int, step: int) -> list[tuple[slice, slice]]:
    """Inner parts of a grid's cells, so that two seeds never touch."""
    inset = max(1, step // 6)
    return [
        (
            slice(min(top + inset, height - 1), max(min(top + step, height) - inset, top + 1)),
            slice(min(left + inset, width - 1), max(min(left + step, width) - inset, left + 1)),
        )
        for top in range(0, height, step)
        for left in range(0, width, step)
        if top + inset < height and left + inset < width
    ]


def _without_borders(markers: NDArray[np.int32]) -> NDArray[np.int32]:
    """Give the watershed's border lines, -1, to a piece beside them."""
    pieces = markers.astype(np.float32)
    while (pieces < 1).any():
        grown = cv2.dilate(pieces, np.ones((3, 3), np.uint8))
        pieces = np.where(pieces < 1, grown, pieces)
    return (pieces - 1).astype(np.int32)
