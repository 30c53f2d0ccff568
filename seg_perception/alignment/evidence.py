"""What pictures say of the places where edges of scans appear in them, for any calibration."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.alignment.edge_maps import ONE, direction_of
from seg_perception.alignment.edge_points import EdgePoints
from seg_perception.alignment.observation import Observation
from seg_perception.geometry.camera import CameraModel

Matrix = NDArray[np.float64]
# Edges by number, and their pixels (N, 2).
_Places = tuple[NDArray[np.intp], NDArray[np.floating]]

_STILL = np.eye(4)
# Depth edges and reflectivity edges.
_KINDS = 2
# Edges of one block of directions, this wide, are of one group: neighbours repeat each other.
_BLOCK_RAD = np.radians(3.0)
GROUPS, HALVES = 16, 2
# Edges that lie farther beside the view than this tangent are not looked at; where the picture
# may have been cut, than this one.
BESIDE_VIEW, WIDEST = 0.15, 0.6
# More edges than this say the same and take longer.
_MOST = 30_000


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums over the edges in view, for P calibrations, M observations, each kind and each group.

    Attributes:
        counts: float32 (P, M, 2, GROUPS), edges in view.
        totals: float32 (P, M, 2, GROUPS), sums of what the pictures say of them, each -1 to 1.
    """

    counts: NDArray[np.float32]
    totals: NDArray[np.float32]

    @property
    def scores(self) -> NDArray[np.float64]:
        """How well each calibration fits, float64 (P,): a kind's sum over the root of its count."""
        return _scores(*(part.sum(axis=(1, 3)) for part in (self.counts, self.totals)))

    def half(self, half: int) -> NDArray[np.float64]:
        """The same of every other block of directions."""
        chosen = np.arange(GROUPS) % HALVES == half
        return _scores(
            *(p.sum(axis=1)[:, :, chosen].sum(axis=2) for p in (self.counts, self.totals))
        )

    def drawn(self, draws: int, random: np.random.Generator) -> list[NDArray[np.float64]]:
        """Scores, float64 (draws, P), of recordings like this: observations and blocks redrawn.

        Returns:
            Two: with observations drawn anew, where there are several, and with blocks.
        """
        by_moment = [part.sum(axis=3).transpose(1, 0, 2) for part in (self.counts, self.totals)]
        by_group = [part.sum(axis=1).transpose(2, 0, 1) for part in (self.counts, self.totals)]
        parts = [by_group] if len(by_moment[0]) == 1 else [by_moment, by_group]
        return [_drawn(counts, totals, draws, random) for counts, totals in parts]

    @property
    def edges(self) -> NDArray[np.int64]:
        """How many edges are in view, int64 (P,)."""
        edges: NDArray[np.int64] = self.counts.sum(axis=(1, 2, 3)).astype(np.int64)
        return edges

    @property
    def busiest(self) -> int:
        """The observation with most edges in view, under the first calibration."""
        return int(self.counts[0].sum(axis=(1, 2)).argmax())


def joined(parts: Sequence[Sums]) -> Sums:
    """Calibrations of several, in their order."""
    return Sums(
        np.concatenate([part.counts for part in parts]),
        np.concatenate([part.totals for part in parts]),
    )


def _drawn(
    counts: NDArray[np.float32],
    totals: NDArray[np.float32],
    draws: int,
    random: np.random.Generator,
) -> NDArray[np.float64]:
    """Scores of N parts drawn with return, of float32 (N, P, 2)."""
    parts, shape = len(counts), (draws, *counts.shape[1:])
    weights = random.multinomial(parts, np.full(parts, 1 / parts), size=draws).astype(np.float32)
    sums = [(weights @ part.reshape(parts, -1)).reshape(shape) for part in (counts, totals)]
    return _scores(*sums)


