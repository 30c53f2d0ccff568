"""What answers when it is asked for words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Phrases = Sequence[str]


@dataclass(frozen=True, eq=False)
class PhraseScores:
    """What a teacher says of one picture.

    Attributes:
        presence: float32 (P,), 0 to 1: whether there is any of each phrase.
        scores: float32 (P, h, w), 0 to 1: where; over the whole picture, of any size.
    """

    presence: NDArray[np.float32]
    scores: NDArray[np.float32]


class Teacher(Protocol):
    """Finds phrases in pictures.

    Attributes:
        description: which network, of which folder, on which device.
        has_preview: whether `presence` costs less than `score`.
    """

    description: str
    has_preview: bool

    def expect(self, phrases: Phrases) -> None:
        """Refuse what it can't be asked for.

        Raises:
            OpenVocabularyError: a phrase is too long for it, or none of its classes.
        """
        ...

    def presence(self, images: Sequence[Image], phrases: Phrases) -> NDArray[np.float32]:
        """Whether phrases are there, at a glance: float32 (pictures, P), 0 to 1.

        Args:
            images: uint8 (H, W, 3) RGB, all of one size.
            phrases: what is looked for.
        """
        ...

    def score(self, images: Sequence[Image], phrases: Sequence[Phrases]) -> list[PhraseScores]:
        """Where phrases are.

        Args:
            images: uint8 (H, W, 3) RGB, all of one size.
            phrases: what is looked for in each of them.
        """
        ...
