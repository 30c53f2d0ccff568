"""Bicubic scaling as Pillow has it: the kernel widens where an image shrinks."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
# Of Keys' family; OpenCV's has -0.75, and does not widen.
_SHARPNESS = -0.5
_REACH = 2.0


def bicubic(image: Image, size: tuple[int, int]) -> Image:
    """An image of another size, half-pixel centres.

    Rows first, then columns, in float32: as many weights of each new pixel as it has old
    neighbours. Pillow rounds in between, so that a pixel may differ by one.

    Args:
        image: uint8 (H, W, 3).
        size: width, height wanted.

    Returns:
        uint8 (h, w, 3).
    """
    height, width = image.shape[:2]
    rows = _fewer_rows(image.reshape(height, width * 3).astype(np.float32), size[1])
    columns = rows.reshape(size[1], width, 3).transpose(1, 0, 2).reshape(width, size[1] * 3)
    scaled = _fewer_rows(columns, size[0]).reshape(size[0], size[1], 3)
    result = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(result.transpose(1, 0, 2))


def _fewer_rows(rows: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Float32 (n, m) as (count, m); or more rows."""
    result = np.empty((count, rows.shape[1]), np.float32)
    for number, (first, weights) in enumerate(_weights(len(rows), count)):
        np.dot(weights, rows[first : first + len(weights)], out=result[number])
    return result


@lru_cache(maxsize=16)
def _weights(have: int, want: int) -> list[tuple[int, NDArray[np.float32]]]:
    """Of each new row: the first old one, and the weights from there on."""
    ratio = have / want
    wide = max(ratio, 1.0)
    found = []
    for centre in (np.arange(want) + 0.5) * ratio:
        first = max(int(centre - _REACH * wide + 0.5), 0)
        end = min(int(centre + _REACH * wide + 0.5), have)
        weights = _kernel((np.arange(first, end) + 0.5 - centre) / wide)
        found.append((first, (weights / weights.sum()).astype(np.float32)))
    return found


def _kernel(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keys, "Cubic convolution interpolation for digital image processing", 1981."""
    x, a = np.abs(distance), _SHARPNESS
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = a * (((x - 5) * x + 8) * x - 4)
    return np.where(x < 1, near, np.where(x < _REACH, far, 0.0))
