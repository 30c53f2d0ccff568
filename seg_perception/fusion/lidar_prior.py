"""What a labelled lidar scan says of places that a radar heard.

A radar's bearing is coarse and its range is fine, and it hears through leaves that a camera does
not see past. A lidar tells the two apart: of all directions that a bearing may mean, only those
count in which the lidar met something at the return's own range, with the label that it has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Standard errors beyond which a point does not count.
_REACH = 2.5
_RETURNS_AT_ONCE = 2048
# More than what single precision takes from an angle.
_ROUNDING_RAD = 1e-3
# Lidar points around a bearing, at any range, below which the lidar has not measured there.
_OBSERVED = 3


@dataclass(frozen=True, eq=False)
class Bearings:
    """Where returns were heard, and how exactly.

    Attributes:
        xyz: float32 (M, 3), metre, frame of the radar.
        azimuth_sigma_rad, elevation_sigma_rad, range_sigma_m: float64 (M,), standard errors.
    """

    xyz: NDArray[np.float32]
    azimuth_sigma_rad: NDArray[np.float64]
    elevation_sigma_rad: NDArray[np.float64]
    range_sigma_m: NDArray[np.float64]

    def take(self, index: NDArray[np.intp]) -> Bearings:
        """The returns of an index, intp (K,)."""
        return Bearings(
            self.xyz[index],
            self.azimuth_sigma_rad[index],
            self.elevation_sigma_rad[index],
            self.range_sigma_m[index],
        )


@dataclass(frozen=True, eq=False)
class LidarPrior:
    """What the lidar says of M returns.

    Attributes:
        observed: bool (M,), the lidar measured in that direction, at whatever range.
        mass: float64 (M,), lidar points at the return's place, each weighed by how well it fits.
        visible: float64 (M,), the part of it that a camera sees.
        labels: uint16 (M,), the label with most support.
        confidence: float32 (M,), its support, confidence included, as a share of the mass; 0
            where no point has a label.
    """

    observed: NDArray[np.bool_]
    mass: NDArray[np.float64]
    visible: NDArray[np.float64]
    labels: NDArray[np.uint16]
    confidence: NDArray[np.float32]


class LidarLabelIndex:
    """Labelled lidar points in the frame of a radar."""

    def __init__(
        self,
        xyz: NDArray[np.float32],
        labels: NDArray[np.uint8] | NDArray[np.uint16],
        confidence: NDArray[np.float32],
        seen: NDArray[np.bool_] | None = None,
    ) -> None:
        """Keep the points.

        Args:
            xyz: float32 (N, 3), metre, frame of the radar; those that a camera has in view.
            labels: (N,), class ids.
            confidence: float32 (N,); 0 where a point is hidden or has no label.
            seen: bool (N,), a camera sees it; None: what has a confidence.
        """
        self._xyz = xyz
        present = np.bincount(labels, minlength=1) > 0
        self._classes = np.flatnonzero(present).astype(np.uint16)
        self._class = (np.cumsum(present) - 1).take(labels)
        self._confidence = confidence
        self._seen = confidence > 0 if seen is None else seen

    def prior(self, bearings: Bearings) -> LidarPrior:
        """What the lidar says of each return."""
        count, classes = len(bearings.xyz), max(len(self._classes), 1)
        observed, mass, visible = np.zeros(count), np.zeros(count), np.zeros(count)
        votes = np.zeros((count, classes))
        azimuth, elevation, distance = polar(bearings.xyz)
        near_by = _between(self._xyz, azimuth, bearings.azimuth_sigma_rad)
        places = np.stack(polar(self._xyz[near_by]))
        kinds, known = self._class[near_by], self._confidence[near_by]
        seen = self._seen[near_by]
        reach_m = (_REACH * bearings.range_sigma_m).astype(np.float32)
        for every_owner, every_point in _pairs(places, bearings, azimuth, elevation):
            observed += np.bincount(every_owner, minlength=count)
            # Most points in a direction are nearer or farther: they need no further look.
            off_m = np.abs(places[2].take(every_point) - distance.take(every_owner))
            near = np.flatnonzero(off_m < reach_m.take(every_owner))
            owner, point = every_owner[near], every_point[near]
            square = (off_m[near] / bearings.range_sigma_m[owner]) ** 2
            off_azimuth = places[0, point] - azimuth[owner]
            square += (off_azimuth / bearings.azimuth_sigma_rad[owner]) ** 2
            off_elevation = places[1, point] - elevation[owner]
            square += (off_elevation / bearings.elevation_sigma_rad[owner]) ** 2
            fits = square < _REACH**2
            of, near_point = owner[fits], point[fits]
            weight, sure = np.exp(-square[fits] / 2), known[near_point]
            mass += np.bincount(of, weight, count)
            visible += np.bincount(of, weight * seen[near_point], count)
            place = of * classes + kinds[near_point]
            votes += np.bincount(place, weight * sure, count * classes).reshape(votes.shape)
        winner = votes.argmax(axis=1)
        support = votes[np.arange(count), winner] / np.maximum(mass, 1e-9)
        labels = np.append(self._classes, np.uint16(0))[winner]
        return LidarPrior(observed >= _OBSERVED, mass, visible, labels, support.astype(np.float32))


def _pairs(
    places: NDArray[np.float32],
    bearings: Bearings,
    azimuth: NDArray[np.float32],
    elevation: NDArray[np.float32],
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Returns and lidar points that lie near each other in bearing, some at a time.

    The sphere is cut into cells as wide as the largest error reaches, in rows of equal
    elevation: a return's neighbours are three stretches of the points sorted by cell.
    """
    if len(azimuth) == 0 or places.shape[1] == 0:
        return
    wide = _REACH * float(bearings.azimuth_sigma_rad.max())
    high = _REACH * float(bearings.elevation_sigma_rad.max())
    row_length = int(2 * np.pi / wide) + 4

    def cell(at: NDArray[np.float32], size: float, half_turn: float) -> NDArray[np.intp]:
        return ((at + half_turn) / size).astype(np.intp) + 1

    own = cell(places[1], high, np.pi / 2) * row_length
    own += cell(places[0], wide, np.pi)
    order = np.argsort(own, kind="stable")
    own = own[order]
    row, column = cell(elevation, high, np.pi / 2), cell(azimuth, wide, np.pi)
    for start in range(0, len(azimuth), _RETURNS_AT_ONCE):
        some = slice(start, start + _RETURNS_AT_ONCE)
        middle = (row[some] + np.array([[-1], [0], [1]])) * row_length + column[some]
        first = np.searchsorted(own, middle.reshape(-1) - 1)
        length = np.searchsorted(own, middle.reshape(-1) + 1, side="right") - first
        owner = np.tile(np.arange(len(row[some])) + start, 3).repeat(length)
        within = np.arange(len(owner)) - (np.cumsum(length) - length).repeat(length)
        yield owner, order[first.repeat(length) + within]


