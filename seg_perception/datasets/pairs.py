"""Images with label files, whatever layout they were found in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import DatasetError
from seg_perception.datasets.folder import LabelledImage, read_image, to_targets
from seg_perception.io.image_files import decode_file

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
        stamp_ns: time of exposure as far as the name tells; else 0.
        conditions: what the layout tells of it, for instance `platform: alice`.
    """

    image: Path
    labels: Path
    sequence: str
    name: str
    stamp_ns: int = 0
    conditions: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Its name in the data set."""
        return f"{self.sequence}/{self.name}" if self.sequence else self.name


class PairDataset:
    """Pairs as a training reads them, like `FolderDataset`.

    Args:
        pairs: as one of the layouts finds them.
        lookup: uint8 (256,), target by source id (`TargetSpace.lookup`).
        names: keys of the pairs to use; None takes all.
    """

    def __init__(
        self,
        pairs: Sequence[ImagePair],
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
        image, ids = read_image(pair.image), read_ids(pair.labels)
        targets = to_targets(ids, image.shape[:2], self._lookup, pair.labels)
        return LabelledImage(self.names[index], image, targets)


def read_ids(path: Path) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """The class ids of a label file, uint8 or uint16 (H, W).

    Raises:
        DatasetError: it can't be decoded, or holds colours.
    """
    ids = decode_file(path, cv2.IMREAD_UNCHANGED)
    if ids is None:
        msg = f"{path}: can't be decoded as an image: replace the file or take it out of the split"
        raise DatasetError(msg)
    if ids.ndim != 2 or ids.dtype not in (np.uint8, np.uint16):
        msg = (
            f"{path}: expected labels of one channel of 8 or 16 bits, got {ids.dtype} {ids.shape}: "
            "save class ids, not colours"
        )
        raise DatasetError(msg)
    return ids


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
