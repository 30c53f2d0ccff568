"""A sweep as an image of ranges, in which the neighbours of a beam lie beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.types import PointCloud

_NEAREST_M, _FARTHEST_M = 1.0, 60.0
# Drivers' names of the beam's number.
_RING_FIELDS = ("ring", "channel", "laser_id", "line")
# Elevations farther apart than this are of two beams, where that makes this many of them.
_BEAM_GAP_RAD = math.radians(0.1)
_FEWEST_BEAMS, _MOST_BEAMS = 8, 256
# Square cells of an unordered sweep are this much wider than its points are apart on average.
_CELL_FACTOR = 1.5


@dataclass(frozen=True, eq=False)
class RangeImage:
    """Ranges by direction.

    Attributes:
        ranges: float32 (rows, columns), metre; NaN where nothing came back, or nearer than
            1 m, or beyond 60 m.
        index: intp (rows, columns), which point of the sweep a cell holds.
    """

    ranges: NDArray[np.float32]
    index: NDArray[np.intp]


def range_image(cloud: PointCloud) -> RangeImage:
    """Lay a sweep out by its own rows, else by its beams, else by direction."""
    xyz = cloud.xyz
    with np.errstate(invalid="ignore", over="ignore"):
        ranges = np.linalg.norm(xyz, axis=1).astype(np.float32)
        ranges[~((ranges >= _NEAREST_M) & (ranges <= _FARTHEST_M))] = np.nan
    if min(cloud.points.shape) > 1:
        index = np.arange(len(xyz)).reshape(cloud.points.shape)
        return RangeImage(ranges[index], index)
    known = np.flatnonzero(np.isfinite(ranges))
    if not known.size:
        return RangeImage(np.full((1, 1), np.nan, np.float32), np.zeros((1, 1), np.intp))
    x, y, z = xyz[known].astype(np.float64).T
    azimuth, elevation = np.arctan2(y, x), np.arctan2(z, np.hypot(x, y))
    beams = _beams(cloud, known, elevation)
    if beams is not None:
        columns = int(np.bincount(beams).max())
        return _paint(ranges, known, beams, azimuth, columns)
    low, high = np.percentile(elevation, [1, 99])
    cell = _CELL_FACTOR * math.sqrt(2 * math.pi * max(high - low, 1e-3) / len(known))
    rows = ((elevation - low) / cell).clip(0, (high - low) / cell).astype(np.int64)
    return _paint(ranges, known, rows, azimuth, math.ceil(2 * math.pi / cell))


def _beams(
    cloud: PointCloud, known: NDArray[np.intp], elevation: NDArray[np.float64]
) -> NDArray[np.int64] | None:
    """The beam of each known point, from below; None where that can't be told."""
    name = next((n for n in _RING_FIELDS if n in cloud.fields), None)
    if name is not None:
        numbers, beams = np.unique(cloud.points[name].reshape(-1)[known], return_inverse=True)
        total = np.bincount(beams, weights=elevation)
        order = np.argsort(np.argsort(total / np.bincount(beams)))
        return order[beams] if len(numbers) >= _FEWEST_BEAMS else None
    upwards = np.sort(elevation)
    ends = upwards[:-1][np.diff(upwards) > _BEAM_GAP_RAD]
    if not _FEWEST_BEAMS <= len(ends) + 1 <= _MOST_BEAMS:
        return None
    return np.searchsorted(ends, elevation)


def _paint(
    ranges: NDArray[np.float32],
    known: NDArray[np.intp],
    row: NDArray[np.int64],
    azimuth: NDArray[np.float64],
    columns: int,
) -> RangeImage:
    """The nearest point in each cell of row and azimuth."""
    column = ((azimuth + math.pi) / (2 * math.pi) * columns).astype(np.int64).clip(0, columns - 1)
    far_first = np.argsort(-ranges[known], kind="stable")
    row, column, known = row[far_first], column[far_first], known[far_first]
    shape = int(row.max()) + 1, columns
    image, index = np.full(shape, np.nan, np.float32), np.zeros(shape, np.intp)
    # Of several points in a cell the last one written stays.
    image[row, column] = ranges[known]
    index[row, column] = known
    return RangeImage(image, index)
