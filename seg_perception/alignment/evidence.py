"""What pictures say of the places where edges of scans appear in them, for any calibration."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

import numpy as np
from numpy.typing import NDArray

from seg_perception.alignment.edge_maps import ONE
from seg_perception.alignment.edge_placement import placed
from seg_perception.alignment.observation import Observation
from seg_perception.alignment.sums import GROUPS, KINDS, Sums, joined

Matrix = NDArray[np.float64]
# Edges by number, and their pixels (N, 2).
_Places = tuple[NDArray[np.intp], NDArray[np.floating]]

_STILL = np.eye(4)
# Edges that lie farther beside the view than this tangent are not looked at; where the picture
# may have been cut, than this one.
BESIDE_VIEW, WIDEST = 0.15, 0.6
# More edges than this say the same and take longer.
_MOST = 20_000
# So many places are worked out at once.
_TOGETHER = 60_000


class Evidence:
    """The edges of all observations of one camera, in its optical frame, over its pictures."""

    def __init__(
        self,
        observations: Sequence[Observation],
        at: int | None = None,
        as_if: Matrix = _STILL,
        beside_view: float = BESIDE_VIEW,
        maps: NDArray[np.int8] | None = None,
    ) -> None:
        """Gather the pictures and the edges.

        Args:
            observations: at least one, all of one calibration and one size.
            at: which of their time offsets; by default the middle one, which is none.
            as_if: float64 (4, 4), applied to the scans in the optical frame beforehand.
            beside_view: tangent beyond the picture's border at which edges are looked at.
            maps: int8 (M, directions, h, w), the observations', where they are stacked already.
        """
        self.observations = observations
        stacked = np.stack([seen.maps for seen in observations]) if maps is None else maps
        self._maps: NDArray[np.int8] = stacked
        self._camera_model = camera_model = observations[0].camera_model
        at = self.middle if at is None else at
        parts = [
            placed(edges, seen.T_camera_lidar, at, as_if, camera_model, beside_view)
            for seen in self.observations
            for edges in (seen.depth_edges, seen.reflectivity_edges)
        ]
        part = np.repeat(np.arange(len(parts)), [len(one) for one in parts])
        kept = slice(None) if len(part) <= _MOST else _some(len(part), _MOST)
        self._places: NDArray[np.float32] = np.concatenate([one.places for one in parts])[kept]
        self._drifts: NDArray[np.float32] = np.concatenate([one.drifts for one in parts])[kept]
        groups = np.concatenate([one.groups for one in parts])
        directions = np.concatenate([one.directions for one in parts])
        self._cell = (part * GROUPS + groups)[kept]
        self._plane = ((part // KINDS) * self._maps.shape[1] + directions)[kept]

    def placed(
        self, at: int | None = None, as_if: Matrix = _STILL, beside_view: float = BESIDE_VIEW
    ) -> Evidence:
        """The same pictures, and the edges elsewhere; arguments as above."""
        return Evidence(self.observations, at, as_if, beside_view, self._maps)

    def moved(self, change: Matrix, step: float) -> Evidence:
        """The same edges a little elsewhere: their directions and groups stay as they are.

        Args:
            change: float64 (4, 4), in the optical frame.
            step: steps of the time offsets further.
        """
        moved = copy(self)
        turned = change[:3, :3].T.astype(np.float32)
        places = (self._places + np.float32(step) * self._drifts) @ turned
        moved._places = places + change[:3, 3].astype(np.float32)  # noqa: SLF001 (a copy of ours)
        moved._drifts = self._drifts @ turned  # noqa: SLF001
        return moved

    def thinned(self, most: int) -> Evidence:
        """So many of the edges by chance, where there are more: they say the same, sooner."""
        if len(self._places) <= most:
            return self
        kept, thinned = _some(len(self._places), most), copy(self)
        for name in ("_places", "_drifts", "_cell", "_plane"):
            setattr(thinned, name, getattr(self, name)[kept])
        return thinned

    @property
    def offsets(self) -> int:
        """How many time offsets the observations have."""
        return len(self.observations[0].T_camera_lidar)

    @property
    def middle(self) -> int:
        """Which of them is none."""
        return self.offsets // 2

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
        together = max(1, _TOGETHER // max(1, len(self._places)))
        parts = []
        for start in range(0, len(changes), together):
            some = slice(start, start + together)
            columns = self._columns(changes[some], None if steps is None else steps[some])
            parts.append(self._sums(len(changes[some]), *self._hits(columns)))
        return joined(parts)

    def shifted_sums(self, shifts_px: Sequence[tuple[float, float]]) -> Sums:
        """Measure shifts of the principal point (pixel of the pictures)."""
        index, places = self._places_of_all()
        return joined([self._sums(1, *self._inside(index, places + shift)) for shift in shifts_px])

    def seen(
        self, change: Matrix, shift_px: tuple[float, float] = (0.0, 0.0)
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Where the edges in view appear, (N, 2) pixel; what the pictures say, (N,) -1 to 1."""
        if any(shift_px):
            index, places = self._places_of_all()
            index, places = self._inside(index, places + shift_px)
        else:
            index, places = self._hits(self._columns([change], None))
        return places.astype(np.float64), self._values(index, places)

    def _sums(self, tried: int, index: NDArray[np.intp], places: NDArray[np.floating]) -> Sums:
        """Of so many calibrations: the edges of all of them by number, and their pixels (N, 2)."""
        shape = tried, len(self.observations), KINDS, GROUPS
        which, edge = np.divmod(index, max(1, len(self._places)))
        cell = which * int(np.prod(shape[1:])) + self._cell[edge]
        cells = int(np.prod(shape))
        counts = np.bincount(cell, minlength=cells)
        totals = np.bincount(cell, self._values(edge, places), cells)
        return Sums(
            counts.astype(np.float32).reshape(shape), totals.astype(np.float32).reshape(shape)
        )

    def _columns(
        self, changes: Sequence[Matrix], steps: Sequence[float] | None
    ) -> NDArray[np.float32]:
        """The edges, float32 (3, P N), metre, where the image is ideal, for P calibrations."""
        T = (self._camera_model.T_ideal_camera @ np.stack(changes)).astype(np.float32)
        turns, shape = T[:, :3, :3].transpose(1, 0, 2).reshape(-1, 3), (3, len(T), -1)
        columns: NDArray[np.float32] = (turns @ self._places.T).reshape(shape)
        columns += T[:, :3, 3].T[..., None]
        if steps is not None:
            drifts = (turns @ self._drifts.T).reshape(shape)
            columns += np.array(steps, np.float32)[:, None] * drifts
        return columns.reshape(3, -1)

    def _hits(self, columns: NDArray[np.float32]) -> _Places:
        """Which of the columns, float32 (3, N), are in view, and their pixels."""
        camera_model = self._camera_model
        near = np.flatnonzero(camera_model.roughly_in_view(columns))
        u, v, inside = camera_model.image(*columns.take(near, axis=1))
        return near[inside], np.stack([u[inside], v[inside]], axis=1)

    def _places_of_all(self) -> _Places:
        """Which edges the lens takes in, on a sensor without end, and where."""
        camera_model = self._camera_model
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


def _some(count: int, most: int) -> NDArray[np.intp]:
    random = np.random.default_rng(0)
    return np.sort(random.choice(count, most, replace=False)).astype(np.intp)
