"""Images made smaller or larger."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.inference.bicubic import bicubic

Filter = Literal["linear", "antialias", "area", "bicubic"]
Image = NDArray[np.uint8]
Size = tuple[int, int]

_OPENCV: dict[Filter, int] = {
    "linear": cv2.INTER_LINEAR,
    "area": cv2.INTER_AREA,
}
# A kernel whose outer weights are below this changes a pixel by less than rounding does.
_FLAT = 0.02
# Beyond it a kernel of three weights would have two tops.
_WIDEST = 1 / 3


def resize(image: Image, size: Size, name: Filter) -> Image:
    """An image of another size, half-pixel centres.

    `linear` reads four pixels for each new one: fast, and where the image becomes smaller
    than half it skips pixels (aliasing). `antialias` is nearly what Pillow and torchvision
    with antialias do (a triangle as wide as two new pixels), in a fraction of the time.
    `bicubic` is Pillow's to a rounding.

    Args:
        image: uint8 (H, W, 3).
        size: width, height wanted.
        name: of the filter.

    Returns:
        uint8 (h, w, 3); the image itself where it has that size.
    """
    if image.shape[1::-1] == size:
        return image
    if name == "antialias":
        return _antialiased(image, size)
    if name == "bicubic":
        return bicubic(image, size)
    return _opencv(image, size, _OPENCV[name])


def _antialiased(image: Image, size: Size) -> Image:
    """Halved by the mean of four as often as it goes, smoothed by what lacks, then linear.

    The variance of a triangle as wide as two new pixels is s^2 / 6, with s old pixels in a
    new one; the mean of k halved pixels gives (k^2 - 1) / 12 of it, linear interpolation
    of the halved ones k^2 / 6, and the kernel of three weights the rest.
    """
    halvings = 0
    while image.shape[1] >= 2 * size[0] and image.shape[0] >= 2 * size[1]:
        half = (image.shape[1] // 2, image.shape[0] // 2)
        image = _opencv(image, half, cv2.INTER_AREA)
        halvings += 1
    across, down = (
        _smoothing(have / want, 2**halvings)
        for have, want in zip(image.shape[1::-1], size, strict=True)
    )
    if max(across[0], down[0]) > _FLAT:
        smooth = cv2.sepFilter2D(image, -1, across, down, borderType=cv2.BORDER_REPLICATE)
        image = np.asarray(smooth, np.uint8)
    return _opencv(image, size, cv2.INTER_LINEAR)


def _smoothing(ratio: float, merged: int) -> NDArray[np.float32]:
    """Three weights; `ratio` halved pixels in a new one, `merged` old pixels in a halved one."""
    variance = ratio**2 / 6 - (1 - 1 / merged**2) / 12 - 1 / 6
    outer = min(max(variance / 2, 0.0), _WIDEST)
    return np.array([outer, 1 - 2 * outer, outer], np.float32)


def _opencv(image: Image, size: Size, interpolation: int) -> Image:
    return np.asarray(cv2.resize(image, size, interpolation=interpolation), np.uint8)
