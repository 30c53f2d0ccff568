"""What the scans said of the classes of each voxel: all counts, or those of the likeliest few."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.types import label_dtype
from seg_perception.fusion.voxel_table import Rows

Weights = NDArray[np.float32]
# With more classes than this most counts of a voxel are 0 for ever.
_MOST_IN_FULL = 32
# A voxel lies in one thing, at the border of two or three; what else it is called are errors.
_KEPT = 8


class ClassVotes(Protocol):
    """Counts of classes, row by row."""

    def add(self, rows: Rows, labels: NDArray[Any], weights: Weights) -> None:
        """Add weights, float32 (N,), to the counts of labels, (N,), in rows, int64 (N,)."""

    def halve(self, rows: Rows) -> None:
        """Halve all counts of rows, int64 (M,)."""

    def best(self, rows: Rows) -> tuple[NDArray[Any], Weights, Weights]:
        """Of rows, int64 (M,): the class with the largest count, that count, and all together."""
        ...

    def move(self, holes: Rows, movers: Rows, left: slice) -> None:
        """Give rows the counts of others, int64 (M,) each, and forget those that are left."""


class AllClasses:
    """A count for every class."""

    def __init__(self, rows: int, class_count: int) -> None:
        """Start with nothing; the system gives memory to the rows that are used."""
        self._counts = np.zeros((rows, class_count), np.float32)

    def add(self, rows: Rows, labels: NDArray[Any], weights: Weights) -> None:
        """As `ClassVotes.add`."""
        np.add.at(self._counts.reshape(-1), rows * self._counts.shape[1] + labels, weights)

    def halve(self, rows: Rows) -> None:
        """As `ClassVotes.halve`."""
        self._counts[rows] *= np.float32(0.5)

    def best(self, rows: Rows) -> tuple[NDArray[Any], Weights, Weights]:
        """As `ClassVotes.best`."""
        counts = self._counts[rows]
        labels = counts.argmax(axis=1)
        return labels, counts[np.arange(len(labels)), labels], counts.sum(axis=1)

    def move(self, holes: Rows, movers: Rows, left: slice) -> None:
        """As `ClassVotes.move`."""
        self._counts[holes] = self._counts[movers]
        self._counts[left] = 0


class LikeliestClasses:
    """The counts of a few classes of each row, and the sum of all.

    As all counts while a row has met no more classes than are kept. Where another one comes, the
    one with the smallest count is forgotten if the newcomer's is larger, else the newcomer's; the
    sum keeps both, so that a confidence is never too high for it.
    """

    def __init__(self, rows: int, class_count: int, kept: int = _KEPT) -> None:
        """Start with nothing; so many classes of a row are kept."""
        self._labels: NDArray[Any] = np.zeros((rows, kept), label_dtype(class_count))
        self._counts = np.zeros((rows, kept), np.float32)
        self._sums = np.zeros(rows, np.float32)

    def add(self, rows: Rows, labels: NDArray[Any], weights: Weights) -> None:
        """As `ClassVotes.add`."""
        np.add.at(self._sums, rows, weights)
        places, known = self._places_of(rows, labels)
        np.add.at(self._counts.reshape(-1), places[known], weights[known])
        self._add_new(*_together(rows[~known], labels[~known], weights[~known]))

    def _add_new(self, rows: Rows, labels: NDArray[Any], weights: Weights) -> None:
        """Add pairs, in the order of their rows, that have no count."""
        new = np.arange(len(rows))
        while new.size:
            # Of each row the first one, since each takes another's place.
            first = np.ones(len(new), np.bool_)
            first[1:] = rows[new[1:]] != rows[new[:-1]]
            taken = new[first]
            self._take_places(rows[taken], labels[taken], weights[taken])
            new = new[~first]

    def halve(self, rows: Rows) -> None:
        """As `ClassVotes.halve`."""
        self._counts[rows] *= np.float32(0.5)
        self._sums[rows] *= np.float32(0.5)

    def best(self, rows: Rows) -> tuple[NDArray[Any], Weights, Weights]:
        """As `ClassVotes.best`; of equal counts the smallest class, as there."""
        labels, counts = self._labels[rows], self._counts[rows]
        largest = counts.max(axis=1)
        beyond = np.iinfo(labels.dtype).max
        candidates = np.where(counts == largest[:, None], labels, beyond)
        return candidates.min(axis=1), largest, self._sums[rows]

    def move(self, holes: Rows, movers: Rows, left: slice) -> None:
        """As `ClassVotes.move`."""
        for values in (self._labels, self._counts, self._sums):
            values[holes] = values[movers]
            values[left] = 0

    def _places_of(
        self, rows: Rows, labels: NDArray[Any]
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Where the labels' counts stand among all, and whether they stand anywhere."""
        places = rows * self._counts.shape[1]
        known = np.zeros(len(rows), np.bool_)
        all_labels, all_counts = self._labels.reshape(-1), self._counts.reshape(-1)
        for slot in range(self._counts.shape[1]):
            # Those that are known are most: the likeliest classes stand in the first places.
            open_ones = np.flatnonzero(~known)
            at = places[open_ones] + (slot > 0)
            places[open_ones] = at
            is_same = (all_labels.take(at) == labels[open_ones]) & (all_counts.take(at) > 0)
            known[open_ones] = is_same
        return places, known

    def _take_places(self, rows: Rows, labels: NDArray[Any], weights: Weights) -> None:
        """Let newcomers, one a row, take the places of what counts less."""
        slots = self._counts[rows].argmin(axis=1)
        wins = weights > self._counts[rows, slots]
        rows, slots = rows[wins], slots[wins]
        self._labels[rows, slots] = labels[wins]
        self._counts[rows, slots] = weights[wins]


def make_votes(rows: int, class_count: int) -> ClassVotes:
    """What keeps the counts of so many classes in bounded memory."""
    if class_count <= _MOST_IN_FULL:
        return AllClasses(rows, class_count)
    return LikeliestClasses(rows, class_count)


def _together(
    rows: Rows, labels: NDArray[Any], weights: Weights
) -> tuple[Rows, NDArray[Any], Weights]:
    """One weight for each row and label, in the order of both."""
    order = np.lexsort((labels, rows))
    rows, labels = rows[order], labels[order]
    is_first = np.ones(len(rows), np.bool_)
    is_first[1:] = (rows[1:] != rows[:-1]) | (labels[1:] != labels[:-1])
    sums = np.bincount(np.cumsum(is_first) - 1, weights[order]).astype(np.float32)
    return rows[is_first], labels[is_first], sums
