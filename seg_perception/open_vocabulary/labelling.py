"""Pictures to labels: preview, full look, decision, and who said what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import MemoryShortError, OpenVocabularyError
from seg_perception.core.issue_kinds.labels import NO_NUMBERS
from seg_perception.core.issue_log import Issue
from seg_perception.open_vocabulary.decision import class_scores, decide
from seg_perception.open_vocabulary.frames import NamedFrame
from seg_perception.open_vocabulary.memory import expect_memory_for
from seg_perception.open_vocabulary.pruning import Preview, Pruning
from seg_perception.open_vocabulary.regions import find_regions
from seg_perception.open_vocabulary.teacher import Phrases, PhraseScores, Teacher
from seg_perception.open_vocabulary.unfinished import TaughtFrame
from seg_perception.open_vocabulary.words import Words


class WordLabeller:
    """Asks a teacher for words, and makes labels of what it says.

    Attributes:
        description: who the teacher is.
        prunes: a preview leaves words out.
        issues: nothing is amiss before the first picture.
    """

    prunes = True
    issues: Sequence[Issue] = ()

    def __init__(self, teacher: Teacher, words: Words, pruning: Pruning) -> None:
        """Take who is asked for what.

        Raises:
            OpenVocabularyError: the teacher can't be asked for one of the words.
        """
        teacher.expect(words.phrases)
        self.description = teacher.description
        self._teacher, self._words = teacher, words
        self._preview = Preview(teacher, words, pruning)

    def label(self, frames: Sequence[NamedFrame]) -> list[TaughtFrame]:
        """Labels of pictures of one size, in their order.

        Raises:
            OpenVocabularyError: there is no memory for them.
        """
        expect_memory_for(frames)
        images = [frame.image for frame in frames]
        try:
            classes = self._preview.classes(images)
            phrases = [self._preview.phrases(some) for some in classes]
            answers = self._teacher.score(images, phrases)
            said = zip(frames, classes, phrases, answers, strict=True)
            return [self._taught(*entry) for entry in said]
        except (MemoryError, RuntimeError) as error:
            if not is_memory(error):
                raise
            raise no_memory(frames) from error

    def _taught(
        self,
        frame: NamedFrame,
        classes: NDArray[np.intp],
        phrases: Phrases,
        answer: PhraseScores,
    ) -> TaughtFrame:
        sound = of_numbers(answer)
        taught = taught_frame(self._words, frame, classes, phrases, sound, self.description)
        broken = ~np.isfinite(answer.scores).all(axis=(1, 2)) | ~np.isfinite(answer.presence)
        issues = [
            Issue.of(NO_NUMBERS, frame.stream, phrase=phrase)
            for phrase, is_broken in zip(phrases, broken.tolist(), strict=True)
            if is_broken
        ]
        return replace(taught, issues=tuple(issues))


def of_numbers(answer: PhraseScores) -> PhraseScores:
    """The same with 0 in place of what is no number."""
    return PhraseScores(
        *(
            np.nan_to_num(part, nan=0, posinf=0, neginf=0)
            for part in (answer.presence, answer.scores)
        )
    )


def taught_frame(
    words: Words,
    frame: NamedFrame,
    classes: NDArray[np.intp],
    phrases: Phrases,
    answer: PhraseScores,
    teacher: str,
) -> TaughtFrame:
    """Labels of a picture by a teacher's answer, and who said what.

    Args:
        words: what can be looked for.
        frame: the picture.
        classes: indices of the classes that were looked for.
        phrases: what the teacher was asked.
        answer: what it said of them.
        teacher: who it is.
    """
    size = (frame.image.shape[1], frame.image.shape[0])
    scores = class_scores(words, classes.tolist(), phrases, answer)
    decided = decide(words, scores, size)
    if frame.blank is not None:
        decided.labels[frame.blank] = words.label_space.unknown_id
        decided.confidence[frame.blank] = 0
        decided.rival[frame.blank] = decided.first[frame.blank] = -1
    regions = find_regions(words, decided, phrases, answer, teacher)
    return TaughtFrame(
        decided.labels,
        decided.confidence,
        decided.open,
        [region.to_json() for region in regions],
        [words.classes[index].name for index in classes.tolist()],
    )


class FrameLabeller(Protocol):
    """Makes labels of pictures.

    Attributes:
        description: who it is.
        prunes: whether it leaves classes out that it was to look for.
        issues: what is amiss with all pictures, or with what they are labelled by.
    """

    description: str
    prunes: bool
    issues: Sequence[Issue]

    def label(self, frames: Sequence[NamedFrame]) -> list[TaughtFrame]:
        """Labels of pictures of one size, in their order."""
        ...


def is_memory(error: Exception) -> bool:
    """Whether memory is what lacked: torch says so in words on CPUs, by a class on GPUs."""
    named = type(error).__name__ == "OutOfMemoryError" or "can't allocate memory" in str(error)
    return named or MemoryShortError.explains(error)


def no_memory(frames: Sequence[NamedFrame]) -> OpenVocabularyError:
    """The error that says so, with the size."""
    height, width = frames[0].image.shape[:2]
    return OpenVocabularyError(
        f"{frames[0].name}: no memory for {len(frames)} pictures of {width}x{height} at once; "
        "take --batch 1, fewer words, a smaller model, or make the pictures smaller"
    )
