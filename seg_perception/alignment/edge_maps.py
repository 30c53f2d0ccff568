"""Where a picture has an edge in a given direction, and none beside it.

The gradient of the Lab colours along the direction, at two scales, against the contrast around
it; less the same a little farther along either way. Grass has gradients everywhere and scores
nothing; the outline of a trunk scores where it is, and only there.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]

# Directions, evenly over half a turn: a step from dark to bright is one from bright to dark.
DIRECTIONS = 8
# Lengths hold for pictures of this width, which larger ones are reduced to.
WIDTH = 960
_SCALES_PX, _AROUND_PX = (1.5, 4.0), 20.0
# How far beside the edge the gradient counts against it, as shares of the width.
_REACHES = (1 / 200, 1 / 60)
# Contrast below this, in Lab units, is noise of the sensor.
_LEAST_CONTRAST = 2.0
# Gradients of this many times the picture's median count half; of a flat picture, at least of this.
_SOFT, _LEAST_MEDIAN = 2.0, 0.1
# Contrast is worked out in pixels so many times as wide; medians of every so many rows and columns.
_COARSE, _SPARSE = 4, 4
ONE = 127


def edge_maps(picture: NDArray[np.uint8]) -> NDArray[np.int8]:
    """Work the maps out.

    Args:
        picture: uint8 (h, w, 3), RGB.

    Returns:
        int8 (DIRECTIONS, h, w), from -127 to 127; direction k is that of the angle
        pi k / DIRECTIONS from the row towards the column.
    """
    colours = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB).astype(np.float32)
    lab = [np.ascontiguousarray(colours[:, :, k]) for k in range(3)]
    scale = picture.shape[1] / WIDTH
    contrast = _contrast(lab, _AROUND_PX * scale)
    tensors = [_tensor(lab, px * scale, contrast) for px in _SCALES_PX]
    maps = [_against_beside(_along(tensors, angle), angle) for angle in angles()]
    return np.rint(np.stack(maps) * ONE).astype(np.int8)


def angles() -> NDArray[np.float64]:
    """Of the directions: float64 (DIRECTIONS,), radian."""
    return np.arange(DIRECTIONS) * np.pi / DIRECTIONS


def direction_of(step: NDArray[np.floating]) -> NDArray[np.intp]:
    """Which direction steps have.

    Args:
        step: (N, 2), right and down (pixel).
    """
    turn = np.arctan2(step[:, 1], step[:, 0]) / np.pi * DIRECTIONS
    direction: NDArray[np.intp] = np.mod(np.rint(turn).astype(np.intp), DIRECTIONS)
    return direction


def _contrast(lab: Sequence[Image], sigma: float) -> Image:
    """The standard deviation of the colours around each pixel; it changes slowly, so coarsely."""
    height, width = lab[0].shape
    size = max(1, round(width / _COARSE)), max(1, round(height / _COARSE))
    coarse = [cv2.resize(c, size, interpolation=cv2.INTER_AREA) for c in lab]
    square = cv2.resize(_sum_of_products(lab, lab), size, interpolation=cv2.INTER_AREA)
    sigma /= _COARSE
    means = [cv2.GaussianBlur(c, (0, 0), sigma).astype(np.float32) for c in coarse]
    variance = cv2.GaussianBlur(square, (0, 0), sigma) - _sum_of_products(means, means)
    deviation = np.sqrt(np.maximum(variance, 0)) + np.float32(_LEAST_CONTRAST)
    contrast: Image = cv2.resize(deviation, (width, height)).astype(np.float32)
    return contrast


def _tensor(lab: Sequence[Image], sigma: float, contrast: Image) -> tuple[Image, Image, Image]:
    """The structure tensor (xx, xy, yy) of colours over contrast."""
    smooth = [cv2.GaussianBlur(c, (0, 0), max(sigma, 0.3)) for c in lab]
    right, down = (
        [cv2.Sobel(c, cv2.CV_32F, *way, ksize=3).astype(np.float32, copy=False) for c in smooth]
        for way in ((1, 0), (0, 1))
    )
    even = np.float32(1) / (contrast * contrast)
    xx, xy, yy = (
        _sum_of_products(a, b) * even for a, b in ((right, right), (right, down), (down, down))
    )
    return xx, xy, yy


def _sum_of_products(a: Sequence[Image], b: Sequence[Image]) -> Image:
    total = np.zeros(a[0].shape, np.float32)
    for one, other in zip(a, b, strict=True):
        total += one * other
    return total


def _along(tensors: list[tuple[Image, Image, Image]], angle: float) -> Image:
    """The gradient along a direction, 0 to 1, mean over the scales."""
    c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    total = np.zeros_like(tensors[0][0])
    for xx, xy, yy in tensors:
        size = np.sqrt(np.maximum(c * c * xx + 2 * c * s * xy + s * s * yy, 0))
        total += size / (
            size + _SOFT * max(float(np.median(size[::_SPARSE, ::_SPARSE])), _LEAST_MEDIAN)
        )
    mean: Image = total / np.float32(len(tensors))
    return mean


def _against_beside(response: Image, angle: float) -> Image:
    height, width = response.shape
    reach = int(np.ceil(width * max(_REACHES))) + 1
    padded = np.pad(response, reach, mode="edge")
    beside = np.zeros_like(response)
    for share in _REACHES:
        for sign in (1, -1):
            column = reach + round(sign * share * width * np.cos(angle))
            row = reach + round(sign * share * width * np.sin(angle))
            beside += padded[row : row + height, column : column + width]
    more: Image = response - beside / np.float32(2 * len(_REACHES))
    return more
