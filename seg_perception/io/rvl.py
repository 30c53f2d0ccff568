"""RVL, the codec that compressed_depth_image_transport takes for depths beside PNG.

A. D. Wilson, Fast Lossless Depth Image Compression, 2017: an image is runs of zeros and of
differences, all numbers in groups of three bits, the lowest first, whose fourth bit says that
one more follows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import ImageError

_MORE, _BITS = 8, 3
# A difference of 16 bits has 17, and six groups hold them.
_MOST_GROUPS = 6


def decode_rvl(data: NDArray[np.uint8], count: int) -> NDArray[np.uint16]:
    """The pixels of an image.

    Args:
        data: uint8 (n,), words of 32 bits, little-endian.
        count: number of pixels.

    Returns:
        uint16 (count,).

    Raises:
        ImageError: the data ends before the pixels do, or says more of them.
    """
    numbers = _numbers(data)
    pixels = np.zeros(count, np.uint16)
    where, what = [], []
    at = done = 0
    while done < count:
        if at + 2 > len(numbers):
            raise _damaged(count, done)
        zeros, values = int(numbers[at]), int(numbers[at + 1])
        done, at = done + zeros, at + 2
        if done + values > count or at + values > len(numbers) or not zeros + values:
            raise _damaged(count, done)
        where.append(np.arange(done, done + values))
        what.append(numbers[at : at + values])
        done, at = done + values, at + values
    if where:
        coded = np.concatenate(what)
        # Sums that wrap around are those of the encoder.
        pixels[np.concatenate(where)] = np.cumsum((coded >> 1) ^ -(coded & 1)).astype(np.uint16)
    return pixels


def _numbers(data: NDArray[np.uint8]) -> NDArray[np.int64]:
    """All numbers, in their order; padding at the end makes some more."""
    words = data[: len(data) // 4 * 4].reshape(-1, 4)[:, ::-1].reshape(-1)
    groups = np.stack([words >> 4, words & 15], axis=1).reshape(-1)
    ends = np.flatnonzero(groups < _MORE)
    if len(ends) == 0:
        return np.zeros(0, np.int64)
    starts = np.concatenate([[0], ends[:-1] + 1])
    groups = groups[: ends[-1] + 1].astype(np.int64) & (_MORE - 1)
    place = np.arange(len(groups)) - np.repeat(starts, np.diff(np.append(starts, len(groups))))
    groups <<= _BITS * np.minimum(place, _MOST_GROUPS)
    sums: NDArray[np.int64] = np.add.reduceat(groups, starts)
    return sums


def _damaged(count: int, done: int) -> ImageError:
    msg = f"compressedDepth (rvl): expected {count} pixels, the data is damaged behind {done}"
    return ImageError(msg)
