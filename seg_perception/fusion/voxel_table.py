"""Voxels by their place: coordinates to keys, and a hash table from keys to rows.

Python's own dict would cost a step of the interpreter for each point; here every step
handles all points that still look for their slot.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.int64]
Rows = NDArray[np.int64]

# A key holds three indices of 21 bits each, counted from the grid's anchor.
_BITS = 21
_REACH = 1 << (_BITS - 1)
_MASK = (1 << _BITS) - 1
# Cubes to either side of a sensor among which its points are sought: 819 m of 0.2 m each.
_NEAR = 1 << 12
# Points that are worked on at once, so that all that is made of them stays in the cache.
_BLOCK = 1 << 15
_EMPTY, _DELETED = np.int64(-1), np.int64(-2)
# 2^64 divided by the golden ratio (Knuth, The Art of Computer Programming 3, 6.4): spreads
# neighbouring keys over the whole table.
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


class VoxelGrid:
    """Cubes of one size; a point on a border belongs to the cube above it.

    Attributes:
        size_m: edge of a cube.
        anchor: int64 (3,), index of the cube that keys are counted from.
    """

    def __init__(self, size_m: float, around: NDArray[np.float64]) -> None:
        """Reach 2^20 cubes to either side of a place.

        Args:
            size_m: edge of a cube.
            around: float64 (3,), metre; where the map begins.
        """
        self.size_m = size_m
        self.anchor = np.floor(around / size_m).astype(np.int64)

    def keys(self, xyz: NDArray[np.floating[Any]]) -> tuple[Keys, NDArray[np.bool_]]:
        """The cubes of points.

        Args:
            xyz: float (N, 3), metre, finite.

        Returns:
            int64 (N,) keys, not negative; and bool (N,): false where a cube is out of reach,
            whose key means nothing.
        """
        keys = np.zeros(len(xyz), np.int64)
        reachable = np.ones(len(xyz), np.bool_)
        for axis in range(3):
            index = np.floor(xyz[:, axis] / self.size_m)
            index += _REACH - self.anchor[axis]
            reachable &= (index >= 0) & (index <= _MASK)
            np.clip(index, 0, _MASK, out=index)
            keys <<= _BITS
            keys |= index.astype(np.int64)
        return keys, reachable

    def keys_from(
        self, xyz: NDArray[np.float32], T: NDArray[np.float64]
    ) -> tuple[Keys, NDArray[np.bool_]]:
        """The cubes of points in another frame.

        They are counted from the cube in which that frame begins, where float32 is exact enough:
        what lies within 1e-4 of a cube's edge from a border may go to the cube beside it.

        Args:
            xyz: float32 (N, 3), metre, finite.
            T: float64 (4, 4), that frame seen from the grid's.

        Returns:
            int64 (N,) keys; and bool (N,): false where a cube is more than 2^12 cubes away, whose
            key means nothing.
        """
        begin = T[:3, 3] / self.size_m
        cube = np.floor(begin).astype(np.int64) - self.anchor + _REACH - _NEAR
        first = (int(cube[0]) << 2 * _BITS) + (int(cube[1]) << _BITS) + int(cube[2])
        turn = (T[:3, :3] / self.size_m).astype(np.float32)
        shift = (begin - np.floor(begin) + _NEAR).astype(np.float32)[:, None]
        keys, near = np.empty(len(xyz), np.int64), np.ones(len(xyz), np.bool_)
        if (cube < 0).any() or (cube + 2 * _NEAR > _MASK).any():
            return np.zeros(len(xyz), np.int64), np.zeros(len(xyz), np.bool_)
        for start in range(0, len(xyz), _BLOCK):
            block = slice(start, start + _BLOCK)
            index = turn @ np.ascontiguousarray(xyz[block].T)
            index += shift
            if index.min(initial=0) < 0 or index.max(initial=0) >= 2 * _NEAR:
                near[block] = ((index >= 0) & (index < 2 * _NEAR)).all(axis=0)
                np.clip(index, 0, 2 * _NEAR - 1, out=index)
            x, y, z = index.astype(np.int64)
            x <<= 2 * _BITS
            y <<= _BITS
            keys[block] = x + y + z + first
        return keys, near

    def centres(self, keys: Keys) -> NDArray[np.float64]:
        """float64 (N, 3), metre, the middles of cubes."""
        shifts = np.array([2 * _BITS, _BITS, 0])
        index = (keys[:, None] >> shifts & _MASK) - _REACH + self.anchor
        centres: NDArray[np.float64] = (index + 0.5) * self.size_m
        return centres


class KeyTable:
    """A hash table with open addressing: keys get rows 0, 1, 2, ...

    Attributes:
        keys: int64 (count,), the key of each row.
    """

    def __init__(self, capacity: int) -> None:
        """Start empty; room for `capacity` keys, at most half of the slots in use."""
        self._bits = max(4, int(2 * capacity - 1).bit_length())
        self._slots = np.full(1 << self._bits, _EMPTY, np.int64)
        self._rows = np.zeros(1 << self._bits, np.int64)
        self._keys = np.zeros(capacity, np.int64)
        self._count = self._deleted = 0

    def __len__(self) -> int:
        """Count the keys."""
        return self._count

    @property
    def keys(self) -> Keys:
        """The key of each row, int64 (count,)."""
        return self._keys[: self._count]

    def rows(self, keys: Keys) -> Rows:
        """The rows of keys, which need not differ; new ones are added.

        Args:
            keys: int64 (N,), not negative; together with those that are there no more
                different ones than the capacity.

        Returns:
            int64 (N,).
        """
        rows = np.empty(len(keys), np.int64)
        pending, slots = np.arange(len(keys)), self._first_slots(keys)
        while pending.size:
            held = self._slots.take(slots)
            empty = held == _EMPTY
            if empty.any():
                self._claim(slots[empty], keys[empty])
                held = self._slots.take(slots)
            found = held == keys
            rows[pending[found]] = self._rows.take(slots[found])
            missed = ~found
            pending, keys = pending[missed], keys[missed]
            slots = (slots[missed] + 1) & (len(self._slots) - 1)
        return rows

    def find(self, keys: Keys) -> Rows:
        """The rows of keys, int64 (N,), which need not differ; -1 where there is none."""
        slots = self._first_slots(keys)
        held = self._slots.take(slots)
        pending = np.flatnonzero((held != keys) & (held != _EMPTY))
        wanted = keys.take(pending)
        while pending.size:
            further = (slots.take(pending) + 1) & (len(self._slots) - 1)
            slots[pending] = further
            there = self._slots.take(further)
            held[pending] = there
            missed = np.flatnonzero((there != wanted) & (there != _EMPTY))
            pending, wanted = pending.take(missed), wanted.take(missed)
        rows = self._rows.take(slots)
        rows[held != keys] = -1
        return rows

    def forget(self, forgotten: Rows) -> tuple[Rows, Rows]:
        """Forget rows; the last ones take their places, so that rows stay 0, 1, 2, ...

        Args:
            forgotten: int64 (M,), all different.

        Returns:
            int64 (K,) and (K,): rows that are filled, and the rows that move there.
        """
        left = self._count - len(forgotten)
        gone = np.zeros(self._count, np.bool_)
        gone[forgotten] = True
        holes, movers = np.flatnonzero(gone[:left]), left + np.flatnonzero(~gone[left:])
        self._rows[self._slots_of(self._keys[movers])] = holes
        self._slots[self._slots_of(self._keys[forgotten])] = _DELETED
        self._keys[holes] = self._keys[movers]
        self._count = left
        self._deleted += len(forgotten)
        # Slots of deleted keys are not used again: a quarter of all, beside at most half in use.
        if self._deleted > len(self._slots) // 4:
            self._rebuild()
        return holes, movers

    def _rebuild(self) -> None:
        """Give all keys their slots anew, without those that were deleted."""
        keys = self.keys.copy()
        self._slots.fill(_EMPTY)
        self._count = self._deleted = 0
        # Keys that had to look on for a slot got theirs late: give all their places again.
        place = np.empty(len(keys), np.int64)
        place[self.rows(keys)] = np.arange(len(keys))
        taken = np.flatnonzero(self._slots != _EMPTY)
        self._rows[taken] = place.take(self._rows.take(taken))
        self._keys[: len(keys)] = keys

    def _slots_of(self, keys: Keys) -> NDArray[np.int64]:
        """The slots of keys, int64 (N,), that have one."""
        slots = self._first_slots(keys)
        pending = np.arange(len(keys))
        while pending.size:
            pending = pending[self._slots.take(slots[pending]) != keys[pending]]
            slots[pending] = (slots[pending] + 1) & (len(self._slots) - 1)
        return slots

    def _claim(self, slots: NDArray[np.int64], keys: Keys) -> None:
        """Give empty slots to keys: where several want one, the last gets it."""
        self._slots[slots] = keys
        order = np.arange(len(slots))
        self._rows[slots] = order
        winners = self._rows.take(slots) == order
        first, last = self._count, self._count + np.count_nonzero(winners)
        self._rows[slots[winners]] = np.arange(first, last)
        self._keys[first:last] = keys[winners]
        self._count = last

    def _first_slots(self, keys: Keys) -> NDArray[np.int64]:
        spread = keys.astype(np.uint64) * _SPREAD
        slots: NDArray[np.int64] = (spread >> np.uint64(64 - self._bits)).astype(np.int64)
        return slots
