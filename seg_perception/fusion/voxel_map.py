"""What scan after scan said of each place: a voxel map of class counts.

A voxel holds Dirichlet counts: for every class, how much of the scans that met the voxel
spoke for it. Counts and not log-odds, for three reasons: a label with one confidence, which
is what the network gives, says nothing of the other classes that a likelihood would need;
counts are sums, so that the order of the scans does not matter; and errors that repeat from
scan to scan, as those of a network do, do not drive the confidence towards 1 as products
of likelihoods would. The points of one scan in one voxel share their pixels and their
errors: together they are one vote.

Space is not carved: a voxel that later scans look through stays until it leaves the window,
or until other labels outweigh its own.
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
from seg_perception.fusion.voxel_table import KeyTable, Rows, VoxelGrid
from seg_perception.fusion.voxels import Voxels

# Points that are entered at once; a larger cloud votes once for each such piece.
_PIECE = 1 << 17
# A full map gives up this share of its voxels at once: each time costs a pass over all.
_GIVEN_UP = 1 / 8
# The weight of knowing nothing: one vote, spread over all classes.
_PRIOR = np.float32(1)


@dataclass
class MapCount:
    """What became of points and voxels.

    Attributes:
        entered: points that voted.
        beyond_window, beyond_grid: points that were left out: too far from the robot, or
            more than 2^20 voxels away from where the map began.
        given_up: voxels that made room in a full map, the farthest first.
    """

    entered: int = 0
    beyond_window: int = 0
    beyond_grid: int = 0
    given_up: int = 0


@dataclass
class _Contents:
    """The voxels of one grid.

    Attributes:
        grid: where they lie.
        table: their rows.
        evidence: float32 (rows, classes), votes for each class.
        scans: uint32 (rows,), how many scans voted.
        scratch: int64 (rows,), for the work on one scan.
    """

    grid: VoxelGrid
    table: KeyTable
    evidence: NDArray[np.float32]
    scans: NDArray[np.uint32]
    scratch: NDArray[np.int64]


@dataclass
class _State:
    contents: _Contents | None = None
    centre: NDArray[np.float64] = field(default_factory=lambda: np.zeros(3))
    stamp_ns: int = 0


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
        contents = self._state.contents
        return 0 if contents is None else len(contents.table)

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
            if state.contents is None:
                state.contents = self._empty(robot_xyz)
            for piece in _pieces(len(xyz)):
                self._vote(state.contents, xyz[piece], labels[piece], confidence[piece])
                self._give_up_if_full(state.contents)

    def voxels(self) -> Voxels:
        """The map now; voxels that left the window are forgotten first."""
        with self._lock:
            contents = self._state.contents
            if contents is None:
                return self._none()
            self._leave_window(contents)
            evidence = contents.evidence[: len(contents.table)]
            labels = evidence.argmax(axis=1)
            best = evidence[np.arange(len(labels)), labels]
            share = _PRIOR / np.float32(self._class_count)
            return Voxels(
                xyz=contents.grid.centres(contents.table.keys),
                labels=labels.astype(self._label_type),
                confidence=(best + share) / (evidence.sum(axis=1) + _PRIOR),
                counts=contents.scans[: len(contents.table)].copy(),
                stamp_ns=self._state.stamp_ns,
                centre=self._state.centre,
            )

    def clear(self) -> None:
        """Forget all voxels."""
        with self._lock:
            self._state = _State()

    def _empty(self, robot_xyz: NDArray[np.float64]) -> _Contents:
        # The system gives memory to the rows that are used, not to those that could be.
        rows = self._config.max_voxels + _PIECE
        return _Contents(
            VoxelGrid(self._config.voxel_m, robot_xyz),
            KeyTable(rows),
            np.zeros((rows, self._class_count), np.float32),
            np.zeros(rows, np.uint32),
            np.zeros(rows, np.int64),
        )

    def _vote(
        self,
        contents: _Contents,
        xyz: NDArray[np.float64],
        labels: NDArray[np.uint8] | NDArray[np.uint16],
        confidence: NDArray[np.float32],
    ) -> None:
        near = self._in_window(xyz)
        keys, reachable = contents.grid.keys(xyz)
        self.count.beyond_window += int(np.count_nonzero(~near))
        self.count.beyond_grid += int(np.count_nonzero(near & ~reachable))
        near &= reachable
        if not near.all():
            keys, labels, confidence = keys[near], labels[near], confidence[near]
        self.count.entered += len(keys)
        rows = contents.table.rows(keys)
        voxel, firsts = _number(rows, contents.scratch)
        weights = confidence / np.bincount(voxel).astype(np.float32)[voxel]
        flat = contents.evidence.reshape(-1)
        np.add.at(flat, rows * self._class_count + labels, weights)
        contents.scans[rows[firsts]] += 1
        self._limit(contents, rows[firsts])

    def _limit(self, contents: _Contents, rows: Rows) -> None:
        """Halve what exceeds the memory of a voxel: it follows a world that changes."""
        full = rows[contents.scans[rows] % self._config.half_life_scans == 0]
        contents.evidence[full] *= np.float32(0.5)

    def _in_window(self, xyz: NDArray[np.float64]) -> NDArray[np.bool_]:
        reach = self._config.window_m
        if reach == 0:
            return np.ones(len(xyz), np.bool_)
        x, y, _ = self._state.centre
        inside: NDArray[np.bool_] = np.abs(xyz[:, 0] - x) <= reach
        inside &= np.abs(xyz[:, 1] - y) <= reach
        return inside

    def _leave_window(self, contents: _Contents) -> None:
        inside = self._in_window(contents.grid.centres(contents.table.keys))
        if not inside.all():
            _keep(contents, inside)

    def _give_up_if_full(self, contents: _Contents) -> None:
        if len(contents.table) <= self._config.max_voxels:
            return
        self._leave_window(contents)
        excess = len(contents.table) - self._config.max_voxels
        if excess <= 0:
            return
        excess += int(self._config.max_voxels * _GIVEN_UP)
        away = contents.grid.centres(contents.table.keys) - self._state.centre
        farthest = np.argpartition(np.einsum("ij,ij->i", away, away), -excess)[-excess:]
        kept = np.ones(len(contents.table), np.bool_)
        kept[farthest] = False
        self.count.given_up += excess
        _keep(contents, kept)

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


def _keep(contents: _Contents, kept: NDArray[np.bool_]) -> None:
    """Forget all voxels but some; their rows move up."""
    count, left = len(contents.table), int(np.count_nonzero(kept))
    for values in (contents.evidence, contents.scans):
        values[:left] = values[:count][kept]
        values[left:count] = 0
    contents.table.keep(kept)
