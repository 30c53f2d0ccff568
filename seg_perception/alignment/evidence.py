"""What pictures say of the places where edges of scans appear in them, for any calibration."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from seg_perception.alignment.edge_maps import ONE
from seg_perception.alignment.edge_placement import placed
from seg_perception.alignment.observation import Observation
from seg_perception.alignment.sums import GROUPS, KINDS, Sums

Matrix = NDArray[np.float64]
# Edges by number, and their pixels (N, 2).
_Places = tuple[NDArray[np.intp], NDArray[np.floating]]

_STILL = np.eye(4)
# Edges that lie farther beside the view than this tangent are not looked at; where the picture
# may have been cut, than this one.
BESIDE_VIEW, WIDEST = 0.15, 0.6
# More edges than this say the same and take longer.
_MOST = 30_000


class Evidence:
    """The edges of all observations of one camera, in its optical frame, over its pictures."""

    def __init__(
        self,
        observations: Sequence[Observation],
        at: int = 0,
        as_if: Matrix = _STILL,
        beside_view: float = BESIDE_VIEW,
        maps: NDArray[np.int8] | None = None,
    ) -> None:
        """Gather the pictures and the edges.

        Args:
            observations: at least one, all of one calibration and one size.
            at: which of their time offsets.
            as_if: float64 (4, 4), applied to the scans in the optical frame beforehand.
            beside_view: tangent beyond the picture's border at which edges are looked at.
            maps: int8 (M, directions, h, w), the observations', where they are stacked already.
        """
        self.observations = observations
        stacked = np.stack([seen.maps for seen in observations]) if maps is None else maps
        self._maps: NDArray[np.int8] = stacked
        camera_model = self.observations[0].camera_model
        parts = [
            placed(edges, seen.T_camera_lidar, at, as_if, camera_model, beside_view)
            for seen in self.observations
            for edges in (seen.depth_edges, seen.reflectivity_edges)
        ]
        part = np.repeat(np.arange(len(parts)), [len(one) for one in parts])
        kept = slice(None) if len(part) <= _MOST else _some(len(part))
        self._places: NDArray[np.float32] = np.concatenate([one.places for one in parts])[kept]
        self._drifts: NDArray[np.float32] = np.concatenate([one.drifts for one in parts])[kept]
        groups = np.concatenate([one.groups for one in parts])
        directions = np.concatenate([one.directions for one in parts])
        self._cell = (part * GROUPS + groups)[kept]
        self._plane = ((part // KINDS) * self._maps.shape[1] + directions)[kept]

    def placed(
        self, at: int = 0, as_if: Matrix = _STILL, beside_view: float = BESIDE_VIEW
    ) -> Evidence:
        """The same pictures, and the edges elsewhere; arguments as above."""
        return Evidence(self.observations, at, as_if, beside_view, self._maps)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the pictures (pixel)."""
        return int(self._maps.shape[3]), int(self._maps.shape[2])

    def sums(self, changes: Sequence[Matrix], steps: Sequence[float] | None = None) -> Sums:
        """Measure calibrations.

        Args:
            changes: each float64 (4, 4), applied to the scans in the optical frame.
            steps: with each, so many steps of the time offsets further; a few at most, since
                the robot's motion is taken as even.
        """
        if steps is None:
            return self._sums(self._hits(change) for change in changes)
        return self._sums(
            self._hits(change, self._places + np.float32(step) * self._drifts)
            for change, step in zip(changes, steps, strict=True)
        )

    def shifted_sums(self, shifts_px: Sequence[tuple[float, float]]) -> Sums:
        """Measure shifts of the principal point (pixel of the pictures)."""
        index, places = self._places_of_all()
        return self._sums(self._inside(index, places + shift) for shift in shifts_px)

    def seen(
        self, change: Matrix, shift_px: tuple[float, float] = (0.0, 0.0)
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Where the edges in view appear, (N, 2) pixel; what the pictures say, (N,) -1 to 1."""
        if any(shift_px):
            index, places = self._places_of_all()
            index, places = self._inside(index, places + shift_px)
        else:
            index, places = self._hits(change)
        return places.astype(np.float64), self._values(index, places)

    def _sums(self, tried: Iterable[_Places]) -> Sums:
        shape = len(self.observations), KINDS, GROUPS
        cells, counts, totals = int(np.prod(shape)), [], []
        for index, places in tried:
            cell = self._cell[index]
            counts.append(np.bincount(cell, minlength=cells).astype(np.float32))
            value = self._values(index, places)
            totals.append(np.bincount(cell, value, cells).astype(np.float32))
        return Sums(np.stack(counts).reshape(-1, *shape), np.stack(totals).reshape(-1, *shape))

    def _hits(self, change: Matrix, places: NDArray[np.float32] | None = None) -> _Places:
        places = self._places if places is None else places
        hits = self.observations[0].camera_model.hits(places, change)
        return hits.index, np.stack([hits.u, hits.v], axis=1)

    def _places_of_all(self) -> _Places:
        """Which edges the lens takes in, on a sensor without end, and where."""
        camera_model = self.observations[0].camera_model
        x, y, depth = camera_model.columns(self._places, _STILL)
        u, v, _ = camera_model.image(x, y, depth)
        _, _, within = camera_model.field.bend(x, y, depth)
        places = np.stack([u, v], axis=1)
        known = np.isfinite(places).all(axis=1)
        index = np.flatnonzero(known if within is None else known & within)
        return index, places[index]

    def _inside(self, index: NDArray[np.intp], places: NDArray[np.floating]) -> _Places:
        inside = ((places >= -0.5) & (places < np.array(self.size) - 0.5)).all(axis=1)
        return index[inside], places[inside]

    def _values(self, index: NDArray[np.intp], places: NDArray[np.floating]) -> NDArray[np.float64]:
        width, height = self.size
        column, row = np.rint(places).astype(np.intp).T
        # Halves go to even numbers: just within the border, but outside the last pixel.
        column, row = column.clip(0, width - 1), row.clip(0, height - 1)
        flat = (self._plane[index] * height + row) * width + column
        values: NDArray[np.float64] = self._maps.reshape(-1)[flat] / ONE
        return values


def _some(count: int) -> NDArray[np.intp]:
    random = np.random.default_rng(0)
    return np.sort(random.choice(count, _MOST, replace=False)).astype(np.intp)
