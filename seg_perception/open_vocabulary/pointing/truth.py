"""Masks of truth: each connected part is something to point at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import OpenVocabularyError
from seg_perception.core.issue_kinds.labels import TOO_SMALL
from seg_perception.core.issue_log import Issue
from seg_perception.datasets.folder import read_image
from seg_perception.datasets.labelled_folder import LabelledFolder
from seg_perception.datasets.pairs import ImagePair
from seg_perception.open_vocabulary.frames import NamedFrame
from seg_perception.open_vocabulary.pointing.known import Known, Pointed
from seg_perception.open_vocabulary.prompts import Box, Prompt
from seg_perception.open_vocabulary.words import Words

Kind = Literal["boxes", "coarse"]
# Smaller things are hardly worth a box; side of a coarse mask's cells, pixel.
LEAST_PX = 64
_CELL = 16
# SAM cuts its masks at one half.
THRESHOLD = 0.5


class MaskPointer:
    """Points at what the masks of a labelled folder show.

    Attributes:
        description: boxes or coarse masks.
        issues: nothing is amiss before the first picture.
    """

    issues: Sequence[Issue] = ()

    def __init__(self, folder: LabelledFolder, words: Words, kind: Kind) -> None:
        """Take a folder that names its classes, and how much of its truth is told."""
        self.description = f"{kind} of the truth"
        self._folder, self._kind = folder, kind
        self._pairs = {file_name(pair): pair for pair in folder.pairs}
        ids = {} if folder.ontology is None else folder.ontology.ids
        self._names = [entry.name for entry in words.classes]
        self._ids = [ids[name] for name in self._names]

    def known(self, frame: NamedFrame) -> Pointed:
        """Every connected part of every class.

        Raises:
            DatasetError: the mask can't be read.
        """
        truth = self._folder.read(self._pairs[frame.name])
        found = from_masks(truth, self._ids, self._kind)
        issues = [
            Issue.of(TOO_SMALL, frame.stream, label=name, least=LEAST_PX)
            for name, number in zip(self._names, self._ids, strict=True)
            if has_small_parts(truth == number)
        ]
        return Pointed(found, tuple(issues))


def words_of(folder: LabelledFolder) -> Words:
    """The classes of a folder by their names alone: nobody is asked for words.

    Raises:
        OpenVocabularyError: it names none.
    """
    space = folder.ontology
    if space is None:
        msg = f"{folder.root}: names no classes; put an ontology.yaml with their ids beside them"
        raise OpenVocabularyError(msg)
    return Words.of_classes(space, THRESHOLD)


def from_masks(
    truth: NDArray[Any], ids: Sequence[int], kind: Kind, within: float = 0.0
) -> list[Known]:
    """What a mask of truth shows, as boxes or coarse masks of its connected parts.

    Args:
        truth: uint8 or uint16 (H, W), ids.
        ids: of the classes, in the order of the words; others are not prompted.
        kind: how much of the truth is given away.
        within: a share by which boxes are wider on each side, as hand-drawn ones are.
    """
    found = []
    for place, number in enumerate(ids):
        for mask, box in _parts(truth == number):
            if kind == "boxes":
                found.append(Known(place, Prompt(box=_widened(box, within, truth.shape))))
            else:
                found.append(Known(place, Prompt(coarse=coarsened(mask))))
    return found


def has_small_parts(mask: NDArray[np.bool_]) -> bool:
    """Whether some connected part of a mask, bool (H, W), is too small for a prompt."""
    stats = cv2.connectedComponentsWithStats(mask.astype(np.uint8))[2]
    return bool((stats[1:, cv2.CC_STAT_AREA] < LEAST_PX).any())


class TruthFrames:
    """The pictures of a labelled folder."""

    def __init__(self, folder: LabelledFolder, every: int) -> None:
        """Take each so-many-th."""
        self._pairs = folder.pairs[::every]
        self.origin, self.count = str(folder.root), len(self._pairs)
        self.notes = [*folder.notes]

    def frames(self) -> Iterator[NamedFrame]:
        """Every picture.

        Raises:
            DatasetError: one can't be decoded.
        """
        for pair in self._pairs:
            yield NamedFrame(file_name(pair), read_image(pair.image))


def file_name(pair: ImagePair) -> str:
    """Of the files of a pair: its drive, too, where the data set has several."""
    return pair.key.replace("/", "__")


def coarsened(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A mask, bool (H, W), in cells of 16 pixels, each as most of its pixels are."""
    height, width = mask.shape
    cells = (max(1, width // _CELL), max(1, height // _CELL))
    small = cv2.resize(mask.astype(np.float32), cells, interpolation=cv2.INTER_AREA)
    blocks = cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)
    return np.asarray(blocks >= 0.5, np.bool_)


def _parts(mask: NDArray[np.bool_]) -> Iterator[tuple[NDArray[np.bool_], Box]]:
    count, numbers, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    for number in range(1, count):
        left, top, width, height, area = (float(value) for value in stats[number])
        if area >= LEAST_PX:
            box = (left, top, left + width, top + height)
            yield np.asarray(numbers == number, np.bool_), box


def _widened(box: Box, share: float, shape: tuple[int, ...]) -> Box:
    across, down = share * (box[2] - box[0]), share * (box[3] - box[1])
    return (
        max(box[0] - across, 0.0),
        max(box[1] - down, 0.0),
        min(box[2] + across, float(shape[1])),
        min(box[3] + down, float(shape[0])),
    )
