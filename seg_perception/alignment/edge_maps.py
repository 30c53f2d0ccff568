"""Where a picture has an edge in a given direction, and none beside it.

The gradient of the Lab colours along the direction, at two scales, against the contrast around
it; less the same a little farther along either way. Grass has gradients everywhere and scores
nothing; the outline of a trunk scores where it is, and only there.
"""

from __future__ import annotations

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
ONE = 127


def edge_maps(picture: NDArray[np.uint8]) -> NDArray[np.int8]:
    """Work the maps out.

    Args:
        picture: uint8 (h, w, 3), RGB.

    Returns:
        int8 (DIRECTIONS, h, w), from -127 to 127; direction k is that of the angle
        pi k / DIRECTIONS from the row towards the column.
    """
    lab = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB).astype(np.float32)
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


def _contrast(lab: Image, sigma: float) -> Image:
    mean = cv2.GaussianBlur(lab, (0, 0), sigma)
    square = cv2.GaussianBlur((lab * lab).sum(axis=2), (0, 0), sigma)
    variance = np.maximum(square - (mean * mean).sum(axis=2), 0)
    contrast: Image = np.sqrt(variance) + np.float32(_LEAST_CONTRAST)
    return contrast


def _tensor(lab: Image, sigma: float, contrast: Image) -> tuple[Image, Image, Image]:
    """The structure tensor (xx, xy, yy) of colours over contrast."""
    smooth = cv2.GaussianBlur(lab, (0, 0), max(sigma, 0.3))
    right = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, ksize=3)
    down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, ksize=3)
    even = contrast * contrast
    xx, xy, yy = (
        (a * b).sum(axis=2) / even for a, b in ((right, right), (right, down), (down, down))
    )
    return xx, xy, yy


def _along(tensors: list[tuple[Image, Image, Image]], angle: float) -> Image:
    """The gradient along a direction, 0 to 1, mean over the scales."""
    c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    total = np.zeros_like(tensors[0][0])
    for xx, xy, yy in tensors:
        size = np.sqrt(np.maximum(c * c * xx + 2 * c * s * xy + s * s * yy, 0))
        total += size / (size + _SOFT * max(float(np.median(size)), _LEAST_MEDIAN))
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
