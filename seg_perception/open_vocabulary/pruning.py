"""Which words are worth a full look at a picture.

The preview of ActiveSAM (arXiv 2606.16996): a small picture says of every word whether it is
there; the words of the highest quantile, up to a cap, are looked for at full size. A vocabulary
within the cap is asked whole. Beyond that paper, a word that is surely there is never dropped
for the quantile's sake: else a picture that shows more than that share of the words loses some.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from seg_perception.open_vocabulary.teacher import Image, Phrases, Teacher
from seg_perception.open_vocabulary.words import Words


class Pruning(BaseModel):
    """How words are left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(True, description="Leave out words that a preview does not find")
    share: float = Field(0.2, gt=0, le=1, description="Of the words, at least the best are kept")
    cap: int = Field(40, ge=1, le=10_000, description="At most so many; fewer are asked anyway")
    sure: float = Field(0.5, ge=0, le=1, description="Presence from which a word is kept anyway")


def kept_classes(presence: NDArray[np.float32], pruning: Pruning) -> NDArray[np.intp]:
    """Indices, ascending, of the classes that are looked for at full size; never none.

    Args:
        presence: float32 (C,), 0 to 1, of each class.
        pruning: how.
    """
    least = min(float(np.quantile(presence, 1 - pruning.share)), pruning.sure)
    # The quantile of many equal numbers is that number: equal ones are kept in their order.
    order = np.argsort(-presence, kind="stable")
    order = order[presence[order] >= least][: pruning.cap]
    return np.sort(order)


class Preview:
    """Chooses the words for pictures."""

    def __init__(self, teacher: Teacher, words: Words, pruning: Pruning) -> None:
        """Take who is asked, for what, and how words are left out."""
        self._teacher, self._words, self._pruning = teacher, words, pruning
        self._owned = [c.asked(words.languages) for c in words.classes]
        self._needed = pruning.enabled and teacher.has_preview and len(words.classes) > pruning.cap

    def classes(self, images: Sequence[Image]) -> list[NDArray[np.intp]]:
        """Of each picture the indices of the classes that are looked for."""
        if not self._needed:
            return [np.arange(len(self._words.classes))] * len(images)
        phrases = [phrase for owned in self._owned for phrase in owned]
        # Who answers no number is asked at full size, where that is said.
        said = np.nan_to_num(self._teacher.presence(images, phrases), nan=1)
        firsts = np.cumsum([0, *map(len, self._owned)])[:-1]
        by_class = np.maximum.reduceat(said, firsts, axis=1)
        return [kept_classes(row, self._pruning) for row in by_class]

    def phrases(self, classes: NDArray[np.intp]) -> Phrases:
        """What is asked for some classes, their negatives too, each once."""
        asked = [
            phrase
            for index in classes
            for phrase in (*self._owned[index], *self._words.classes[index].negatives)
        ]
        return tuple(dict.fromkeys(asked))
