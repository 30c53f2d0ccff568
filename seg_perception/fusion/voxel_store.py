"""What is known of each voxel, row by row, and what follows from it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.types import label_dtype
from seg_perception.fusion.class_votes import make_votes
from seg_perception.fusion.voxel_changes import ChangeLog
from seg_perception.fusion.voxel_table import Keys, KeyTable, Rows, VoxelGrid

# The weight of knowing nothing: one vote, spread over all classes.
_PRIOR = np.float32(1)


class VoxelStore:
    """The voxels of one grid.

    Labels and confidences are derived when they are asked for, of rows that changed since.

    Attributes:
        grid: where they lie.
        scans: uint32 (rows,), how many scans voted.
        scratch: int64 (rows,), for the work on one scan.
        log: is told of all that changes, while somebody follows.
    """

    def __init__(self, grid: VoxelGrid, rows: int, class_count: int) -> None:
        """Start empty; the system gives memory to the rows that are used."""
        self.grid = grid
        self.scans = np.zeros(rows, np.uint32)
        self.scratch = np.zeros(rows, np.int64)
        self.log: ChangeLog | None = None
        self._table = KeyTable(rows)
        self._votes = make_votes(rows, class_count)
        # The weight of knowing nothing about one class.
        self._share = _PRIOR / np.float32(class_count)
        self._centres = np.zeros((rows, 3))
        self._labels: NDArray[Any] = np.zeros(rows, label_dtype(class_count))
        self._confidence = np.zeros(rows, np.float32)
        self._changed = np.zeros(rows, np.bool_)

    def __len__(self) -> int:
        """Count the voxels."""
        return len(self._table)

    @property
    def centres(self) -> NDArray[np.float64]:
        """The middles of the voxels, float64 (count, 3), metre."""
        return self._centres[: len(self)]

    def rows(self, keys: Keys) -> Rows:
        """The rows of keys, int64 (N,), which need not differ; new ones are added."""
        before = len(self)
        rows = self._table.rows(keys)
        self._centres[before : len(self)] = self.grid.centres(self._table.keys[before:])
        return rows

    def vote(self, rows: Rows, labels: NDArray[Any], weights: NDArray[np.float32]) -> None:
        """Add weights, float32 (N,), to the counts of labels, (N,), in rows, int64 (N,)."""
        self._votes.add(rows, labels, weights)
        self._note(rows)

    def halve(self, rows: Rows) -> None:
        """Halve all counts of rows, int64 (M,)."""
        self._votes.halve(rows)
        self._note(rows)

    def labels_and_confidence(self) -> tuple[NDArray[Any], NDArray[np.float32]]:
        """The class with the largest count of each voxel, and its expected share: copies."""
        count = len(self)
        self._derive(np.flatnonzero(self._changed[:count]))
        return self._labels[:count].copy(), self._confidence[:count].copy()

    def labels_and_confidence_of(self, rows: Rows) -> tuple[NDArray[Any], NDArray[np.float32]]:
        """The same of some rows, int64 (M,), all different."""
        self._derive(rows[self._changed[rows]])
        return self._labels[rows], self._confidence[rows]

    def look_up(self, keys: Keys) -> tuple[NDArray[Any], NDArray[np.float32]]:
        """The same of the voxels of keys, int64 (N,), which need not differ.

        Returns:
            (N,) labels and float32 (N,) confidences; 0 where there is no such voxel.
        """
        rows = self._table.find(keys)
        known = rows >= 0
        np.maximum(rows, 0, out=rows)
        if (asked := np.flatnonzero(self._changed.take(rows) & known)).size:
            self._derive(np.unique(rows.take(asked)))
        confidence = self._confidence.take(rows)
        confidence *= known
        return self._labels.take(rows), confidence

    def _note(self, rows: Rows) -> None:
        self._changed[rows] = True
        if self.log is not None:
            self.log.change(rows)

    def _derive(self, changed: Rows) -> None:
        labels, best, together = self._votes.best(changed)
        self._labels[changed] = labels
        self._confidence[changed] = (best + self._share) / (together + _PRIOR)
        self._changed[changed] = False

    def forget(self, forgotten: Rows) -> None:
        """Forget rows, int64 (M,), all different; the last ones move into their places."""
        count, keys = len(self), self._table.keys[forgotten]
        holes, movers = self._table.forget(forgotten)
        self._votes.move(holes, movers, slice(len(self), count))
        columns = (self._centres, self._labels, self._confidence)
        for values in (*columns, self._changed, self.scans):
            values[holes] = values[movers]
            values[len(self) : count] = 0
        if self.log is not None:
            self.log.forget(keys, holes, movers, slice(len(self), count))
