"""Images with label files, whatever layout they were found in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import DatasetError
from seg_perception.datasets.folder import LabelledImage, read_image, to_targets

_SEASONS = {
    "winter": ("12", "01", "02"),
    "spring": ("03", "04", "05"),
    "summer": ("06", "07", "08"),
    "autumn": ("09", "10", "11"),
}


@dataclass(frozen=True)
class ImagePair:
    """An image and the file of its true labels.

    Attributes:
        sequence: the drive it belongs to; empty where the layout has none.
        name: unique in its sequence.
        split: `train`, `val` or `test` where the layout has such folders; else empty.
        stamp_ns: time of exposure as far as the name tells; else 0.
        conditions: what the layout tells of it, for instance `platform: alice`.
    """

    image: Path
    labels: Path
    sequence: str
    name: str
    stamp_ns: int = 0
    conditions: Mapping[str, str] = field(default_factory=dict)
    split: str = ""

    @property
    def key(self) -> str:
        """Its name in the data set."""
        return f"{self.sequence}/{self.name}" if self.sequence else self.name


class LabelReader(Protocol):
    """Reads true labels in the form that a data set has them in."""

    @property
    def description(self) -> str:
        """Where the ids come from, for people."""
        ...

    def read(self, pair: ImagePair) -> NDArray[np.uint8] | NDArray[np.uint16]:
        """The class ids of a pair's pixels, uint8 or uint16 (H, W).

        Raises:
            DatasetError: they can't be read.
        """
        ...


class PairDataset:
    """Pairs as a training reads them.

    Args:
        pairs: as one of the layouts finds them.
        reader: of their labels.
        lookup: uint8 (256,), target by source id (`TargetSpace.lookup`).
        names: keys of the pairs to use; None takes all.
    """

    def __init__(
        self,
        pairs: Sequence[ImagePair],
        reader: LabelReader,
        lookup: NDArray[np.uint8],
        names: Sequence[str] | None = None,
    ) -> None:
        """Take note of the files; nothing is read yet.

        Raises:
            DatasetError: a name that no pair has.
        """
        by_key = {pair.key: pair for pair in pairs}
        self.names = tuple(by_key if names is None else names)
        if unknown := sorted(set(self.names) - set(by_key)):
            msg = f"the data set has no {unknown[0]}: take it out of the split, or add its files"
            raise DatasetError(msg)
        self._pairs = [by_key[name] for name in self.names]
        self._reader = reader
        self._lookup = lookup

    def __len__(self) -> int:
        """Count the images."""
        return len(self.names)

    def __getitem__(self, index: int) -> LabelledImage:
        """Read one pair.

        Raises:
            DatasetError: a file can't be decoded, the sizes differ, or the labels hold
                an id that the mapping does not know.
        """
        pair = self._pairs[index]
        image, ids = read_image(pair.image), self._reader.read(pair)
        targets = to_targets(ids, image.shape[:2], self._lookup, pair.labels)
        return LabelledImage(self.names[index], image, targets)


def season(month: str) -> str:
    """The meteorological season of a month such as `07`, on the northern hemisphere."""
    return next(name for name, months in _SEASONS.items() if month in months)


def expect_pairs(pairs: Sequence[ImagePair], root: Path, expected: str) -> tuple[ImagePair, ...]:
    """The pairs in the order of their keys.

    Raises:
        DatasetError: there are none, or two share a name.
    """
    if not pairs:
        msg = f"{root}: no image with labels found: expected {expected}"
        raise DatasetError(msg)
    ordered = sorted(pairs, key=lambda pair: (pair.sequence, pair.name))
    for first, second in pairwise(ordered):
        if first.key == second.key:
            msg = f"{first.image} and {second.image} have one name: leave one of them out"
            raise DatasetError(msg)
    return tuple(ordered)
