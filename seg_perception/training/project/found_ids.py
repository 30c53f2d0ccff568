"""Which ids the masks of a folder hold, and how much of each."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import DatasetError
from seg_perception.datasets.labelled_folder import LabelledFolder
from seg_perception.datasets.mapping import IGNORE

_THREADS = 4
Advance = Callable[[int, int], None]


@dataclass(frozen=True)
class FoundIds:
    """Pixels of every id in every image.

    Attributes:
        ids: that occur, ascending.
        pixels: int64 (images, ids).
        size: width, height of most masks.
    """

    ids: tuple[int, ...]
    pixels: NDArray[np.int64]
    size: tuple[int, int]

    @classmethod
    def count(cls, folder: LabelledFolder, advance: Advance) -> FoundIds:
        """Read every mask once.

        Raises:
            DatasetError: one can't be read, or holds more than a training takes.
        """
        rows, sizes = [], []
        with ThreadPoolExecutor(_THREADS) as pool:
            for row, size in pool.map(lambda pair: _count(folder.read(pair)), folder.pairs):
                rows.append(row)
                sizes.append(size)
                advance(len(rows), len(folder.pairs))
        pixels = np.stack([np.pad(row, (0, max(map(len, rows)) - len(row))) for row in rows])
        ids = np.flatnonzero(pixels.sum(axis=0))
        if ids[-1] > IGNORE:
            msg = (
                f"{folder.root}: masks hold the id {ids[-1]}: expected ids from 0 to {IGNORE}, "
                "which training reads: save others"
            )
            raise DatasetError(msg)
        common = max(set(sizes), key=sizes.count)
        return cls(tuple(map(int, ids)), pixels[:, ids], common)

    def share(self, number: int) -> float:
        """Of all pixels."""
        of_id = self.pixels[:, self.ids.index(number)].sum()
        return float(of_id / self.pixels.sum())

    def images(self, number: int) -> int:
        """How many images hold it."""
        return int((self.pixels[:, self.ids.index(number)] > 0).sum())


def _count(
    ids: NDArray[np.uint8] | NDArray[np.uint16],
) -> tuple[NDArray[np.int64], tuple[int, int]]:
    height, width = ids.shape
    return np.bincount(ids.ravel()).astype(np.int64), (width, height)
