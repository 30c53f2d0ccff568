"""Whether two pictures are the same: small, cut to few numbers, and mirrored, too."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
_SIDE = 16
# Of 256 differences; two photographs of one place by one camera differ in more.
_MOST_BITS = 20
# Mean difference of small grey pictures, 0 to 255: what coding, scaling and noise change.
_MOST_GREY = 8.0


@dataclass(frozen=True, eq=False)
class Print:
    """What a picture is recognised by.

    Attributes:
        bits: bool (2, 256), whether a cell is brighter than its left neighbour: of the picture,
            and of its mirror image.
        grey: float32 (2, 16, 16), cells without their mean, likewise.
    """

    bits: NDArray[np.bool_]
    grey: NDArray[np.float32]


def picture_print(image: Image) -> Print:
    """Of a picture, uint8 (H, W, 3) RGB of any size and proportions."""
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
    both = [_cells(side) for side in (grey, np.ascontiguousarray(grey[:, ::-1]))]
    bits = np.stack([(cells[:, 1:] > cells[:, :-1]).reshape(-1) for cells in both])
    small = np.stack([cells[:, :_SIDE] - cells.mean() for cells in both])
    return Print(bits, small.astype(np.float32))


class KnownPictures:
    """Pictures that others are compared with."""

    def __init__(self) -> None:
        """Know none."""
        self._names: list[str] = []
        self._prints: list[Print] = []

    def add(self, name: str, found: Print) -> None:
        """Know one more."""
        self._names.append(name)
        self._prints.append(found)

    def same_as(self, found: Print) -> str:
        """The name of a known picture that is the same or its mirror image; empty: none."""
        if not self._prints:
            return ""
        bits = np.stack([known.bits[0] for known in self._prints])
        grey = np.stack([known.grey[0] for known in self._prints])
        for side in range(2):
            differing = (bits != found.bits[side]).sum(axis=1)
            apart = np.abs(grey - found.grey[side]).mean(axis=(1, 2))
            same = (apart <= _MOST_GREY) & ((differing <= _MOST_BITS) | _flat(found, side))
            if same.any():
                return self._names[int(np.flatnonzero(same)[apart[same].argmin()])]
        return ""


def _cells(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    size = (_SIDE + 1, _SIDE)
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.float32)


def _flat(found: Print, side: int) -> bool:
    """Whether a picture shows next to nothing, so that its bits are noise."""
    return float(np.abs(found.grey[side]).mean()) < 1.0