def _between(
    xyz: NDArray[np.float32], azimuth: NDArray[np.float32], sigma_rad: NDArray[np.float64]
) -> NDArray[np.intp] | slice:
    """The points, float32 (N, 3), among which all lie that are near a return in azimuth.

    A radar looks ahead and a lidar all around: angles of most of its points need not be known.

    Args:
        xyz: float32 (N, 3), metre, frame of the radar.
        azimuth: float32 (M,), rad, of the returns.
        sigma_rad: float64 (M,), their standard errors.
    """
    if not len(azimuth):
        return slice(0)
    # A neighbour lies in the next cell at most, which is as wide as the largest error reaches.
    margin_rad = 2 * _REACH * float(sigma_rad.max()) + _ROUNDING_RAD
    first, last = float(azimuth.min()) - margin_rad, float(azimuth.max()) + margin_rad
    if not (-np.pi < first and last < np.pi and last - first < np.pi):
        return slice(None)
    x, y, _ = xyz.T
    left_of_first = y * np.float32(np.cos(first)) >= x * np.float32(np.sin(first))
    right_of_last = y * np.float32(np.cos(last)) <= x * np.float32(np.sin(last))
    return np.flatnonzero(left_of_first & right_of_last)


def polar(
    xyz: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Azimuth, elevation (rad) and range (m) of points, float32 (N,) each; x forward, z up."""
    x, y, z = xyz.T
    flat = np.hypot(x, y)
    return np.arctan2(y, x), np.arctan2(z, flat), np.hypot(flat, z)
