"""All textures in one image at several sizes, so that one look-up serves a whole picture.

Far things take a small size, which is what keeps them from flickering.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.simulation.noise import Floats

_LEVELS = 7
UNIT = np.float32(96)
"""The byte that stands for one times the surface's own colour."""
_EDGE = 1


class TextureAtlas:
    """Every texture at every size, and where it lies."""

    def __init__(self, textures: dict[str, NDArray[np.uint8]]) -> None:
        """Lay the textures side by side, smaller ones below.

        Args:
            textures: uint8 (n, n, 3) by name, n a power of two, `UNIT` standing for 1.
        """
        self._number = {name: index for index, name in enumerate(textures)}
        width = sum(len(texture) + _EDGE for texture in textures.values())
        tallest = max(len(texture) for texture in textures.values())
        height = sum((tallest >> level) + _EDGE for level in range(_LEVELS))
        self._picture = np.zeros((height, width, 3), np.uint8)
        self._places = np.zeros((len(textures) * _LEVELS, 3), np.float32)
        left = 0
        for index, texture in enumerate(textures.values()):
            self._lay(index, texture, left, tallest)
            left += len(texture) + _EDGE

    def number(self, name: str) -> int:
        """Number of a texture; `plain` where there is none of that name."""
        return self._number.get(name, self._number["plain"])

    def size(self, name: str) -> int:
        """Texels along a side of the largest size."""
        return int(self._places[self.number(name) * _LEVELS, 2])

    def sample(self, number: NDArray[np.intp], level: Floats, u: Floats, v: Floats) -> list[Floats]:
        """Colours, relative to the surface's own.

        Args:
            number: intp (h, w), of textures.
            level: float32 (h, w), how often the texture is halved.
            u, v: float32 (h, w), position in periods; any finite value.

        Returns:
            Red, green and blue, float32 (h, w) each.
        """
        halved = np.clip(level, 0, _LEVELS - 1).astype(np.intp)
        place = np.take(self._places, number * _LEVELS + halved, axis=0)
        column = place[..., 0] + (u - np.floor(u)) * place[..., 2]
        row = place[..., 1] + (v - np.floor(v)) * place[..., 2]
        found = cv2.remap(self._picture, column, row, cv2.INTER_LINEAR)
        return [np.asarray(plane, np.float32) * (1 / UNIT) for plane in cv2.split(found)]

    def _lay(self, index: int, texture: NDArray[np.uint8], left: int, tallest: int) -> None:
        top = 0
        for level in range(_LEVELS):
            size = max(len(texture) >> level, 1)
            small = cv2.resize(texture, (size, size), interpolation=cv2.INTER_AREA)
            # One more row and column, so that the seam is interpolated, too.
            edged = cv2.copyMakeBorder(small, 0, _EDGE, 0, _EDGE, cv2.BORDER_WRAP)
            self._picture[top : top + size + _EDGE, left : left + size + _EDGE] = edged
            self._places[index * _LEVELS + level] = left, top, size
            top += (tallest >> level) + _EDGE
