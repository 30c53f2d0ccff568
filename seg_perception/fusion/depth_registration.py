"""A depth image before a label map: for each of its pixels the point that the camera sees there.

Where both look through one lens a pixel is a pixel. Else each depth becomes a point, and of
those that fall into one pixel of the label map the nearest is seen: the others lie behind it. So
that nothing behind shows through between the pixels of what is before it, the depth image is
sampled somewhat finer than the label map is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.types import DepthImage
from seg_perception.fusion.depth_grid import DepthGrid, Window, sampled_m
from seg_perception.fusion.view import View
from seg_perception.geometry.camera import CameraModel
from seg_perception.geometry.pixel_table import PixelTable

# Samples of the depth image to a pixel of the label map, across.
_FINER = 1.2
# Of width and height: lenses that differ less are one, as drivers round them.
_SAME_LENS = 0.01
# Nothing nearer is measured: it would lie farthest aside in the other image.
_NEAREST_M = 0.3
# Windows begin and end at multiples of it, so that they hardly ever change.
_STEP = 16
_PIECE = 32768
_NONE = np.iinfo(np.uint64).max
_INDEX_BITS, _INDEX = np.uint64(32), np.uint64(2**32 - 1)


@dataclass(frozen=True, eq=False)
class RegisteredDepth:
    """The points of a label map's pixels.

    Attributes:
        xyz: float32 (N, 3), metre, depth camera's optical frame, row by row; NaN where nothing
            was measured.
        depth_m: float32 (N,), along the optical axis of the label map's camera; NaN as well.
    """

    xyz: NDArray[np.float32]
    depth_m: NDArray[np.float32]


class DepthRegistration:
    """Registers the images of one depth camera; keeps what depends on lenses alone."""

    def __init__(self, max_range_m: float) -> None:
        """Start; what is farther than `max_range_m` counts as not measured, 0: all is measured."""
        self._max_range_m = max_range_m
        self._grid: DepthGrid | None = None
        self._window: tuple[DepthGrid, tuple[int, ...], NDArray[np.float32]] | None = None

    def aligned(self, depth: DepthImage, camera: CameraModel) -> RegisteredDepth:
        """The depths of a label map's own pixels, whatever the sizes of the two.

        Args:
            depth: taken, or computed, through the label map's lens.
            camera: of the label map.
        """
        return self.plain(depth, camera, (camera.width, camera.height))

    def plain(
        self, depth: DepthImage, lens: CameraModel, size: tuple[int, int] | None = None
    ) -> RegisteredDepth:
        """The points of a grid of a size over the depth image itself, None: its own pixels."""
        size = size or depth.size
        grid = self._grid_of(lens, size)
        metres = sampled_m(depth, size, max_range_m=self._max_range_m).reshape(-1)
        xyz = np.empty((len(metres), 3), np.float32)
        for axis, rays in enumerate(grid.rays.reshape(3, -1)):
            np.multiply(rays, metres, out=xyz[:, axis])
        return RegisteredDepth(xyz, metres)

    def through(self, depth: DepthImage, lens: CameraModel, view: View) -> RegisteredDepth:
        """What the view's camera sees of the points that another lens measured.

        Args:
            depth: the image.
            lens: of it.
            view: the label map, and where the depth camera is before it.
        """
        grid = self._grid_of(lens, _grid_size(lens, view.camera))
        window = _window(grid, view)
        rays = self._rays_of(grid, window)
        metres = sampled_m(depth, grid.size, window, self._max_range_m).reshape(-1)
        nearest = _nearest(rays, metres, view)
        # The index of nothing is the last one, which is taken for any.
        source = (nearest & _INDEX).astype(np.intp)
        depth_m = (nearest >> _INDEX_BITS).astype(np.uint32).view(np.float32)
        measured_m = metres.take(source, mode="clip")
        np.putmask(measured_m, nearest == _NONE, np.float32(np.nan))
        xyz = np.empty((len(nearest), 3), np.float32)
        for axis in range(3):
            xyz[:, axis] = rays[axis].take(source, mode="clip") * measured_m
        return RegisteredDepth(xyz, depth_m)

    def _grid_of(self, lens: CameraModel, size: tuple[int, int]) -> DepthGrid:
        grid = self._grid
        if grid is None or grid.lens is not lens or grid.size != size:
            grid = self._grid = DepthGrid.of(lens, size)
        return grid

    def _rays_of(self, grid: DepthGrid, window: Window) -> NDArray[np.float32]:
        """Rays of a window, float32 (3, N), side by side."""
        key = tuple(end for part in window for end in (part.start, part.stop))
        kept = self._window
        if kept is None or kept[0] is not grid or kept[1] != key:
            rays = np.ascontiguousarray(grid.rays[:, window[0], window[1]]).reshape(3, -1)
            kept = self._window = (grid, key, rays)
        return kept[2]


def is_aligned(size: tuple[int, int], lens: CameraModel | None, camera: CameraModel) -> bool:
    """Whether a depth image in the camera's frame shows what the camera's image shows.

    That is by the camera matrix of its own lens (drivers leave out the distortion that they did
    not take away), else by its size: pixels of the camera's image are square in it, too.

    Args:
        size: width and height of the depth image (pixel).
        lens: of its camera_info; None: not known.
        camera: of the label map.
    """
    if lens is not None:
        return bool(np.allclose(_relative(lens), _relative(camera), rtol=0, atol=_SAME_LENS))
    width, height = size
    square = camera.fx / camera.width * width / (camera.fy / camera.height * height)
    return abs(square - 1) < _SAME_LENS


def _relative(lens: CameraModel) -> tuple[float, ...]:
    """Focal lengths and principal point, in widths and heights of the image."""
    centre = (lens.cx + 0.5) / lens.width, (lens.cy + 0.5) / lens.height
    return lens.fx / lens.width, lens.fy / lens.height, *centre


def _grid_size(lens: CameraModel, camera: CameraModel) -> tuple[int, int]:
    scale = _FINER * camera.fx / lens.fx, _FINER * camera.fy / lens.fy
    return math.ceil(lens.width * scale[0]), math.ceil(lens.height * scale[1])


def _window(grid: DepthGrid, view: View) -> Window:
    """The rows and columns of a grid that the view's camera may see something of."""
    T = view.camera.T_ideal_camera @ view.T_camera_cloud
    coarse = grid.rays[:, ::_STEP, ::_STEP].astype(np.float64)
    turned = np.einsum("ij,jrc->irc", T[:3, :3], coarse)
    x_min, x_max, y_min, y_max = view.camera.slopes
    # Between two rays that are looked at lie others.
    step = _STEP / min(grid.size[0] / grid.lens.width * grid.lens.fx, _FINER * view.camera.fx)
    with np.errstate(divide="ignore", invalid="ignore"):
        x, y = turned[:2] / turned[2]
        near = turned[2] > 0
        for slope, low, high, shift in zip(
            (x, y), (x_min, y_min), (x_max, y_max), T[:2, 3] / _NEAREST_M, strict=True
        ):
            # The nearest points lie farthest aside, the farthest where their rays do.
            near &= slope + max(shift, 0) > low - step
            near &= slope + min(shift, 0) < high + step
    rows, columns = (np.flatnonzero(near.any(axis=axis)) for axis in (1, 0))
    if len(rows) == 0:
        return slice(0, 1), slice(0, 1)
    return _span(rows, grid.size[1]), _span(columns, grid.size[0])


