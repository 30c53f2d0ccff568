"""Which points a camera can see, from the scan itself and the labels of its pixels.

A lidar that sits beside the camera sees past things that the camera does not. A buffer of
single pixels notices nothing, since hardly two points of a scan share a pixel: the test has
to reach as far as the beams are apart. Taking the nearest point around for the occluder would
hide most of the ground, which rises towards the horizon, and whatever lies beside a trunk.

So a point is compared with the mean inverse depth of the points around it whose pixels have the
same label. No plane hides itself in this way, however it lies: its inverse depth is linear in
the image, and the mean over a window is its value in the middle. And a label parts what the
pixels show: the ground beside a trunk is asked about the ground alone, while ground whose pixel
says trunk has the trunk's own points before it.

A cloud that was made of a camera's own depths has no other view than the camera: what the sensor
measured, the camera saw.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.fusion.projection import ProjectedPoints

_COARSE = 24
_ENOUGH = 8192
_SMALLEST_CELL_PX = 2
_MOST_COLUMNS = 192
# The labels of most points get a plane of their own, the rest share the last one.
_PLANES = 6

Labels = NDArray[np.uint8] | NDArray[np.uint16]


class DepthBuffer:
    """Mean inverse depth of the points around each cell of an image, label by label."""

    def __init__(
        self,
        projections: Sequence[ProjectedPoints],
        labels: Sequence[Labels],
        image_size: tuple[int, int],
        cell_px: int = 0,
    ) -> None:
        """Enter all points.

        Args:
            projections: the points in the image, in any number of pieces.
            labels: (M,) each, of the points' pixels.
            image_size: width and height (pixel).
            cell_px: size of a cell; 0: the points' distance in the image.
        """
        self._cell = cell_px or matched_cell_px(projections, image_size)
        self._columns, rows = (-(-size // self._cell) for size in image_size)
        plane = (rows + 1) * self._columns
        self._starts = _plane_starts(labels, plane)
        count, total = np.zeros((2, _PLANES * plane), np.float32)
        for points, under in zip(projections, labels, strict=True):
            at = self._cells(points, under)
            np.add.at(count, at, np.float32(1))
            np.add.at(total, at, np.float32(1) / points.depth)
        self._count, self._total = (_around(cells, self._columns) for cells in (count, total))

    def relative_depth(self, points: ProjectedPoints, labels: Labels) -> NDArray[np.float32]:
        """How many times as far as its surroundings under the same label each point lies.

        Args:
            points: some that were entered.
            labels: (M,), of their pixels.

        Returns:
            float32 (M,): 1 where the points around are just as far, above 1 where they are
            nearer, 0 where there are none.
        """
        at = self._cells(points, labels)
        nearness = np.float32(1) / points.depth
        mean: NDArray[np.float32] = self._total.take(at)
        mean -= nearness
        others = self._count.take(at)
        others -= np.float32(1)
        mean /= np.maximum(others, np.float32(1), out=others)
        mean *= points.depth
        np.maximum(mean, np.float32(0), out=mean)
        return mean

    def _cells(self, points: ProjectedPoints, labels: Labels) -> NDArray[np.intp]:
        cells = _cells(points, self._cell, self._columns)
        cells += self._starts.take(labels)
        return cells


class SameRays:
    """In place of a buffer where camera and sensor look along the same rays: nothing hides."""

    def __init__(self, *_: object) -> None:
        """Take what a buffer takes, and look at nothing of it."""

    def relative_depth(self, points: ProjectedPoints, labels: Labels) -> NDArray[np.float32]:
        """0 for each of M points, as where there is nothing around, float32 (M,)."""
        del labels
        return np.zeros(len(points.index), np.float32)


def matched_cell_px(projections: Sequence[ProjectedPoints], image_size: tuple[int, int]) -> int:
    """Mean distance of neighbouring points in the part of the image that they cover (pixel).

    Not less than 2, nor less than leads to 192 columns: finer ones cost more than they tell.
    """
    count = sum(len(points.index) for points in projections)
    smallest = max(_SMALLEST_CELL_PX, -(-max(image_size) // _MOST_COLUMNS))
    if count == 0:
        return smallest
    # Blocks that hold several points each, or else there would be empty ones everywhere.
    mean_px = math.sqrt(image_size[0] * image_size[1] / count)
    coarse = math.ceil(max(max(image_size) / _COARSE, 2 * mean_px))
    columns, rows = (-(-size // coarse) for size in image_size)
    covered = np.zeros(rows * columns, np.bool_)
    step = 1 + count // _ENOUGH
    for points in projections:
        covered[_cells(points, coarse, columns, step)] = True
    area = np.count_nonzero(covered) / covered.size * image_size[0] * image_size[1]
    return max(smallest, round(math.sqrt(area / count)))


def _plane_starts(labels: Sequence[Labels], plane: int) -> NDArray[np.intp]:
    """First cell of the plane of every label, the most frequent labels first."""
    most = max((int(under.max()) for under in labels if under.size), default=0) + 1
    count = sum(np.bincount(under, minlength=most) for under in labels)
    starts = np.full(most, (_PLANES - 1) * plane, np.intp)
    frequent = np.argsort(-np.asarray(count), kind="stable")[: _PLANES - 1]
    starts[frequent] = np.arange(len(frequent)) * plane
    return starts


def _cells(points: ProjectedPoints, size_px: int, columns: int, step: int = 1) -> NDArray[np.intp]:
    index = (points.row[::step] // size_px).astype(np.intp)
    index *= columns
    index += points.column[::step] // size_px
    return index


def _around(cells: NDArray[np.float32], columns: int) -> NDArray[np.float32]:
    """Sums of each cell and its eight neighbours; between two planes lies an empty row."""
    ones = np.ones(3, np.float32)
    image = cells.reshape(-1, columns)
    sums = cv2.sepFilter2D(image, cv2.CV_32F, ones, ones, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(sums, np.float32).reshape(-1)
