"""How often each class occurs, in pixels and in images: what weights and sampling follow from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import DatasetError
from seg_perception.core.ontology import Ontology
from seg_perception.datasets.mapping import IGNORE, TargetSpace
from seg_perception.training.data import Dataset

_SHOWN = 5


@dataclass(frozen=True)
class ClassFrequency:
    """Pixels of every target in every training image.

    Attributes:
        space: the targets.
        pixels: int64 (images, targets) by source name.
    """

    space: TargetSpace
    pixels: Mapping[str, NDArray[np.int64]]

    @classmethod
    def take(
        cls, space: TargetSpace, datasets: Mapping[str, Dataset], workers: int
    ) -> ClassFrequency:
        """Read every mask once.

        Raises:
            DatasetError: files are broken, or hold ids that their mapping does not know; the
                first few are named, a sentence a line.
        """
        targets = len(space.primary)
        pixels, mistakes = {}, []
        with ThreadPoolExecutor(workers) as pool:
            for name, dataset in datasets.items():
                rows = list(pool.map(partial(_count, dataset), range(len(dataset))))
                mistakes += [row for row in rows if isinstance(row, DatasetError)]
                pixels[name] = [row[:targets] for row in rows if not isinstance(row, DatasetError)]
        if mistakes:
            raise DatasetError(_first(mistakes))
        return cls(space, {name: np.stack(rows) for name, rows in pixels.items()})

    def class_pixels(self, shares: Mapping[str, float]) -> NDArray[np.int64]:
        """Training pixels by first class, int64 (classes,).

        Args:
            shares: of the draws, by source; each source is scaled to its own, and one that is not
                named does not count.
        """
        counts = {name: self._by_class(self.pixels[name].sum(axis=0)) for name in shares}
        everything = sum(int(count.sum()) for count in counts.values())
        total = sum(shares.values())
        scaled = [
            count * (shares[name] / total * everything / max(count.sum(), 1))
            for name, count in counts.items()
        ]
        return np.sum(scaled, axis=0).astype(np.int64)

    def never_possible(self) -> NDArray[np.int64]:
        """Ids, int64 (n,), of the classes that no training pixel can be, alone or in a set."""
        present = np.sum([rows.sum(axis=0) for rows in self.pixels.values()], axis=0) > 0
        return np.flatnonzero(~self.space.members[present].any(axis=0))

    def never_certain(self) -> NDArray[np.int64]:
        """Ids, int64 (n,), of classes learnt from sets alone: no pixel names them for certain."""
        present = np.sum([rows.sum(axis=0) for rows in self.pixels.values()], axis=0) > 0
        possible = self.space.members[present].any(axis=0)
        return np.flatnonzero(possible & ~present[: self.space.class_count])

    def repeat_factors(self, source: str, below: float) -> NDArray[np.float64]:
        """How often to draw each image of a source against a common one, float64 (images,).

        max over the image's classes of max(1, sqrt(below / f)), f the share of the
        source's images that hold the class (Gupta et al., "LVIS", CVPR 2019).
        """
        rows = self.pixels[source]
        holds = np.stack([self._by_class(row) > 0 for row in rows])
        share = np.maximum(holds.mean(axis=0), 1 / len(rows))
        factor = np.sqrt(np.maximum(below / share, 1.0))
        return np.where(holds, factor, 1.0).max(axis=1)

    def images_with(self, source: str, target: int) -> NDArray[np.int64]:
        """Numbers, int64 (n,), of the source's images that hold a target."""
        return np.flatnonzero(self.pixels[source][:, target] > 0)

    def _by_class(self, by_target: NDArray[np.int64]) -> NDArray[np.int64]:
        by_class = np.zeros(self.space.class_count, np.int64)
        np.add.at(by_class, self.space.primary, by_target)
        return by_class


def _count(dataset: Dataset, index: int) -> NDArray[np.int64] | DatasetError:
    """Pixels by target, int64 (256,), or what is wrong with the image."""
    try:
        targets = dataset[index].targets
    except DatasetError as error:
        return error
    return np.bincount(targets.ravel(), minlength=IGNORE + 1).astype(np.int64)


def _first(mistakes: Sequence[DatasetError]) -> str:
    more = len(mistakes) - _SHOWN
    lines = [str(mistake) for mistake in mistakes[:_SHOWN]]
    return "\n".join([*lines, f"and {more} images more like these"] if more > 0 else lines)


def expect_every_class(
    frequency: ClassFrequency, ontology: Ontology, unseen: Sequence[str], masks: Sequence[str]
) -> None:
    """Refuse to train a class that no pixel can be.

    Args:
        frequency: of the training images.
        ontology: names of the classes.
        unseen: names that may be missing.
        masks: the mappings, for the sentence.

    Raises:
        DatasetError: a class is missing.
    """
    missing = [ontology.names[int(i)] for i in frequency.never_possible()]
    if surprising := [name for name in missing if name not in unseen]:
        msg = (
            f"no training pixel is {', '.join(surprising)} (mappings {', '.join(masks)}): add "
            "images or map an id to it, or accept it under `unseen` in the configuration"
        )
        raise DatasetError(msg)
