"""Windows that cover an image, the last one moved back to its edge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Window:
    """Rows `top` to `top + height`, columns `left` to `left + width` of an image."""

    top: int
    left: int
    height: int
    width: int

    def cut(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The part of an image, uint8 (H, W, 3), that lies in the window, contiguous."""
        rows = slice(self.top, self.top + self.height)
        return np.ascontiguousarray(image[rows, self.left : self.left + self.width])

    def moved(self, down: int, right: int) -> Window:
        """The same window of an image that begins elsewhere."""
        return Window(self.top + down, self.left + right, self.height, self.width)


def starts(length: int, window: int, stride: int) -> tuple[int, ...]:
    """Where windows begin along one axis, so that each place lies in one.

    Steps of the stride from 0 on; the last window ends with the axis, however much it
    overlaps its forerunner.

    Args:
        length: of the axis.
        window: length of a window, at most that of the axis.
        stride: largest distance of two beginnings, at most the window's length.

    Raises:
        ValueError: a window would be longer than the axis, or the stride leaves gaps.
    """
    if not 1 <= window <= length or not 1 <= stride <= window:
        msg = (
            f"windows of {window} every {stride} on {length}: expected 1 <= stride <= window "
            "<= length"
        )
        raise ValueError(msg)
    last = length - window
    return (*range(0, last, stride), last)


def windows(
    size: tuple[int, int], window: tuple[int, int], stride: tuple[int, int]
) -> list[Window]:
    """Windows that cover an image, row by row; every argument is a width and a height.

    Raises:
        ValueError: as `starts`.
    """
    width, height = window
    lefts = starts(size[0], width, stride[0])
    tops = starts(size[1], height, stride[1])
    return [Window(top, left, height, width) for top in tops for left in lefts]


def tent(window: tuple[int, int]) -> NDArray[np.float32]:
    """Weights, float32 (height, width), that fall from 1 in a window's middle to its edges.

    They never reach 0: what only an edge sees counts too.

    Args:
        window: width, height.
    """
    columns, rows = (1 - 0.99 * np.abs((np.arange(n) + 0.5) / n * 2 - 1) for n in window)
    return (rows[:, None] * columns).astype(np.float32)
