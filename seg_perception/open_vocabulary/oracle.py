"""Truth as a prompt: boxes, coarse masks and clicks of known classes, made into masks of pixels.

Where boxes, coarse masks or clicks of truth exist, a network that is pointed at them draws the
outline (the "oracle boxes" of SAM 3's self-distillation): labels that are finer than the truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.issue_kinds.labels import NOT_DRAWN
from seg_perception.core.issue_log import Issue
from seg_perception.open_vocabulary.frames import NamedFrame
from seg_perception.open_vocabulary.labelling import is_memory, no_memory, taught_frame
from seg_perception.open_vocabulary.memory import expect_memory_for
from seg_perception.open_vocabulary.pointing.known import Known, Pointer
from seg_perception.open_vocabulary.prompts import Box, MaskMaker
from seg_perception.open_vocabulary.teacher import Image, PhraseScores
from seg_perception.open_vocabulary.unfinished import TaughtFrame
from seg_perception.open_vocabulary.words import Words


def ask_known(
    image: Image, known: Sequence[Known], maker: MaskMaker
) -> tuple[NDArray[np.intp], PhraseScores, NDArray[np.float32]]:
    """The classes that are known to be in a picture, and where they are.

    A mask counts within its box only, as much as its network expects it to be right.

    Args:
        image: uint8 (H, W, 3) RGB.
        known: things in it, at least one.
        maker: draws their outlines.

    Returns:
        Classes, their scores, and the best score of each thing, float32 (N,).
    """
    made = maker.masks(image, [entry.prompt for entry in known])
    sure = np.nan_to_num(made.masks) * np.clip(np.nan_to_num(made.quality), 0, 1)[:, None, None]
    for mask, entry in zip(sure, known, strict=True):
        _keep_inside(mask, entry.prompt.box, image.shape)
    of_class = np.array([entry.place for entry in known])
    places = np.unique(of_class)
    scores = np.stack([sure[of_class == place].max(axis=0) for place in places])
    answer = PhraseScores(np.ones(len(places), np.float32), scores)
    return places, answer, sure.max(axis=(1, 2))


class OracleLabeller:
    """Labels pictures by what is known to be in them.

    Attributes:
        description: who draws the outlines of what.
        prunes: it points at all that it knows.
        issues: what was amiss before the first picture.
    """

    prunes = False

    def __init__(self, pointer: Pointer, maker: MaskMaker, words: Words) -> None:
        """Take who knows what is there, who draws, and the classes."""
        self.description = f"{maker.description}, pointed at by {pointer.description}"
        self.issues = pointer.issues
        self._pointer, self._maker, self._words = pointer, maker, words

    def label(self, frames: Sequence[NamedFrame]) -> list[TaughtFrame]:
        """Labels of pictures, in their order.

        Raises:
            OpenVocabularyError: there is no memory for them.
        """
        expect_memory_for(frames)
        try:
            return [self._taught(frame) for frame in frames]
        except (MemoryError, RuntimeError) as error:
            if not is_memory(error):
                raise
            raise no_memory(frames) from error

    def _taught(self, frame: NamedFrame) -> TaughtFrame:
        pointed = self._pointer.known(frame)
        if not pointed.known:
            nothing = PhraseScores(np.zeros(0, np.float32), np.zeros((0, 1, 1), np.float32))
            taught = taught_frame(
                self._words, frame, np.zeros(0, np.intp), (), nothing, self.description
            )
            return replace(taught, issues=pointed.issues)
        places, answer, best = ask_known(frame.image, pointed.known, self._maker)
        phrases = [self._words.phrases[place] for place in places.tolist()]
        taught = taught_frame(self._words, frame, places, phrases, answer, self.description)
        return replace(taught, issues=(*pointed.issues, *self._undrawn(frame, pointed.known, best)))

    def _undrawn(
        self, frame: NamedFrame, known: Sequence[Known], best: NDArray[np.float32]
    ) -> list[Issue]:
        """What was pointed at in vain."""
        classes = [self._words.classes[entry.place] for entry in known]
        return [
            Issue.of(NOT_DRAWN, frame.stream, label=entry.name)
            for entry, score in zip(classes, best.tolist(), strict=True)
            if score < self._words.threshold_of(entry)
        ]


def _keep_inside(mask: NDArray[np.float32], box: Box | None, shape: tuple[int, ...]) -> None:
    """Empty a mask, float32 (h, w), outside of a box, in pixels of the picture, in place.

    A box that is narrower than a pixel of the mask keeps the one that it lies in.
    """
    if box is None:
        return
    rows = _inside(box[1], box[3], shape[0], mask.shape[0])
    columns = _inside(box[0], box[2], shape[1], mask.shape[1])
    mask[~(rows[:, None] & columns)] = 0


def _inside(first: float, last: float, length: int, cells: int) -> NDArray[np.bool_]:
    """Which of so many cells along a side of a picture have their middle in a stretch of it."""
    middles = (np.arange(cells) + 0.5) * length / cells
    inside = (middles >= first) & (middles <= last)
    if not inside.any():
        inside[np.abs(middles - (first + last) / 2).argmin()] = True
    return np.asarray(inside, np.bool_)
