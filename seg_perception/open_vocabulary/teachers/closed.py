"""A bundle of ours as a teacher: its words are its classes."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import SegmentationConfig
from seg_perception.core.errors import OpenVocabularyError
from seg_perception.inference.augmented import AugmentedSegmenter, ViewPlan
from seg_perception.inference.bundle import Bundle, sha256
from seg_perception.inference.engine import create_engine
from seg_perception.open_vocabulary.presence import best_mean
from seg_perception.open_vocabulary.teacher import Image, Phrases, PhraseScores


class BundleTeacher:
    """Its confidence where it names a class; asked for a class, by its name.

    Attributes:
        description: which bundle this is.
        has_preview: it answers for all classes at once, so that nothing is saved by asking less.
    """

    has_preview = False

    def __init__(self, name: str) -> None:
        """Load it.

        Raises:
            BundleError, EngineError: it can't be loaded or proven.
        """
        bundle = Bundle.load(name)
        self._engine = create_engine(bundle, SegmentationConfig(bundle=name))
        self._segmenter = AugmentedSegmenter(self._engine, ViewPlan())
        self._ids = {key: id_ for n, id_ in bundle.ontology.ids.items() for key in _spellings(n)}
        self._names = tuple(bundle.ontology.ids)
        # Not the engine's, which tells how long it took to load: a run goes on by this one.
        model = sha256(bundle.model_path)[:12]
        self.description = f"bundle {bundle.manifest.name} {bundle.manifest.version} ({model})"

    def close(self) -> None:
        """Give the engine back."""
        with closing(self._engine):
            pass

    def expect(self, phrases: Phrases) -> None:
        """Refuse words that are none of its classes.

        Raises:
            OpenVocabularyError: there is one.
        """
        unknown = [phrase for phrase in phrases if phrase.lower() not in self._ids]
        if unknown:
            msg = (
                f"{', '.join(map(repr, unknown))}: no class of {self.description}, whose words are "
                f"{', '.join(self._names)}; use these as phrases, or take a teacher that reads text"
            )
            raise OpenVocabularyError(msg)

    def presence(self, images: Sequence[Image], phrases: Phrases) -> NDArray[np.float32]:
        """As `score` has it, float32 (pictures, P)."""
        said = self.score(images, [phrases] * len(images))
        return np.stack([answer.presence for answer in said])

    def score(self, images: Sequence[Image], phrases: Sequence[Phrases]) -> list[PhraseScores]:
        """Confidence where a class is named, 0 elsewhere, at the pictures' size."""
        return [self._answer(image, asked) for image, asked in zip(images, phrases, strict=True)]

    def _answer(self, image: Image, phrases: Phrases) -> PhraseScores:
        labels, confidence = self._segmenter.label(image)
        sure = confidence.astype(np.float32) / np.float32(255)
        ids = np.array([self._ids[phrase.lower()] for phrase in phrases])
        scores = np.where(labels == ids[:, None, None], sure, np.float32(0))
        return PhraseScores(best_mean(scores), scores)


def _spellings(name: str) -> tuple[str, str]:
    return name.lower(), name.lower().replace("_", " ")
