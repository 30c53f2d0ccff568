"""Truth as a prompt: boxes, coarse masks and clicks of known classes, made into masks of pixels.

Where boxes or coarse masks of truth exist, a network that is pointed at them draws the outline
(the "oracle boxes" of SAM 3's self-distillation): labels that are finer than the truth.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import OpenVocabularyError
from seg_perception.datasets.folder import read_image
from seg_perception.datasets.labelled_folder import LabelledFolder
from seg_perception.datasets.pairs import ImagePair
from seg_perception.open_vocabulary.frames import NamedFrame
from seg_perception.open_vocabulary.labelling import is_memory, no_memory, taught_frame
from seg_perception.open_vocabulary.memory import expect_memory_for
from seg_perception.open_vocabulary.prompts import Box, MaskMaker, Prompt
from seg_perception.open_vocabulary.teacher import Image, PhraseScores
from seg_perception.open_vocabulary.unfinished import TaughtFrame
from seg_perception.open_vocabulary.words import Words

Kind = Literal["boxes", "coarse"]
# Smaller things are hardly worth a box; side of a coarse mask's cells, pixel.
_LEAST_PX, _CELL = 64, 16
# SAM cuts its masks at one half.
_THRESHOLD = 0.5


@dataclass(frozen=True, eq=False)
class Known:
    """One thing that is known to be in a picture.

    Attributes:
        place: its class, an index in the words.
        prompt: where it is.
    """

    place: int
    prompt: Prompt


def words_of(folder: LabelledFolder) -> Words:
    """The classes of a folder by their names alone: nobody is asked for words.

    Raises:
        OpenVocabularyError: it names none.
    """
    space = folder.ontology
    if space is None:
        msg = f"{folder.root}: names no classes; put an ontology.yaml with their ids beside them"
        raise OpenVocabularyError(msg)
    return Words.of_classes(space, _THRESHOLD)


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


def from_clicks(clicks: Sequence[tuple[int, float, float]]) -> list[Known]:
    """A prompt for each clicked class: its own clicks are in it, those of others are not.

    Args:
        clicks: class, an index in the words, and x and y, pixel.
    """
    places = sorted({place for place, _, _ in clicks})
    return [
        Known(place, Prompt(clicks=tuple((x, y, other == place) for other, x, y in clicks)))
        for place in places
    ]


def ask_known(
    image: Image, known: Sequence[Known], maker: MaskMaker
) -> tuple[NDArray[np.intp], PhraseScores]:
    """The classes that are known to be in a picture, and where they are.

    A mask counts within its box only, as much as its network expects it to be right.

    Args:
        image: uint8 (H, W, 3) RGB.
        known: things in it, at least one.
        maker: draws their outlines.
    """
    made = maker.masks(image, [entry.prompt for entry in known])
    sure = made.masks * np.clip(made.quality, 0, 1)[:, None, None]
    for mask, entry in zip(sure, known, strict=True):
        _keep_inside(mask, entry.prompt.box, image.shape)
    of_class = np.array([entry.place for entry in known])
    places = np.unique(of_class)
    scores = np.stack([sure[of_class == place].max(axis=0) for place in places])
    return places, PhraseScores(np.ones(len(places), np.float32), scores)


class OracleLabeller:
    """Labels pictures of a labelled folder by what its truth points at.

    Attributes:
        description: who draws the outlines.
    """

    def __init__(self, folder: LabelledFolder, maker: MaskMaker, words: Words, kind: Kind) -> None:
        """Take a folder that names its classes, who draws, and how much of the truth is told."""
        self.description = f"{maker.description}, pointed at by {kind} of the truth"
        self._folder, self._maker, self._words, self._kind = folder, maker, words, kind
        self._pairs = {file_name(pair): pair for pair in folder.pairs}
        ids = {} if folder.ontology is None else folder.ontology.ids
        self._ids = [ids[entry.name] for entry in words.classes]

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
        truth = self._folder.read(self._pairs[frame.name])
        known = from_masks(truth, self._ids, self._kind)
        if not known:
            nothing = PhraseScores(np.zeros(0, np.float32), np.zeros((0, 1, 1), np.float32))
            return taught_frame(
                self._words, frame, np.zeros(0, np.intp), (), nothing, self.description
            )
        places, answer = ask_known(frame.image, known, self._maker)
        phrases = [self._words.phrases[place] for place in places.tolist()]
        return taught_frame(self._words, frame, places, phrases, answer, self.description)


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


def _keep_inside(mask: NDArray[np.float32], box: Box | None, shape: tuple[int, ...]) -> None:
    """Empty a mask, float32 (h, w), outside of a box, in pixels of the picture, in place."""
    if box is None:
        return
    rows = (np.arange(mask.shape[0]) + 0.5) * shape[0] / mask.shape[0]
    columns = (np.arange(mask.shape[1]) + 0.5) * shape[1] / mask.shape[1]
    inside_rows = (rows >= box[1]) & (rows <= box[3])
    inside_columns = (columns >= box[0]) & (columns <= box[2])
    mask[~(inside_rows[:, None] & inside_columns)] = 0


def _parts(mask: NDArray[np.bool_]) -> Iterator[tuple[NDArray[np.bool_], Box]]:
    count, numbers, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    for number in range(1, count):
        left, top, width, height, area = (float(value) for value in stats[number])
        if area >= _LEAST_PX:
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