def _scores(counts: NDArray[np.float32], totals: NDArray[np.float32]) -> NDArray[np.float64]:
    scores: NDArray[np.float64] = (totals / np.sqrt(np.maximum(counts, 1))).sum(
        axis=-1, dtype=np.float64
    )
    return scores


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
            _prepared(edges, as_if @ seen.T_camera_lidar[at], camera_model, beside_view)
            for seen in self.observations
            for edges in (seen.depth_edges, seen.reflectivity_edges)
        ]
        part = np.repeat(np.arange(len(parts)), [len(places) for places, _, _ in parts])
        places, direction, group = (np.concatenate([p[k] for p in parts]) for k in range(3))
        kept = slice(None) if len(places) <= _MOST else _some(len(places))
        self._places: NDArray[np.float32] = places[kept]
        self._cell = (part * GROUPS + group)[kept]
        self._plane = ((part // _KINDS) * self._maps.shape[1] + direction)[kept]

    def placed(
        self, at: int = 0, as_if: Matrix = _STILL, beside_view: float = BESIDE_VIEW
    ) -> Evidence:
        """The same pictures, and the edges elsewhere; arguments as above."""
        return Evidence(self.observations, at, as_if, beside_view, self._maps)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the pictures (pixel)."""
        return int(self._maps.shape[3]), int(self._maps.shape[2])

    def sums(self, changes: Sequence[Matrix]) -> Sums:
        """Measure calibrations.

        Args:
            changes: each float64 (4, 4), applied to the scans in the optical frame.
        """
        return self._sums(self._hits(change) for change in changes)

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
        shape = len(self.observations), _KINDS, GROUPS
        cells, counts, totals = int(np.prod(shape)), [], []
        for index, places in tried:
            cell = self._cell[index]
            counts.append(np.bincount(cell, minlength=cells).astype(np.float32))
            value = self._values(index, places)
            totals.append(np.bincount(cell, value, cells).astype(np.float32))
        return Sums(np.stack(counts).reshape(-1, *shape), np.stack(totals).reshape(-1, *shape))

    def _hits(self, change: Matrix) -> _Places:
        hits = self.observations[0].camera_model.hits(self._places, change)
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


def _prepared(
    edges: EdgePoints, T: Matrix, camera_model: CameraModel, beside_view: float
) -> tuple[NDArray[np.float32], NDArray[np.intp], NDArray[np.intp]]:
    """Middles of the edges near the view, float32 (N, 3), directions of their steps, groups."""
    edge, outside = (part @ T[:3, :3].T + T[:3, 3] for part in (edges.edge, edges.outside))
    middle = (edge + outside) / 2
    near = _near_view(middle, camera_model, beside_view)
    edge, outside, middle = edge[near], outside[near], middle[near]
    step = _pixels(outside, camera_model) - _pixels(edge, camera_model)
    known = np.isfinite(step).all(axis=1) & step.any(axis=1)
    middle, step = middle[known], step[known]
    return middle.astype(np.float32), direction_of(step), _group(middle)


def _group(xyz: NDArray[np.float64]) -> NDArray[np.intp]:
    """Which group a place is of, so that blocks beside each other are of different halves."""
    x, y, z = xyz.T
    across = np.floor(np.arctan2(x, z) / _BLOCK_RAD).astype(np.intp)
    down = np.floor(np.arctan2(y, np.hypot(x, z)) / _BLOCK_RAD).astype(np.intp)
    spread = (across // HALVES + 3 * (down // HALVES)) % (GROUPS // HALVES)
    group: NDArray[np.intp] = HALVES * spread + (across + down) % HALVES
    return group


def _pixels(xyz: NDArray[np.float64], camera_model: CameraModel) -> NDArray[np.float64]:
    """Where points appear, also beside the image; not finite where the lens says nothing."""
    u, v, _ = camera_model.image(*camera_model.columns(xyz, _STILL))
    return np.stack([u, v], axis=1)


def _near_view(
    xyz: NDArray[np.float64], camera_model: CameraModel, beside_view: float
) -> NDArray[np.bool_]:
    x, y, z = xyz.T
    left, right, top, bottom = camera_model.slopes
    near: NDArray[np.bool_] = z > 0
    near &= (x > (left - beside_view) * z) & (x < (right + beside_view) * z)
    near &= (y > (top - beside_view) * z) & (y < (bottom + beside_view) * z)
    return near
