"""From scores of phrases to one label a pixel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.open_vocabulary.teacher import Phrases, PhraseScores
from seg_perception.open_vocabulary.words import Words

Scores = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class DecidedFrame:
    """One picture's labels and how sure they are.

    Attributes:
        labels: uint8 (H, W), ids; `unknown_id` where no class is sure enough.
        confidence: uint8 (H, W): the winner's score, 0 where there is no label.
        rival: int16 (H, W): where two classes are too close to call, the second one's index in
            the words; -1 elsewhere.
        first: int16 (H, W): the best class's index in the words, -1 where nothing scored.
    """

    labels: NDArray[np.uint8]
    confidence: NDArray[np.uint8]
    rival: NDArray[np.int16]
    first: NDArray[np.int16]

    @property
    def open(self) -> NDArray[np.bool_]:
        """Where a label would be given, were it not for a rival; bool (H, W)."""
        return self.rival >= 0


def class_scores(
    words: Words, classes: Sequence[int], phrases: Phrases, answer: PhraseScores
) -> Iterator[tuple[int, Scores]]:
    """Index and score, float32 (h, w), of each class: its phrases merged, negatives taken off.

    Args:
        words: what was looked for.
        classes: indices of the classes that were.
        phrases: what the teacher was asked.
        answer: what it said of them.
    """
    place = {phrase: number for number, phrase in enumerate(phrases)}
    for index in classes:
        entry = words.classes[index]
        own = answer.scores[[place[phrase] for phrase in entry.asked(words.languages)]]
        is_mean = (entry.merge or words.merge) == "mean"
        merged = own.mean(axis=0) if is_mean else own.max(axis=0)
        if entry.negatives:
            denied = answer.scores[[place[phrase] for phrase in entry.negatives]].max(axis=0)
            merged = np.where(denied > merged, np.float32(0), merged)
        yield index, np.asarray(merged, np.float32)


def decide(
    words: Words, scores: Iterator[tuple[int, Scores]], size: tuple[int, int]
) -> DecidedFrame:
    """One label a pixel, where the best class is sure enough against the second.

    The margin score of ActiveSAM (arXiv 2606.16996), best * sqrt(best - second), is compared
    with threshold ** exponent. What a rival alone brings below it is open, and what would be
    below it without one is background. Memory does not grow with the classes.

    Args:
        words: with the thresholds.
        scores: of each class by its index, float32 (h, w), 0 to 1.
        size: width, height of the picture.
    """
    shape = size[::-1]
    best, second = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    first, rival = np.full(shape, -1, np.int16), np.full(shape, -1, np.int16)
    for index, score in scores:
        _enter(index, enlarge(score, size), (best, second, first, rival))
    floors = np.array([words.threshold_of(c) for c in words.classes] + [1.0], np.float32)
    least = floors[first] ** np.float32(words.exponent)
    margin = best * np.sqrt(best - second)
    labelled = (first >= 0) & (best >= floors[first]) & (margin >= least)
    alone = (first >= 0) & (best >= floors[first]) & (best * np.sqrt(best) >= least)
    rival[labelled | ~alone] = -1
    labels = _labels(words, first, labelled, rival >= 0)
    confidence = np.where(labelled, np.rint(best * 255), 0).astype(np.uint8)
    return DecidedFrame(labels, confidence, rival, first)


def enlarge(score: Scores, size: tuple[int, int]) -> Scores:
    """A map, float32 (h, w), at the picture's size, width and height: bilinear."""
    return np.asarray(cv2.resize(score, size, interpolation=cv2.INTER_LINEAR), np.float32)


def _enter(
    index: int,
    score: Scores,
    top: tuple[Scores, Scores, NDArray[np.int16], NDArray[np.int16]],
) -> None:
    """Let a class take its place among the best two, in place; of equals the earlier leads."""
    best, second, first, rival = top
    wins = score > best
    runs = ~wins & (score > second)
    second[wins], rival[wins] = best[wins], first[wins]
    best[wins], first[wins] = score[wins], index
    second[runs], rival[runs] = score[runs], index


def _labels(
    words: Words,
    first: NDArray[np.int16],
    labelled: NDArray[np.bool_],
    is_open: NDArray[np.bool_],
) -> NDArray[np.uint8]:
    space = words.label_space
    ids = np.array([space.ids[c.name] for c in words.classes] + [space.unknown_id])
    rest = space.ids.get(words.background, space.unknown_id)
    labels = np.where(labelled, ids[first], np.where(is_open, space.unknown_id, rest))
    return labels.astype(np.uint8)
