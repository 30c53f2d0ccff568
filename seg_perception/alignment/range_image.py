"""A scan as an image of ranges, in which the neighbours of a beam lie beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.types import PointCloud

_NEAREST_M, _FARTHEST_M = 1.0, 60.0
# Drivers' names of the beam's number.
_RING_FIELDS = ("ring", "channel", "laser_id", "line")
# Elevations farther apart than this are of two beams, where that makes this many of them.
_BEAM_GAP_RAD = math.radians(0.1)
_FEWEST_BEAMS, _MOST_BEAMS, _UNEVEN = 8, 256, 2.5
# Square cells of an unordered scan are this much wider than its points are apart on average.
_CELL_FACTOR = 1.5


@dataclass(frozen=True, eq=False)
class RangeImage:
    """Ranges by direction.

    Attributes:
        ranges: float32 (rows, columns), metre; NaN where nothing came back, or nearer than
            1 m, or beyond 60 m.
        index: intp (rows, columns), which point of the scan a cell holds.
    """

    ranges: NDArray[np.float32]
    index: NDArray[np.intp]


def range_image(cloud: PointCloud) -> RangeImage:
    """Lay a scan out by its own rows, else by its beams, else by direction."""
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
    azimuth, span = _from_its_start(azimuth)
    beams = _beams(cloud, known, elevation)
    if beams is not None:
        columns = max(2, int(np.bincount(beams).max()))
        return _paint(ranges, known, beams, np.rint(azimuth / span * (columns - 1)))
    low, high = np.percentile(elevation, [1, 99])
    cell = _CELL_FACTOR * math.sqrt(span * max(high - low, 1e-3) / len(known))
    rows = ((elevation - low) / cell).clip(0, (high - low) / cell).astype(np.int64)
    return _paint(ranges, known, rows, np.floor(azimuth / cell))


def _from_its_start(azimuth: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Azimuths from the edge of the sector that the sensor sees, and how wide it is (radian)."""
    around = np.sort(azimuth)
    gaps = np.diff(around, append=around[0] + 2 * math.pi)
    widest = int(gaps.argmax())
    start = around[(widest + 1) % len(around)]
    span = max(2 * math.pi - float(gaps[widest]), 1e-3)
    return np.mod(azimuth - start, 2 * math.pi).clip(0, span), span


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
    beams = np.searchsorted(ends, elevation)
    sizes = np.bincount(beams)
    # Beams that ran into each other would stand out.
    return beams if sizes.max() <= _UNEVEN * np.median(sizes) else None


def _paint(
    ranges: NDArray[np.float32],
    known: NDArray[np.intp],
    row: NDArray[np.int64],
    column: NDArray[np.float64],
) -> RangeImage:
    """The nearest of the known points in each cell."""
    far_first = np.argsort(-ranges[known], kind="stable")
    row, columns, known = row[far_first], column[far_first].astype(np.int64), known[far_first]
    shape = int(row.max()) + 1, int(columns.max()) + 1
    image, index = np.full(shape, np.nan, np.float32), np.zeros(shape, np.intp)
    # Of several points in a cell the last one written stays.
    image[row, columns] = ranges[known]
    index[row, columns] = known
    return RangeImage(image, index)
