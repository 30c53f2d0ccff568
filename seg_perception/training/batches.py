"""Batches that depend on the seed and the step alone, so that a resumed run sees the same ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.datasets.folder import FolderDataset, LabelledImage
from seg_perception.training.augmentation import augment
from seg_perception.training.config import TrainingConfig


@dataclass(frozen=True)
class Batch:
    """What one step learns from.

    Attributes:
        images: uint8 (B, h, w, 3), RGB.
        targets: uint8 (B, h, w), ids of the `TargetSpace`.
    """

    images: NDArray[np.uint8]
    targets: NDArray[np.uint8]


class BatchSource:
    """Draws augmented crops from a mix of data sets, which it keeps in memory once read.

    Args:
        datasets: by source name.
        config: shares, sizes and augmentation.
    """

    def __init__(self, datasets: Mapping[str, FolderDataset], config: TrainingConfig) -> None:
        """Prepare the shares; images are read when first drawn."""
        self._datasets = [datasets[source.name] for source in config.sources]
        shares = np.array([source.share for source in config.sources])
        self._shares = shares / shares.sum()
        self._config = config
        self._cache: dict[tuple[int, int], LabelledImage] = {}

    def batch(self, step: int) -> Batch:
        """Draw the batch of a step."""
        rng = np.random.default_rng([self._config.seed, step])
        views = [self._view(rng) for _ in range(self._config.batch_size)]
        return Batch(
            np.stack([image for image, _ in views]), np.stack([targets for _, targets in views])
        )

    def stream(self, first: int, last: int) -> Iterator[Batch]:
        """The batches of steps first to last - 1, each prepared while its forerunner is used."""
        with ThreadPoolExecutor(1) as pool:
            coming = pool.submit(self.batch, first)
            for step in range(first, last):
                ready = coming.result()
                if step + 1 < last:
                    coming = pool.submit(self.batch, step + 1)
                yield ready

    def _view(self, rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        source = int(rng.choice(len(self._datasets), p=self._shares))
        sample = self._sample(source, int(rng.integers(len(self._datasets[source]))))
        c = self._config
        return augment(sample, c.augmentation, c.network_size, c.crop, rng)

    def _sample(self, source: int, index: int) -> LabelledImage:
        key = (source, index)
        if key not in self._cache:
            self._cache[key] = self._datasets[source][index]
        return self._cache[key]
