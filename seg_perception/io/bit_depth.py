"""How many bits 16-bit pixels hold, and these as 8 bits.

Cameras of 10, 12 and 14 bits send them in 16, mostly in the lower ones: over the full range of 16
such an image is nearly black.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8] | NDArray[np.uint16]

FULL_BITS = 16
_DEPTHS = (8, 10, 12, 14)


def find_bit_depth(largest: int) -> int:
    """The depth of sensors whose largest value fits, of those that are built."""
    return next((bits for bits in _DEPTHS if largest < 1 << bits), FULL_BITS)


def to_picture(pixels: Pixels) -> NDArray[np.uint8]:
    """Pixels to look at, of the same shape: their depth is found from these alone."""
    return to_8_bits(pixels, find_bit_depth(int(pixels.max())))


def to_8_bits(pixels: Pixels, bits: int) -> NDArray[np.uint8]:
    """16-bit pixels that hold so many bits over the full range of 8; brighter ones are white.

    Args:
        pixels: uint16 of any shape; uint8 are left as they are.
        bits: 1 to 16.
    """
    if pixels.dtype == np.uint8:
        return pixels.astype(np.uint8, copy=False)
    scaled = cv2.convertScaleAbs(pixels, alpha=255 / ((1 << bits) - 1))
    return np.asarray(scaled, np.uint8).reshape(pixels.shape)
