"""What a bundle says of pictures: labels, confidence, and how far they are from what it knows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.familiarity import SPOILT
from bench.model_card.questions import CLEAR, Card
from seg_perception import Model
from seg_perception.api.image_labels import ImageLabels
from seg_perception.core.ontology import Ontology
from seg_perception.corruptions.catalogue import CORRUPTIONS
from seg_perception.datasets.folder import read_image
from seg_perception.datasets.layouts import open_folder
from seg_perception.datasets.mapping import LabelMapping
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.calibrated_confidence import LEVELS

Counts = NDArray[np.int64]
_IDS = 256


@dataclass
class Counted:
    """Of some pictures.

    Attributes:
        pixels: int64 (256, classes), by the id of their truth and the class that they are given.
        levels: int64 (256, 2), wrong and right by confidence, where the truth is one class.
        distances: float64 (pictures,), 1 at the edge of what is known; NaN without familiarity.
    """

    pixels: Counts
    levels: Counts
    distances: NDArray[np.float64]

    @classmethod
    def nothing(cls, classes: int) -> Self:
        """No picture yet."""
        zeros = np.zeros((_IDS, classes), np.int64), np.zeros((LEVELS, 2), np.int64)
        return cls(*zeros, np.zeros(0))

    def add(self, said: ImageLabels, truth: NDArray[Any], single: NDArray[np.int64]) -> None:
        """Count one.

        Args:
            said: of it.
            truth: ids (H, W).
            single: int64 (256,), the class that an id stands for; -1 where it is not one alone.
        """
        # Beside the masks' pixels, as training and `evaluate` do.
        given, confidence = (
            cv2.resize(plane, truth.shape[::-1], interpolation=cv2.INTER_NEAREST)
            for plane in (said.label_map.labels, said.label_map.confidence)
        )
        self.pixels += _pairs(truth, given, self.pixels.shape)
        is_known = single[truth] >= 0
        right = single[truth][is_known] == given[is_known]
        self.levels += _pairs(confidence[is_known], right, self.levels.shape)
        distance = said.label_map.distance
        whole = np.nan if distance is None else distance.whole
        self.distances = np.append(self.distances, whole)

    def save(self, file: Path) -> None:
        """Keep it."""
        file.parent.mkdir(parents=True, exist_ok=True)
        np.savez(file, pixels=self.pixels, levels=self.levels, distances=self.distances)

    @classmethod
    def load(cls, file: Path) -> Self:
        """Read what was kept."""
        with np.load(file) as kept:
            return cls(kept["pixels"], kept["levels"], kept["distances"])


def _pairs(rows: NDArray[Any], columns: NDArray[Any], shape: tuple[int, ...]) -> Counts:
    both = rows.ravel().astype(np.int64) * shape[1] + columns.ravel()
    return np.bincount(both, minlength=shape[0] * shape[1]).reshape(shape)


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

    def count(self, model: Model) -> Iterator[tuple[str, str, Counted]]:
        """Set, condition, and what was counted."""
        for name in self.card.sets:
            for condition in self.card.conditions(name):
                yield name, condition, self._kept(model, name, condition)

    def _kept(self, model: Model, name: str, condition: str) -> Counted:
        asked = f"{self.card.sets[name].model_dump_json()} {self.card.corruptions.get(condition)}"
        words = f"{name}_{condition.replace(' ', '_')}"
        file = self.kept / f"{words}_{_digest(asked.encode())}.npz"
        if not file.is_file():
            self._counted(model, name, condition).save(file)
        return Counted.load(file)

    def _counted(self, model: Model, name: str, condition: str) -> Counted:
        held = self.card.sets[name]
        folder = open_folder(self.data / held.folder, split=str(self.beside / held.split))
        counted = Counted.nothing(model.ontology.id_count)
        single = _single(self.mapping(name), model.ontology)
        asked = {*held.chosen([pair.key for pair in folder.pairs])}
        for pair in (pair for pair in folder.pairs if pair.key in asked):
            image = self._under(condition, read_image(pair.image), pair.key)
            counted.add(model.label(image), folder.reader.read(pair), single)
        return counted

    def _under(self, condition: str, image: NDArray[np.uint8], key: str) -> NDArray[np.uint8]:
        if condition == CLEAR:
            return image
        if condition in SPOILT:
            return SPOILT[condition](image, key)
        return CORRUPTIONS[condition].apply(image, self.card.corruptions[condition], key)


def _single(mapping: LabelMapping, ontology: Ontology) -> NDArray[np.int64]:
    single = np.full(_IDS, -1, np.int64)
    for number, classes in mapping.sets(ontology).items():
        if len(classes) == 1:
            (single[number],) = classes
    return single


def of_bundle(asked: Asked, bundle: Bundle) -> Asked:
    """The same with a place of its own for what a bundle, as it is now, said."""
    own = f"{bundle.folder.name}_{_digest((bundle.folder / 'manifest.json').read_bytes())}"
    return replace(asked, kept=asked.kept / own)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:8]
