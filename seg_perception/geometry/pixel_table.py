"""Pixels of directions before a camera from a table: several times as fast as by its lens."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.geometry.camera import CameraModel
from seg_perception.geometry.field_of_view import SlopeField

# Entries to a pixel, across: the middle of an entry is at most a quarter of a pixel away.
_ENTRIES = 2
_SLOPES = slice(0, 2)


@dataclass(frozen=True, eq=False)
class PixelTable:
    """The nearest pixel of every direction, to half a pixel and a quarter.

    Attributes:
        lens: whose pixels they are.
        outside: what stands for none: the number of its pixels.
        table: int32 (rows x columns,), flat index of a pixel, by slopes; its border is outside.
        columns: of the table.
        scale, offset: float32 (2, 1), from slopes (x, y) to columns and rows of the table.
    """

    lens: CameraModel
    outside: int
    table: NDArray[np.int32]
    columns: int
    scale: NDArray[np.float32]
    offset: NDArray[np.float32]

    @classmethod
    def of(cls, lens: CameraModel) -> PixelTable | None:
        """The table of a lens; None for one that looks past its own plane, which has no slopes."""
        if not isinstance(lens.field, SlopeField):
            return None
        x_min, x_max, y_min, y_max = lens.slopes
        size = np.ceil([_ENTRIES * lens.fx * (x_max - x_min), _ENTRIES * lens.fy * (y_max - y_min)])
        scale = size / (x_max - x_min, y_max - y_min)
        x, y = (
            low + (np.arange(count) + 0.5) / per_slope
            for low, count, per_slope in zip((x_min, y_min), size, scale, strict=True)
        )
        outside = lens.width * lens.height
        table = np.pad(_pixels(lens, x, y), 1, constant_values=outside)
        offset = 1 - scale * (x_min, y_min)
        columns = table.shape[1]
        return cls(lens, outside, table.reshape(-1), columns, _column(scale), _column(offset))

    def pixels(self, points: NDArray[np.float32]) -> NDArray[np.intp]:
        """Flat index of the pixel of each point, intp (N,); `outside` where it has none.

        Args:
            points: float32 (3, N), in the frame that the image is ideal in (`CameraModel.columns`);
                NaN has no pixel.
        """
        rows = len(self.table) // self.columns
        z = points[2]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            near = np.float32(1) / z
            np.putmask(near, ~(z > 0), np.float32(np.nan))
            at = points[_SLOPES] * near
            at *= self.scale
            at += self.offset
        for axis, count in zip(at, (self.columns, rows), strict=True):
            # NaN goes to the border, too.
            np.fmax(axis, np.float32(0), out=axis)
            np.fmin(axis, np.float32(count - 1), out=axis)
        cell = at[1].astype(np.int32)
        cell *= self.columns
        cell += at[0].astype(np.int32)
        pixels: NDArray[np.intp] = self.table.take(cell).astype(np.intp)
        return pixels


def _pixels(lens: CameraModel, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.int32]:
    """Flat index of the pixel of every pair of slopes (n,) and (m,), int32 (m, n)."""
    every_x, every_y = (axis.reshape(-1) for axis in np.meshgrid(x, y))
    u, v, inside = lens.image(every_x, every_y, np.ones(len(every_x)))
    found = np.full(len(u), lens.width * lens.height, np.int32)
    column, row = ((a[inside] + 0.5).astype(np.intp) for a in (u, v))
    found[inside] = row * lens.width + column
    return found.reshape(len(y), len(x))


def _column(pair: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.asarray(pair, np.float32).reshape(2, 1)
