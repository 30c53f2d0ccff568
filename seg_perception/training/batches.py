"""Batches that depend on the seed, the step and the process alone: a resumed run sees the same."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from seg_perception.datasets.folder import LabelledImage
from seg_perception.training.augmentation import augment, paste
from seg_perception.training.class_frequency import ClassFrequency
from seg_perception.training.config import TrainingConfig
from seg_perception.training.data import Dataset, TrainingData

View = tuple[NDArray[np.uint8], NDArray[np.uint8]]


@dataclass(frozen=True)
class Batch:
    """What a network learns from at once.

    Attributes:
        images: uint8 (B, h, w, 3), RGB.
        targets: uint8 (B, h, w), ids of the `TargetSpace`.
    """

    images: NDArray[np.uint8]
    targets: NDArray[np.uint8]


class ImageMemory:
    """Keeps decoded images until a limit is reached; safe for several threads."""

    def __init__(self, datasets: Sequence[Dataset], limit_mb: int) -> None:
        """Start empty."""
        self._datasets = datasets
        self._left = limit_mb * 1_000_000
        self._kept: dict[tuple[int, int], LabelledImage] = {}
        self._lock = Lock()

    def image(self, source: int, index: int) -> LabelledImage:
        """Read an image, or remember it."""
        key = (source, index)
        if key in self._kept:
            return self._kept[key]
        sample = self._datasets[source][index]
        size = sample.image.nbytes + sample.targets.nbytes
        with self._lock:
            if size <= self._left and key not in self._kept:
                self._left -= size
                self._kept[key] = sample
        return sample


class BatchSource:
    """Draws augmented crops from a mix of data sets.

    Args:
        data: the mix.
        frequency: how often each class occurs.
        config: shares, sizes and augmentation.
        process: number of this process, each of which draws its own batches.
    """

    def __init__(
        self,
        data: TrainingData,
        frequency: ClassFrequency,
        config: TrainingConfig,
        process: int = 0,
    ) -> None:
        """Prepare the shares; images are read when first drawn."""
        names = [source.name for source in config.sources]
        shares = np.array([source.share for source in config.sources])
        self._shares = shares / shares.sum()
        self._config, self._process = config, process
        self._memory = ImageMemory([data.train[name] for name in names], config.memory_mb)
        factors = [frequency.repeat_factors(name, config.sampling.repeat_below) for name in names]
        self._chances = [factor / factor.sum() for factor in factors]
        self._donors = _rare_objects(data, frequency, config, names)

    def batch(self, number: int) -> Batch:
        """Draw a batch; the number counts on over the whole run."""
        rng = np.random.default_rng([self._config.seed, number, self._process])
        views = [self._view(rng) for _ in range(self._config.batch_size)]
        return Batch(
            np.stack([image for image, _ in views]), np.stack([targets for _, targets in views])
        )

    def stream(self, first: int, last: int) -> Generator[Batch]:
        """The batches first to last - 1, prepared by threads while earlier ones are used."""
        workers = self._config.workers
        with ThreadPoolExecutor(workers) as pool:
            coming: deque[Future[Batch]] = deque()
            for number in range(first, last):
                while len(coming) < workers and number + len(coming) < last:
                    coming.append(pool.submit(self.batch, number + len(coming)))
                ready = coming.popleft().result()
                if number + len(coming) + 1 < last:
                    coming.append(pool.submit(self.batch, number + len(coming) + 1))
                yield ready

    def _view(self, rng: np.random.Generator) -> View:
        source = int(rng.choice(len(self._chances), p=self._shares))
        chances = self._chances[source]
        view = self._augmented(source, int(rng.choice(len(chances), p=chances)), rng)
        if self._donors and rng.random() < self._config.sampling.paste:
            target, places = self._donors[int(rng.integers(len(self._donors)))]
            place = places[int(rng.integers(len(places)))]
            paste(view, self._augmented(*place, rng), target)
        return view

    def _augmented(self, source: int, index: int, rng: np.random.Generator) -> View:
        c = self._config
        sample = self._memory.image(source, index)
        return augment(sample, c.augmentation, c.network_size, c.crop, rng)


def _rare_objects(
    data: TrainingData, frequency: ClassFrequency, config: TrainingConfig, names: Sequence[str]
) -> list[tuple[int, list[tuple[int, int]]]]:
    """Of each rare class its id and the images, as (source, index), that surely hold it."""
    if not config.sampling.paste:
        return []
    donors = []
    for name in config.sampling.paste_classes:
        target = data.ontology.ids[name]
        places = [
            (source, int(index))
            for source, of in enumerate(names)
            for index in frequency.images_with(of, target)
        ]
        if places:
            donors.append((target, places))
    return donors
