"""Whether the same place keeps its label from one scan to the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CELL_M = 0.2
_BITS, _OFFSET = 21, 1 << 20


@dataclass(frozen=True, eq=False)
class Cells:
    """Labelled space: sorted keys of cells, and the commonest label of each."""

    keys: NDArray[np.int64]
    labels: NDArray[np.int64]


def to_cells(xyz: NDArray[np.float64], labels: NDArray[np.uint8], cell_m: float = CELL_M) -> Cells:
    """Cut space into cubes and let the points of each vote; the lower label wins a draw.

    Args:
        xyz: (N, 3), metre, in a frame that stays; within 200 km of its origin.
        labels: uint8 (N,).
        cell_m: edge of a cube.
    """
    index = np.floor(xyz / cell_m).astype(np.int64) + _OFFSET
    keys = (index[:, 0] << 2 * _BITS) | (index[:, 1] << _BITS) | index[:, 2]
    order = np.lexsort((labels, keys))
    keys, labels = keys[order], labels[order]
    if not keys.size:
        return Cells(keys, labels.astype(np.int64))
    change = np.flatnonzero((np.diff(keys) != 0) | (np.diff(labels.astype(np.int64)) != 0)) + 1
    starts = np.concatenate([[0], change])
    votes = np.diff(np.concatenate([starts, [keys.size]]))
    keys, labels = keys[starts], labels[starts]
    best = np.lexsort((labels, -votes, keys))
    keys, labels = keys[best], labels[best]
    first = np.concatenate([[True], np.diff(keys) != 0])
    return Cells(keys[first], labels[first].astype(np.int64))


def compare_cells(before: Cells, after: Cells) -> tuple[int, int]:
    """How many cells of both scans there are, and in how many the label is the same."""
    _, first, second = np.intersect1d(
        before.keys, after.keys, assume_unique=True, return_indices=True
    )
    return len(first), int(np.count_nonzero(before.labels[first] == after.labels[second]))
