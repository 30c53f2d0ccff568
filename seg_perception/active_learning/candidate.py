"""A frame that might be chosen, in a few hundred bytes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.ontology import Ontology
from seg_perception.core.types import CameraFrame, LabelMap

_COMPARED = 200
_FAR = 0.95
# A thumbnail of so many cells tells scenes apart; more would tell noise apart.
_CELLS = (6, 4)


@dataclass(frozen=True, eq=False)
class Candidate:
    """One frame and what is known of it.

    Attributes:
        index: its number among all frames of the bag, in the order in which they came.
        camera, stamp_ns: which frame.
        uncertainty: mean doubt of its pixels, 0 to 1.
        disagreement: share of what it has in common with others that they deny, 0 to 1;
            NaN where there was nobody to ask.
        shares: float32 (classes,), share of the pixels with that label.
        thumbnail: uint8 (cells,), mean Lab colours.
        unfamiliarity: its distance from what the model knows over that distance and 1, so that 0.5
            is the edge of it; NaN where the bundle can't tell.
    """

    index: int
    camera: str
    stamp_ns: int
    uncertainty: float
    disagreement: float
    shares: NDArray[np.float32]
    thumbnail: NDArray[np.uint8]
    unfamiliarity: float = math.nan


def unfamiliarity(label_map: LabelMap) -> float:
    """How far a picture is from what the model knows, 0 to 1; NaN where nobody can tell."""
    distance = label_map.distance
    return math.nan if distance is None else distance.whole / (1 + distance.whole)


def mean_doubt(label_map: LabelMap) -> float:
    """How unsure the network is on average, 0 to 1."""
    return 1.0 - float(cv2.mean(label_map.confidence)[0]) / 255.0


def class_shares(label_map: LabelMap, ontology: Ontology) -> NDArray[np.float32]:
    """float32 (classes,), in the ontology's order; pixels without a label count for none."""
    counts = np.bincount(label_map.labels.reshape(-1), minlength=ontology.unknown_id + 1)
    ids = [c.id for c in ontology.classes]
    return (counts[ids] / label_map.labels.size).astype(np.float32)


def thumbnail(frame: CameraFrame) -> NDArray[np.uint8]:
    """uint8 (cells * 3,): the picture's colours, coarsely."""
    small = cv2.resize(frame.image, _CELLS, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2LAB), np.uint8).reshape(-1)


class Descriptors:
    """How unlike frames are: half by their colours, half by their classes.

    Both parts are mean absolute differences, so that the distance lies between 0 and 1.
    """

    def __init__(self, candidates: list[Candidate]) -> None:
        """Stack them once."""
        self._colors = np.array([c.thumbnail for c in candidates], np.float32) / 255
        self._shares = np.array([c.shares for c in candidates], np.float32)

    def distance(self, chosen: int) -> NDArray[np.float32]:
        """float32 (candidates,), of all to one."""
        colors = np.abs(self._colors - self._colors[chosen]).mean(axis=1)
        shares = np.abs(self._shares - self._shares[chosen]).sum(axis=1) / 2
        both: NDArray[np.float32] = (colors + shares) / 2
        return both

    def reach(self) -> float:
        """What is far among these frames: all but one in twenty pairs are nearer.

        A fair part of the frames is asked, so that one that is like no other does not decide.
        """
        count = len(self._colors)
        asked = np.unique(np.linspace(0, count - 1, min(count, _COMPARED)).astype(int))
        return float(np.quantile([self.distance(int(place))[asked] for place in asked], _FAR))
