"""What scan after scan said of each place: a voxel map of class counts.

A voxel holds Dirichlet counts: for every class, how much of the scans that met the voxel
spoke for it. Counts and not log-odds, for three reasons: a label with one confidence, which
is what the network gives, says nothing of the other classes that a likelihood would need;
counts are sums, so that the order of the scans does not matter; and errors that repeat from
scan to scan, as those of a network do, do not drive the confidence towards 1 as products
of likelihoods would. The points of one scan in one voxel share their pixels and their
errors: together they are one vote.

Space is not carved unless that is asked for (`clear_rays`): a voxel that later scans look through
stays until it leaves the window, or until other labels outweigh its own.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import MapConfig
from seg_perception.core.types import label_dtype
from seg_perception.fusion.ray_clearing import NearestRanges
from seg_perception.fusion.voxel_changes import ChangeLog, MapChanges
from seg_perception.fusion.voxel_store import VoxelStore
from seg_perception.fusion.voxel_table import Rows, VoxelGrid
from seg_perception.fusion.voxels import Voxels

# Points that are entered at once; a larger cloud votes once for each such piece.
_PIECE = 1 << 17
# A full map gives up this share of its voxels, part by part, so that no scan pays for all of it:
# voxels that are looked at at once, and those of which it is told what is far.
_GIVEN_UP, _LOOKED_AT, _SAMPLED = 1 / 8, 1 << 16, 1 << 12
# Who asks has the window follow the robot in steps of this share of it, each a pass over all.
_STRIDE = 1 / 10


@dataclass
class MapCount:
    """What became of points and voxels.

    Attributes:
        entered: points that voted.
        beyond_window, beyond_grid: points that were left out: too far from the robot, or
            more than 2^20 voxels away from where the map began.
        given_up: voxels that made room in a full map: those that were among its farthest.
    """

    entered: int = 0
    beyond_window: int = 0
    beyond_grid: int = 0
    given_up: int = 0


@dataclass
class _State:
    store: VoxelStore | None = None
    log: ChangeLog | None = None
    centre: NDArray[np.float64] = field(default_factory=lambda: np.zeros(3))
    stamp_ns: int = 0
    next_row: int = 0
    looked_at: int = 0
    swept_at: NDArray[np.float64] = field(default_factory=lambda: np.full(3, np.inf))


class VoxelMap:
    """A window around the robot, or all that was seen; may be used from several threads.

    Attributes:
        count: what became of points and voxels, since the map was made.
    """

    def __init__(self, config: MapConfig, class_count: int) -> None:
        """Start empty.

        Args:
            config: sizes and limits.
            class_count: labels are smaller than this.
        """
        self.count = MapCount()
        self._config = config
        self._class_count = class_count
        self._label_type: np.dtype[Any] = label_dtype(class_count)
        self._lock = threading.Lock()
        self._state = _State()

    def __len__(self) -> int:
        """Count the voxels; some of them may have left the window."""
        store = self._state.store
        return 0 if store is None else len(store)

    def add(
        self,
        xyz: NDArray[np.float64],
        labels: NDArray[np.uint8] | NDArray[np.uint16],
        confidence: NDArray[np.float32],
        robot_xyz: NDArray[np.float64],
        stamp_ns: int,
    ) -> None:
        """Let a scan vote.

        Args:
            xyz: float64 (N, 3), metre, finite, in the map's frame.
            labels: (N,), class ids below the class count.
            confidence: float32 (N,), 0 to 1: how much the point's vote weighs.
            robot_xyz: float64 (3,), metre; the middle of the window.
            stamp_ns: time of the scan.
        """
        with self._lock:
            state = self._state
            state.centre, state.stamp_ns = robot_xyz, max(state.stamp_ns, stamp_ns)
            if state.store is None:
                state.store = self._empty(robot_xyz)
                state.store.log = state.log
            for piece in _pieces(len(xyz)):
                self._vote(state.store, xyz[piece], labels[piece], confidence[piece])
                self._give_up_if_full(state.store)

    def look_up(
        self, xyz: NDArray[np.float32], T_map_sensor: NDArray[np.float64]
    ) -> tuple[NDArray[Any], NDArray[np.float32]]:
        """What the map says of the places of points; it is not changed by that.

        Voxels outside the window are forgotten first, whenever the robot has gone a tenth of it.

        Args:
            xyz: float32 (N, 3), metre, finite, in the sensor's frame.
            T_map_sensor: float64 (4, 4), where the sensor is.

        Returns:
            (N,), the class with the largest count; and float32 (N,), its expected share, 0 where
            nothing is known.
        """
        with self._lock:
            store = self._state.store
            if store is None:
                return np.zeros(len(xyz), self._label_type), np.zeros(len(xyz), np.float32)
            self._follow(store, T_map_sensor[:3, 3])
            keys, near = store.grid.keys_from(xyz, T_map_sensor)
            labels, confidence = store.look_up(keys)
            confidence *= near
            return labels, confidence

    def clear_rays(
        self, xyz: NDArray[np.float32], T_map_sensor: NDArray[np.float64], most: int
    ) -> None:
        """Forget voxels that a scan looks through.

        Args:
            xyz: float32 (N, 3), metre, its returns in the sensor's frame.
            T_map_sensor: float64 (4, 4), where the sensor is.
            most: so many voxels are looked at; the next ones the next time.
        """
        with self._lock:
            store, state = self._state.store, self._state
            if store is None or not len(xyz):
                return
            first = state.next_row if state.next_row < len(store) else 0
            state.next_row = first + most
            away = store.centres[first : first + most] - T_map_sensor[:3, 3]
            places = (away @ T_map_sensor[:3, :3]).astype(np.float32)
            seen_through = NearestRanges(xyz).beyond(places, store.grid.size_m)
            store.forget(first + np.flatnonzero(seen_through))

    def voxels(self) -> Voxels:
        """The map now; voxels that left the window are forgotten first."""
        with self._lock:
            store = self._state.store
            if store is None:
                return self._none()
            self._leave_window(store)
            labels, confidence = store.labels_and_confidence()
            return Voxels(
                xyz=store.centres.copy(),
                labels=labels,
                confidence=confidence,
                counts=store.scans[: len(store)].copy(),
                stamp_ns=self._state.stamp_ns,
                centre=self._state.centre,
            )

    def changes(self, most: int, *, everything: bool = False) -> MapChanges:
        """What became of the map since this was asked before; of a new map, all of it.

        Args:
            most: tell of so many voxels at most, of the others the next time.
            everything: all voxels are told anew, in parts: somebody came who knows nothing.
        """
        with self._lock:
            state, store = self._state, self._state.store
            if state.log is None or state.log.is_too_long:
                state.log, everything = ChangeLog(self._most_rows), True
            begins = state.log.begins
            if store is None:
                state.log.begins = False
                return MapChanges(begins, np.zeros((0, 3)), self._none())
            store.log = state.log
            self._leave_window(store)
            if everything:
                store.log.change(slice(len(store)))
            keys, rows = store.log.take(len(store), most)
            return MapChanges(begins, store.grid.centres(keys), self._voxels_of(store, rows))

    def follow_no_more(self) -> None:
        """Nobody asks for changes any more: who asks again is told everything."""
        with self._lock:
            self._state.log = None
            if self._state.store is not None:
                self._state.store.log = None

    def clear(self) -> None:
        """Forget all voxels."""
        with self._lock:
            self._state = _State()

    def _empty(self, robot_xyz: NDArray[np.float64]) -> VoxelStore:
        grid = VoxelGrid(self._config.voxel_m, robot_xyz)
        return VoxelStore(grid, self._most_rows, self._class_count)

    @property
    def _most_rows(self) -> int:
        return self._config.max_voxels + _PIECE

    def _vote(
        self,
        store: VoxelStore,
        xyz: NDArray[np.float64],
        labels: NDArray[np.uint8] | NDArray[np.uint16],
        confidence: NDArray[np.float32],
    ) -> None:
        near = self._in_window(xyz)
        keys, reachable = store.grid.keys(xyz)
        self.count.beyond_window += int(np.count_nonzero(~near))
        self.count.beyond_grid += int(np.count_nonzero(near & ~reachable))
        near &= reachable
        if not near.all():
            keys, labels, confidence = keys[near], labels[near], confidence[near]
        self.count.entered += len(keys)
        rows = store.rows(keys)
        voxel, firsts = _number(rows, store.scratch)
        weights = confidence / np.bincount(voxel).astype(np.float32)[voxel]
        store.vote(rows, labels, weights)
        store.scans[rows[firsts]] += 1
        self._limit(store, rows[firsts])

    def _limit(self, store: VoxelStore, rows: Rows) -> None:
        """Halve what exceeds the memory of a voxel: it follows a world that changes."""
        store.halve(rows[store.scans[rows] % self._config.half_life_scans == 0])

    def _in_window(self, xyz: NDArray[np.float64]) -> NDArray[np.bool_]:
        reach = self._config.window_m
        if reach == 0:
            return np.ones(len(xyz), np.bool_)
        x, y, _ = self._state.centre
        inside: NDArray[np.bool_] = np.abs(xyz[:, 0] - x) <= reach
        inside &= np.abs(xyz[:, 1] - y) <= reach
        return inside

    def _follow(self, store: VoxelStore, robot_xyz: NDArray[np.float64]) -> None:
        state, reach = self._state, self._config.window_m
        if reach and np.abs(robot_xyz - state.swept_at)[:2].max() > reach * _STRIDE:
            state.centre = state.swept_at = robot_xyz
            self._leave_window(store)

    def _leave_window(self, store: VoxelStore) -> None:
        store.forget(np.flatnonzero(~self._in_window(store.centres)))

    def _give_up_if_full(self, store: VoxelStore) -> None:
        while (excess := len(store) - self._config.max_voxels) > 0:
            self._make_room(store, excess + int(self._config.max_voxels * _GIVEN_UP))

    def _make_room(self, store: VoxelStore, wanted: int) -> None:
        """Forget, of the next part of the map, what left the window, else what is farthest.

        Args:
            store: of more voxels than there may be.
            wanted: voxels that should be given up in the whole map.
        """
        far_m2 = self._far_m2(store.centres, wanted)
        start = self._state.looked_at if self._state.looked_at < len(store) else 0
        part = store.centres[start : start + _LOOKED_AT]
        self._state.looked_at = start + len(part)
        left = np.flatnonzero(~self._in_window(part))
        far = left if left.size else np.flatnonzero(self._away_m2(part) >= far_m2)
        store.forget(start + far)
        if not left.size:
            self.count.given_up += len(far)

    def _far_m2(self, centres: NDArray[np.float64], wanted: int) -> np.float64:
        """The squared distance beyond which about so many voxels lie, from a sample of them."""
        away_m2 = self._away_m2(centres[:: -(-len(centres) // _SAMPLED)])
        beyond = min(len(away_m2), -(-wanted * len(away_m2) // len(centres)))
        farthest: np.float64 = np.partition(away_m2, -beyond)[-beyond]
        return farthest

    def _away_m2(self, centres: NDArray[np.float64]) -> NDArray[np.float64]:
        away = centres - self._state.centre
        squared: NDArray[np.float64] = np.einsum("ij,ij->i", away, away)
        return squared

    def _voxels_of(self, store: VoxelStore, rows: Rows) -> Voxels:
        labels, confidence = store.labels_and_confidence_of(rows)
        return Voxels(
            store.centres[rows],
            labels,
            confidence,
            store.scans[rows],
            self._state.stamp_ns,
            self._state.centre,
        )

    def _none(self) -> Voxels:
        return Voxels(
            np.zeros((0, 3)),
            np.zeros(0, self._label_type),
            np.zeros(0, np.float32),
            np.zeros(0, np.uint32),
            self._state.stamp_ns,
            self._state.centre,
        )


def _pieces(count: int) -> Iterator[slice]:
    return (slice(start, start + _PIECE) for start in range(0, count, _PIECE))


def _number(rows: Rows, scratch: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """Number the different rows of a scan from 0; `scratch` holds one entry for each row.

    Returns:
        int64 (N,): the number of each point's row; and intp (M,): one point for each number.
    """
    order = np.arange(len(rows))
    scratch[rows] = order
    chosen = scratch.take(rows)
    firsts = np.flatnonzero(chosen == order)
    scratch[rows[firsts]] = np.arange(len(firsts))
    return scratch.take(rows), firsts
