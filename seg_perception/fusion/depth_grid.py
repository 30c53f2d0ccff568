"""A depth image as points: on a grid of pixels of any size, before the lens that took it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.types import DepthImage
from seg_perception.geometry.camera import CameraModel

_NO_DEPTH = np.iinfo(np.uint16).max

Window = tuple[slice, slice]
WHOLE: Window = (slice(None), slice(None))


@dataclass(frozen=True, eq=False)
class DepthGrid:
    """The rays of pixels of a grid over a lens' image, each with a depth of 1.

    Attributes:
        lens: whose rays they are.
        size: width and height of the grid (pixel).
        rays: float32 (3, height, width), in the lens' optical frame; NaN where there is none.
    """

    lens: CameraModel
    size: tuple[int, int]
    rays: NDArray[np.float32]

    @classmethod
    def of(cls, lens: CameraModel, size: tuple[int, int]) -> DepthGrid:
        """Compute the rays: those of one grid cost as much as many images, and are to be kept.

        Depths of rectified images are measured along their own axis, not along the lens'.
        """
        u, v = _centres(size[0], lens.width), _centres(size[1], lens.height)
        uv = np.stack(np.meshgrid(u, v), axis=-1).reshape(-1, 2)
        rays = lens.unproject(uv)
        along = rays @ lens.T_ideal_camera[2, :3]
        with np.errstate(divide="ignore", invalid="ignore"):
            rays /= np.where(along > 0, along, np.nan)[:, None]
        planes = np.ascontiguousarray(rays.T, np.float32)
        return cls(lens, size, planes.reshape(3, size[1], size[0]))


def sampled_m(
    depth: DepthImage, size: tuple[int, int], window: Window = WHOLE, max_range_m: float = 0.0
) -> NDArray[np.float32]:
    """Depths of the pixels of a grid over the whole image: of the nearest pixel of each.

    Args:
        depth: the image.
        size: width and height of the grid (pixel).
        window: the rows and columns of the grid that are wanted.
        max_range_m: what is farther is no measurement; 0: all is.

    Returns:
        float32 (h, w) of the window, metre; NaN where nothing was measured.
    """
    rows, columns = (
        np.rint(_centres(wanted, had)).astype(np.intp)[part]
        for wanted, had, part in zip(size[::-1], depth.values.shape, window, strict=True)
    )
    values = depth.values.take(rows, axis=0).take(columns, axis=1)
    metres: NDArray[np.float32] = values.astype(np.float32)
    metres *= np.float32(depth.unit_m)
    most = max_range_m or np.inf
    if values.dtype == np.uint16:
        most = min(most, (_NO_DEPTH - 0.5) * depth.unit_m)
    with np.errstate(invalid="ignore"):
        measured = metres > 0
        measured &= metres <= np.float32(most)
        measured &= metres < np.inf
    np.putmask(metres, ~measured, np.float32(np.nan))
    return metres


def _centres(count: int, over: int) -> NDArray[np.float64]:
    """Centres of so many pixels that cover so many of another size, in these."""
    centres: NDArray[np.float64] = (np.arange(count) + 0.5) * over / count - 0.5
    return centres
