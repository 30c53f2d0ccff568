"""What can be told of a picture without a network: light, contrast, sharpness, and its bytes."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

# So many rows and columns are looked at, so that the cost does not grow with the picture.
_LINES = 48
_WHITE = 250
# What a picture looks like from afar: columns and rows.
_CELLS = (16, 9)
_MOST_COLUMNS = 512
# Detail is looked for at this width: what a smoothing by the first of these takes away, against
# what one by the second does (standard deviations, pixel).
_DETAIL_WIDTH, _FINE_PX, _COARSE_PX = 512, 1.5, 6.0
# Grey levels that the second has to take: of less structure nothing is said.
_LEAST_STRUCTURE = 0.8
Cells = NDArray[np.float32]


def _no_colours() -> Cells:
    return np.zeros((*_CELLS[::-1], 3), np.float32)


def _no_texture() -> Cells:
    return np.zeros(_CELLS[::-1], np.float32)


@dataclass(frozen=True, eq=False)
class PictureFacts:
    """Numbers of one picture.

    Attributes:
        brightness: mean of the grey, 0 to 255.
        contrast: its standard deviation.
        white: share of pixels whose grey is 250 or more, 0 to 1.
        sharpness: mean step of the grey from pixel to pixel, as a share of the contrast.
        checksum: of the looked at bytes: the same in pictures that are the same.
        along, down: sharpness along the rows, and down the columns.
        colours: float32 (9, 16, 3), RGB, mean of each cell of a grid.
        texture: float32 (9, 16), mean step of the grey from pixel to pixel in each.
        detail: how much finest structure there is beside coarser, along the lines that have less
            of it: 0.3 to 1.6 in sharp pictures; 1 where there is too little to tell.
    """

    brightness: float
    contrast: float
    white: float
    sharpness: float
    checksum: int
    along: float = 0.0
    down: float = 0.0
    colours: Cells = field(default_factory=_no_colours)
    texture: Cells = field(default_factory=_no_texture)
    detail: float = 1.0

    @property
    def sharpnesses(self) -> tuple[float, float, float]:
        """In all, along the rows and down the columns: motion takes it along one line."""
        return self.sharpness, self.along, self.down

    @classmethod
    def of(cls, image: NDArray[np.uint8]) -> PictureFacts:
        """Look at every so-manieth row and column of a picture, uint8 (H, W, 3)."""
        rows = np.ascontiguousarray(image[_every(image.shape[0])])
        columns = np.ascontiguousarray(image[:, _every(image.shape[1])])
        grey, upright = (cv2.cvtColor(part, cv2.COLOR_RGB2GRAY) for part in (rows, columns))
        mean, deviation = cv2.meanStdDev(grey)
        contrast = float(deviation[0, 0])
        scale = 1 / contrast if contrast > 0 else 0.0
        along = scale * _step(grey[:, 1:], grey[:, :-1])
        down = scale * _step(upright[1:], upright[:-1])
        return cls(
            brightness=float(mean[0, 0]),
            contrast=contrast,
            white=float((grey >= _WHITE).mean()),
            sharpness=(along + down) / 2,
            checksum=zlib.crc32(columns.data, zlib.crc32(rows.data)),
            along=along,
            down=down,
            colours=_cells(rows),
            texture=_cells(np.abs(np.diff(grey.astype(np.int16)))),
            detail=_detail(grey, upright, _DETAIL_WIDTH / image.shape[1]),
        )


def _every(length: int) -> slice:
    step = max(1, length // _LINES)
    return slice(step // 2, None, step)


def _step(pixels: NDArray[Any], neighbours: NDArray[Any]) -> float:
    return float(cv2.mean(cv2.absdiff(pixels, neighbours))[0]) if pixels.size else 0.0


def _detail(rows: NDArray[Any], columns: NDArray[Any], scale: float) -> float:
    """The smaller of both ways, at a picture's width of 512, where it is wider."""
    along, upright = (_at_scale(lines, min(1.0, scale)) for lines in (rows, columns.T))
    return min(_detail_along(along), _detail_along(upright))


def _at_scale(lines: NDArray[Any], scale: float) -> NDArray[np.float32]:
    """Lines, each shrunk by itself."""
    length = max(1, round(lines.shape[1] * scale))
    shrunk = cv2.resize(lines, (length, len(lines)), interpolation=cv2.INTER_AREA)
    return np.asarray(shrunk, np.float32)


def _detail_along(lines: NDArray[np.float32]) -> float:
    fine = cv2.GaussianBlur(lines, (9, 1), _FINE_PX)
    coarse = cv2.GaussianBlur(lines, (37, 1), _COARSE_PX)
    structure = float(cv2.mean(cv2.absdiff(fine, coarse))[0])
    if structure < _LEAST_STRUCTURE:
        return 1.0
    return float(cv2.mean(cv2.absdiff(lines, fine))[0]) / structure


def _cells(pixels: NDArray[Any]) -> Cells:
    """Means of the cells of a grid, float32 (9, 16, ...); of a picture a pixel wide, zeros."""
    if not pixels.size:
        return _no_texture()
    some = pixels[:, :: max(1, pixels.shape[1] // _MOST_COLUMNS)].astype(np.float32)
    cells = cv2.resize(some, _CELLS, interpolation=cv2.INTER_AREA)
    return np.asarray(cells, np.float32)
