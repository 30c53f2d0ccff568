"""Pictures taken while the camera or its focus moves."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


def motion_blur(image: Image, length_px: float, angle_rad: float) -> Image:
    """Smear a picture along a line, as a camera does that turns while its shutter is open.

    Args:
        image: uint8 (H, W, 3).
        length_px: of the smear; 1 or less leaves the picture as it is.
        angle_rad: of the line against the rows; positive turns it downwards.
    """
    if length_px <= 1:
        return image
    kernel = line_kernel(length_px, angle_rad)
    return np.asarray(cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REFLECT_101), np.uint8)


def line_kernel(length_px: float, angle_rad: float) -> NDArray[np.float32]:
    """A line's weights, float32 (2 r + 1, 2 r + 1), sum 1.

    Points a pixel apart, each shared out among the four pixels around it.
    """
    count = max(2, round(length_px))
    along = np.linspace(-(length_px - 1) / 2, (length_px - 1) / 2, count)
    radius = math.ceil((length_px - 1) / 2)
    kernel = np.zeros((2 * radius + 2, 2 * radius + 2))
    x, y = radius + along * math.cos(angle_rad), radius + along * math.sin(angle_rad)
    column, row = np.floor(x + 1e-9).astype(int), np.floor(y + 1e-9).astype(int)
    right, down = x - column, y - row
    for dy, dx, weight in (
        (0, 0, (1 - down) * (1 - right)),
        (0, 1, (1 - down) * right),
        (1, 0, down * (1 - right)),
        (1, 1, down * right),
    ):
        np.add.at(kernel, (row + dy, column + dx), weight)
    kernel = kernel[:-1, :-1]
    weights: NDArray[np.float32] = (kernel / kernel.sum()).astype(np.float32)
    return weights


def defocus(image: Image, radius_px: float) -> Image:
    """Spread every point, uint8 (H, W, 3), over a disc, as a lens out of focus does."""
    if radius_px <= 0:
        return image
    reach = math.ceil(radius_px)
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    # The rim counts by how much of a pixel lies within.
    disc = np.clip(radius_px + 0.5 - np.hypot(rows, columns), 0, 1)
    kernel = (disc / disc.sum()).astype(np.float32)
    return np.asarray(cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REFLECT_101), np.uint8)
