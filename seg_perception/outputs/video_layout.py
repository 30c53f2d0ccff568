"""Where on a video's picture each camera stands, and the clouds from above."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from seg_perception.core.ontology import Ontology
from seg_perception.outputs.pictures import PAPER, Rgb, above, fit, legend_strip

_WIDTH_ALONE_PX, _WIDTH_BESIDE_PX = 1280, 960
_LEAST_PX = 240


@dataclass(frozen=True)
class VideoLayout:
    """Tiles of one size in rows, a square beside them, the legend below.

    Attributes:
        cameras: in the order of the tiles.
        columns: tiles in a row.
        tile: width and height of each, even (pixel).
        square_px: edge of the picture from above; 0 where there is none.
    """

    cameras: tuple[str, ...]
    columns: int
    tile: tuple[int, int]
    square_px: int

    @classmethod
    def of(cls, cameras: Sequence[str], size: tuple[int, int], *, with_clouds: bool) -> VideoLayout:
        """The layout for cameras, the first of which has images of a size (width, height)."""
        columns = math.ceil(math.sqrt(len(cameras)))
        rows = -(-len(cameras) // columns)
        room = (_WIDTH_BESIDE_PX if with_clouds else _WIDTH_ALONE_PX) // columns
        width = max(_LEAST_PX, min(size[0], room))
        tile = _even(width), _even(width * size[1] / size[0])
        return cls(tuple(cameras), columns, tile, rows * tile[1] if with_clouds else 0)

    def compose(self, tiles: Mapping[str, Rgb], square: Rgb | None, ontology: Ontology) -> Rgb:
        """The picture, uint8 (H, W, 3), H and W even; what is missing stays blank."""
        width, height = self.tile
        rows = -(-len(self.cameras) // self.columns)
        total = self.columns * width + self.square_px
        canvas = np.full((rows * height, total, 3), PAPER, np.uint8)
        for place, camera in enumerate(self.cameras):
            row, column = divmod(place, self.columns)
            if camera in tiles:
                top, left = row * height, column * width
                canvas[top : top + height, left : left + width] = tiles[camera]
        if square is not None and self.square_px:
            canvas[:, -self.square_px :] = fit(square, self.square_px, self.square_px)
        strip = legend_strip(ontology, ontology.names, total)
        return above(canvas, strip[: strip.shape[0] // 2 * 2])


def _even(pixels: float) -> int:
    return max(2, round(pixels / 2) * 2)
