"""Pixels by the id of their truth and the class that a bundle gives them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.model_card.questions import CLEAR, Card
from seg_perception import Model
from seg_perception.corruptions.catalogue import CORRUPTIONS
from seg_perception.datasets.folder import read_image
from seg_perception.datasets.layouts import open_folder
from seg_perception.datasets.mapping import LabelMapping

Counts = NDArray[np.int64]
_IDS = 256


@dataclass(frozen=True)
class Asked:
    """What is asked of a bundle.

    Attributes:
        card: sets and corruptions.
        beside: the folder that the card's files are named from.
        data: of the data sets.
        kept: where counts lie that were made before.
    """

    card: Card
    beside: Path
    data: Path
    kept: Path

    def mapping(self, name: str) -> LabelMapping:
        """What a set's ids mean."""
        held = self.card.sets[name]
        own = held.mapping and LabelMapping.load(self.beside / held.mapping)
        return own or LabelMapping.beside(self.data / held.folder)

    def count(self, model: Model) -> Iterator[tuple[str, str, Counts]]:
        """Set, condition, and int64 (256, classes): pixels by true id and given class."""
        for name in self.card.sets:
            for condition in self.card.conditions(name):
                yield name, condition, self._kept(model, name, condition)

    def _kept(self, model: Model, name: str, condition: str) -> Counts:
        file = self.kept / f"{name}_{condition}.npy"
        if not file.is_file():
            self.kept.mkdir(parents=True, exist_ok=True)
            np.save(file, self._counted(model, name, condition))
        counts: Counts = np.load(file)
        return counts

    def _counted(self, model: Model, name: str, condition: str) -> Counts:
        held = self.card.sets[name]
        folder = open_folder(self.data / held.folder, split=str(self.beside / held.split))
        classes = model.ontology.id_count
        counts = np.zeros((_IDS, classes), np.int64)
        asked = {*held.chosen([pair.key for pair in folder.pairs])}
        for pair in (pair for pair in folder.pairs if pair.key in asked):
            image = read_image(pair.image)
            if condition != CLEAR:
                strength = self.card.corruptions[condition]
                image = CORRUPTIONS[condition].apply(image, strength, pair.key)
            labels = model.label(image).label_map.labels
            truth = folder.reader.read(pair)
            # Beside the masks' pixels, as training and `evaluate` do.
            size = (truth.shape[1], truth.shape[0])
            given = cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST)
            both = truth.ravel().astype(np.int64) * classes + given.ravel()
            counts += np.bincount(both, minlength=counts.size).reshape(counts.shape)
        return counts


def of_bundle(asked: Asked, bundle: str) -> Asked:
    """The same with a place of its own for a bundle's counts."""
    return replace(asked, kept=asked.kept / Path(bundle).name)
