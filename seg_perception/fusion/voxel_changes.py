"""What of a voxel map has not been told yet to those who follow it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.fusion.voxel_table import Keys, Rows
from seg_perception.fusion.voxels import Voxels


@dataclass(frozen=True, eq=False)
class MapChanges:
    """A part of what became of a map, to be laid on what was told before, in this order.

    Attributes:
        begins: all that was told before is forgotten.
        forgotten: float64 (M, 3), metre, the middles of voxels that are no more.
        voxels: those that are new or have changed.
    """

    begins: bool
    forgotten: NDArray[np.float64]
    voxels: Voxels

    def __len__(self) -> int:
        """Count the voxels that are told of."""
        return len(self.forgotten) + len(self.voxels)


class ChangeLog:
    """Rows that changed, and keys that were forgotten, since they were taken.

    Attributes:
        begins: nothing was told yet.
    """

    def __init__(self, rows: int) -> None:
        """Start with nothing that changed, in a map of at most so many rows."""
        self.begins = True
        self._changed = np.zeros(rows, np.bool_)
        self._forgotten: list[Keys] = []
        self._next_row = 0

    @property
    def is_too_long(self) -> bool:
        """Whether more was forgotten than a map can hold: beginning anew is shorter."""
        return sum(map(len, self._forgotten)) > len(self._changed)

    def change(self, rows: Rows | slice) -> None:
        """Note rows that changed."""
        self._changed[rows] = True

    def forget(self, keys: Keys, holes: Rows, movers: Rows, left: slice) -> None:
        """Note keys, int64 (M,), that are no more; rows moved into holes, others are left empty."""
        if not self.begins:
            self._forgotten.append(keys)
        self._changed[holes] = self._changed[movers]
        self._changed[left] = False

    def take(self, count: int, most: int) -> tuple[Keys, Rows]:
        """What is told next, `most` of it: what was forgotten comes first.

        Args:
            count: of the rows that there are.
            most: keys and rows together.

        Returns:
            int64 (M,) keys that are no more; and int64 (N,) rows that changed.
        """
        keys = np.concatenate([np.zeros(0, np.int64), *self._forgotten])
        self._forgotten = [keys[most:]] if len(keys) > most else []
        rows = self._next_rows(count, max(0, most - len(keys)))
        self._changed[rows] = False
        self.begins = False
        return keys[:most], rows

    def _next_rows(self, count: int, most: int) -> Rows:
        """Changed rows in turn, so that none waits for ever behind those that change again."""
        rows = np.flatnonzero(self._changed[:count])
        if len(rows) <= most:
            return rows
        first = int(np.searchsorted(rows, self._next_row))
        rows = np.roll(rows, -first)[:most]
        self._next_row = int(rows[-1]) + 1 if most else self._next_row
        return rows
