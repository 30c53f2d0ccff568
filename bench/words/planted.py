"""A teacher whose answers are planted: truth of simulated pictures, and errors of a known size."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.open_vocabulary.teacher import Image, Phrases, PhraseScores

# A thing of so much of the picture is seen at a glance with a chance of 63 %.
_GLANCE_SHARE = 0.002
_NOISE, _FALSE_PRESENCE = 0.12, 0.15


class PlantedTeacher:
    """Scores truth high and the rest low, with smooth noise; sees large things at a glance.

    Words that are not in a picture get blotches and some presence, too, as those of real
    teachers do.

    Attributes:
        description: says so.
        has_preview: it has.
        decoded: phrases that were looked for at full size so far.
    """

    description = "planted answers"
    has_preview = True

    def __init__(
        self, truths: dict[bytes, NDArray[np.uint8]], ids: dict[str, int], seed: int
    ) -> None:
        """Take the truth of each picture by its bytes, and which words are classes of it."""
        self._truths, self._ids, self._seed = truths, ids, seed
        self.decoded = 0

    def expect(self, phrases: Phrases) -> None:
        """Anything."""

    def presence(self, images: Sequence[Image], phrases: Phrases) -> NDArray[np.float32]:
        """What is seen at a glance, float32 (pictures, P)."""
        return np.stack([self._glance(image, phrases) for image in images])

    def score(self, images: Sequence[Image], phrases: Sequence[Phrases]) -> list[PhraseScores]:
        """Truth with noise."""
        found = []
        for image, asked in zip(images, phrases, strict=True):
            self.decoded += len(asked)
            maps = np.stack([self._map(image, phrase) for phrase in asked])
            found.append(PhraseScores(maps.max(axis=(1, 2)), maps))
        return found

    def _glance(self, image: Image, phrases: Phrases) -> NDArray[np.float32]:
        truth = self._truths[image.tobytes()]
        shares = np.array([(truth == self._ids.get(phrase, -1)).mean() for phrase in phrases])
        noise = np.array([self._random(image, p, 1).normal(0, _FALSE_PRESENCE) for p in phrases])
        seen = 0.9 * (1 - np.exp(-shares / _GLANCE_SHARE))
        return np.clip(seen + np.abs(noise), 0, 1).astype(np.float32)

    def _map(self, image: Image, phrase: str) -> NDArray[np.float32]:
        truth = self._truths[image.tobytes()]
        rng = self._random(image, phrase, 2)
        small = rng.normal(0.2, _NOISE, (truth.shape[0] // 8, truth.shape[1] // 8))
        noise = cv2.resize(small.astype(np.float32), truth.shape[::-1])
        there = (truth == self._ids.get(phrase, -1)).astype(np.float32)
        blurred = cv2.GaussianBlur(there, (0, 0), 1.0)
        return np.clip(noise + np.float32(0.6) * blurred, 0, 1).astype(np.float32)

    def _random(self, image: Image, phrase: str, kind: int) -> np.random.Generator:
        """The same for a picture and a phrase, whatever else is asked."""
        return np.random.default_rng([self._seed, kind, int(image.sum()), *phrase.encode()])
