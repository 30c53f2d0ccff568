"""Scores of phrases from boxes, and masks of what is in them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from seg_perception.open_vocabulary.prompts import Detector, FoundBoxes, MaskMaker, Prompt
from seg_perception.open_vocabulary.teacher import Image, Phrases, PhraseScores

_PREVIEW = 0.5
# Boxes that lie on each other as much are of one thing.
_SAME = 0.7
# Of a phrase: a detector has hundreds of boxes, and each costs a mask.
_MOST = 30


class BoxTeacher:
    """A detector finds boxes, a second network masks in them; a score is the product.

    Attributes:
        description: which networks these are.
        has_preview: the detector at half its size, without masks.
    """

    has_preview = True

    def __init__(self, detector: Detector, maker: MaskMaker) -> None:
        """Take both."""
        self._detector, self._maker = detector, maker
        self.description = f"{detector.description}, masks by {maker.description}"

    def expect(self, phrases: Phrases) -> None:
        """Refuse what the detector can't be asked for.

        Raises:
            OpenVocabularyError: there is such a phrase.
        """
        self._detector.expect(phrases)

    def presence(self, images: Sequence[Image], phrases: Phrases) -> NDArray[np.float32]:
        """The best box of each phrase at half the size, float32 (pictures, P)."""
        found = self._detector.boxes(images, phrases, _PREVIEW)
        return np.stack([_best(some, len(phrases)) for some in found])

    def score(self, images: Sequence[Image], phrases: Sequence[Phrases]) -> list[PhraseScores]:
        """Masks of the boxes, times their scores."""
        return [self._answer(image, asked) for image, asked in zip(images, phrases, strict=True)]

    def _answer(self, image: Image, phrases: Phrases) -> PhraseScores:
        found = without_doubles(self._detector.boxes([image], phrases, 1.0)[0])
        presence = _best(found, len(phrases))
        if not len(found.boxes):
            return PhraseScores(presence, np.zeros((len(phrases), 1, 1), np.float32))
        prompts = [Prompt(box=(box[0], box[1], box[2], box[3])) for box in found.boxes.tolist()]
        masks = self._maker.masks(image, prompts).masks
        scores = np.zeros((len(phrases), *masks.shape[1:]), np.float32)
        for mask, score, phrase in zip(masks, found.scores, found.phrases, strict=True):
            np.maximum(scores[phrase], mask * score, out=scores[phrase])
        return PhraseScores(presence, scores)


def without_doubles(found: FoundBoxes) -> FoundBoxes:
    """The best boxes of each phrase; of those that lie on each other the best."""
    kept: list[int] = []
    for phrase in np.unique(found.phrases):
        own = np.flatnonzero(found.phrases == phrase)
        own = own[np.argsort(-found.scores[own], kind="stable")]
        chosen: list[int] = []
        for number in own.tolist():
            if len(chosen) == _MOST:
                break
            if not chosen or overlaps(found.boxes[number], found.boxes[chosen]).max() < _SAME:
                chosen.append(number)
        kept += chosen
    return FoundBoxes(found.boxes[kept], found.scores[kept], found.phrases[kept])


def overlaps(box: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """IoU of a box, float32 (4,), with others, float32 (N, 4)."""
    corner = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    both = np.prod(np.maximum(corner, 0), axis=1)
    areas = np.prod(others[:, 2:] - others[:, :2], axis=1) + np.prod(box[2:] - box[:2])
    return np.asarray(both / np.maximum(areas - both, 1e-9), np.float32)


def _best(found: FoundBoxes, count: int) -> NDArray[np.float32]:
    best = np.zeros(count, np.float32)
    np.maximum.at(best, found.phrases, found.scores)
    return best
