"""Who said what: of each region the class, the phrase, and how sure the teacher was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.open_vocabulary.decision import DecidedFrame, enlarge
from seg_perception.open_vocabulary.teacher import Phrases, PhraseScores
from seg_perception.open_vocabulary.words import Words

# Smaller ones are noise of a boundary; their pixels keep their label.
LEAST_SHARE = 0.0002


@dataclass(frozen=True)
class Region:
    """A connected part of a picture that has one label, or waits for one.

    Attributes:
        label: its class.
        word: the phrase with the highest mean score in it.
        score: that mean, 0 to 1.
        presence: whether the teacher saw any of that phrase in the picture, 0 to 1.
        teacher: who said so.
        area: pixels.
        bbox: column, row, width, height.
        open_between: two classes that are too close to call; empty where it has a label.
    """

    label: str
    word: str
    score: float
    presence: float
    teacher: str
    area: int
    bbox: tuple[int, int, int, int]
    open_between: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """For `regions.jsonl`."""
        return asdict(self)


def find_regions(
    words: Words,
    decided: DecidedFrame,
    phrases: Phrases,
    answer: PhraseScores,
    teacher: str,
) -> list[Region]:
    """The regions of a picture, the largest first.

    Args:
        words: what was looked for.
        decided: its labels.
        phrases: what the teacher was asked.
        answer: what it said.
        teacher: who it is.
    """
    found: list[Region] = []
    names = [c.name for c in words.classes]
    for index in np.unique(decided.first[decided.first >= 0]).tolist():
        own = decided.first == index
        asked = words.classes[index].asked(words.languages)
        said = [_Said(phrase, phrases.index(phrase), answer) for phrase in asked]
        labelled = own & (decided.confidence > 0)
        found += _of_mask(labelled, names[index], (), said, teacher)
        for rival in np.unique(decided.rival[own & decided.open]).tolist():
            between = (names[index], names[rival])
            mask = own & (decided.rival == rival)
            found += _of_mask(mask, "", between, said, teacher)
    return sorted(found, key=lambda region: -region.area)


class _Said:
    """What the teacher said of one phrase, at the picture's size where it is asked for."""

    def __init__(self, phrase: str, place: int, answer: PhraseScores) -> None:
        self.phrase = phrase
        self.presence = float(answer.presence[place])
        self._scores = answer.scores[place]

    def means(self, numbers: NDArray[np.int32], count: int) -> NDArray[np.float64]:
        """Mean score, float64 (count,), by the number of a pixel's region, int32 (H, W)."""
        scores = enlarge(self._scores, (numbers.shape[1], numbers.shape[0]))
        flat = numbers.reshape(-1)
        sums = np.bincount(flat, scores.reshape(-1), minlength=count)
        return sums / np.maximum(np.bincount(flat, minlength=count), 1)


def _of_mask(
    mask: NDArray[np.bool_],
    label: str,
    between: tuple[str, ...],
    said: Sequence[_Said],
    teacher: str,
) -> Iterator[Region]:
    count, numbers, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    large = [n for n in range(1, count) if stats[n, cv2.CC_STAT_AREA] >= mask.size * LEAST_SHARE]
    if not large:
        return
    means = np.stack([entry.means(np.asarray(numbers, np.int32), count) for entry in said])
    for number in large:
        best = said[int(means[:, number].argmax())]
        left, top, width, height, area = (int(value) for value in stats[number])
        yield Region(
            label,
            best.phrase,
            round(float(means[:, number].max()), 4),
            round(best.presence, 4),
            teacher,
            area,
            (left, top, width, height),
            between,
        )
