"""Pictures to labels: preview, full look, decision, and who said what."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import MemoryShortError, OpenVocabularyError
from seg_perception.open_vocabulary.decision import class_scores, decide
from seg_perception.open_vocabulary.frames import NamedFrame
from seg_perception.open_vocabulary.pruning import Preview, Pruning
from seg_perception.open_vocabulary.regions import find_regions
from seg_perception.open_vocabulary.teacher import Phrases, PhraseScores, Teacher
from seg_perception.open_vocabulary.unfinished import TaughtFrame
from seg_perception.open_vocabulary.words import Words


class WordLabeller:
    """Asks a teacher for words, and makes labels of what it says."""

    def __init__(self, teacher: Teacher, words: Words, pruning: Pruning) -> None:
        """Take who is asked for what.

        Raises:
            OpenVocabularyError: the teacher can't be asked for one of the words.
        """
        teacher.expect(words.phrases)
        self._teacher, self._words = teacher, words
        self._preview = Preview(teacher, words, pruning)

    def label(self, frames: Sequence[NamedFrame]) -> list[TaughtFrame]:
        """Labels of pictures of one size, in their order.

        Raises:
            OpenVocabularyError: there is no memory for them.
        """
        images = [frame.image for frame in frames]
        try:
            classes = self._preview.classes(images)
            phrases = [self._preview.phrases(some) for some in classes]
            answers = self._teacher.score(images, phrases)
            return [
                self._taught(*entry)
                for entry in zip(frames, classes, phrases, answers, strict=True)
            ]
        except (MemoryError, RuntimeError) as error:
            if not _is_memory(error):
                raise
            raise _no_memory(frames) from error

    def _taught(
        self,
        frame: NamedFrame,
        classes: NDArray[np.intp],
        phrases: Phrases,
        answer: PhraseScores,
    ) -> TaughtFrame:
        words = self._words
        size = (frame.image.shape[1], frame.image.shape[0])
        decided = decide(words, class_scores(words, classes.tolist(), phrases, answer), size)
        if frame.blank is not None:
            decided.labels[frame.blank] = words.label_space.unknown_id
            decided.confidence[frame.blank] = 0
            decided.rival[frame.blank] = decided.first[frame.blank] = -1
        regions = find_regions(words, decided, phrases, answer, self._teacher.description)
        return TaughtFrame(
            decided.labels,
            decided.confidence,
            decided.open,
            [region.to_json() for region in regions],
            [words.classes[index].name for index in classes.tolist()],
        )


def _is_memory(error: Exception) -> bool:
    """Whether memory is what lacked: torch says so in words on CPUs, by a class on GPUs."""
    named = type(error).__name__ == "OutOfMemoryError" or "can't allocate memory" in str(error)
    return named or MemoryShortError.explains(error)


def _no_memory(frames: Sequence[NamedFrame]) -> OpenVocabularyError:
    height, width = frames[0].image.shape[:2]
    return OpenVocabularyError(
        f"{frames[0].name}: no memory for {len(frames)} pictures of {width}x{height} at once; "
        "take --batch 1, fewer words, a smaller model, or make the pictures smaller"
    )