def _span(steps: NDArray[np.intp], count: int) -> slice:
    first, last = int(steps[0]) * _STEP, (int(steps[-1]) + 1) * _STEP
    return slice(first, min(last, count))


def _nearest(
    rays: NDArray[np.float32], depth_m: NDArray[np.float32], view: View
) -> NDArray[np.uint64]:
    """The nearest point in each of N pixels of a view: its depth's bits, then its index.

    Args:
        rays: float32 (3, M), of the points, with a depth of 1.
        depth_m: float32 (M,), of the points; NaN where there is none.
        view: the label map.

    Returns:
        uint64 (N,), `_NONE` where there is no point.
    """
    table = _table(view.camera) if view.shutter is None else None
    width, height = view.size
    nearest = np.full(width * height + 1, _NONE, np.uint64)
    for start in range(0, len(depth_m), _PIECE):
        piece = slice(start, start + _PIECE)
        points = rays[:, piece] * depth_m[piece]
        if table is None:
            pixel, depth, index = _exact(points, view)
        else:
            points = view.camera.columns(points.T, view.T_camera_cloud)
            pixel, depth = table.pixels(points), points[2]
            index = np.arange(len(depth))
        # Floats above 0 are in the order of their bits.
        key = np.ascontiguousarray(depth).view(np.uint32).astype(np.uint64)
        key <<= _INDEX_BITS
        key |= (index + start).astype(np.uint64)
        np.minimum.at(nearest, pixel, key)
    return nearest[:-1]


def _exact(
    points: NDArray[np.float32], view: View
) -> tuple[NDArray[np.intp], NDArray[np.float32], NDArray[np.intp]]:
    """Pixel, depth and index of those of the points (3, N) that lie in a view."""
    hits = view.hits(points.T)
    pixel = (hits.v + np.float32(0.5)).astype(np.intp)
    pixel *= view.camera.width
    pixel += (hits.u + np.float32(0.5)).astype(np.intp)
    return pixel, hits.depth.astype(np.float32, copy=False), hits.index


@lru_cache(maxsize=16)
def _table(lens: CameraModel) -> PixelTable | None:
    return PixelTable.of(lens)
