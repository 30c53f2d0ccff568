"""What a transfer returns, and how the answers of several cameras become one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.types import PointStatus

_NO_SOURCE = 255
_OCCLUDED = np.uint8(PointStatus.OCCLUDED)
_UNCERTAIN = np.uint8(PointStatus.UNCERTAIN)
# The answer that says most wins; of two labels the better supported one.
_RANK = np.zeros(256, np.uint8)
_RANK[[PointStatus.OCCLUDED, PointStatus.UNCERTAIN, PointStatus.LABELLED]] = 1, 2, 3


@dataclass(frozen=True, eq=False)
class Transfer:
    """One label per point.

    Attributes:
        labels: uint8 or uint16 (N,), class ids; `unknown_id` where none.
        confidence: float32 (N,), 0 to 1; 0 where unknown.
        status: uint8 (N,), a PointStatus.
        sources: uint8 (N,), index of the view that gave the label; 255 none.
    """

    labels: NDArray[np.uint8] | NDArray[np.uint16]
    confidence: NDArray[np.float32]
    status: NDArray[np.uint8]
    sources: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Answer:
    """What one view says about the M points that it has in its image.

    Attributes:
        index: intp (M,), rising, which points.
        labels: uint8 or uint16 (M,), class ids.
        confidence: float32 (M,), 0 to 1.
        hidden: bool (M,), something nearer is in the way.
    """

    index: NDArray[np.intp]
    labels: NDArray[np.uint8] | NDArray[np.uint16]
    confidence: NDArray[np.float32]
    hidden: NDArray[np.bool_]


class Ballot:
    """Collects the answers of all views about one cloud."""

    def __init__(self, status: NDArray[np.uint8], unknown_id: int, min_confidence: float) -> None:
        """Start with nothing known.

        Args:
            status: uint8 (N,), of the points as long as no view answers; is written to.
            unknown_id: label of points that get none.
            min_confidence: a label supported less is none.
        """
        count = len(status)
        self._unknown_id, self._min_confidence = unknown_id, np.float32(min_confidence)
        self._labels = np.full(count, unknown_id, np.uint8 if unknown_id < 256 else np.uint16)
        self._confidence = np.zeros(count, np.float32)
        self._status = status
        self._sources = np.full(count, _NO_SOURCE, np.uint8)

    def add(self, source: int, answer: Answer) -> None:
        """Take over what this view knows better than those before it."""
        known = answer.labels != self._unknown_id
        known &= ~answer.hidden
        known &= (answer.confidence > 0) & (answer.confidence >= self._min_confidence)
        status = np.where(answer.hidden, _OCCLUDED, _UNCERTAIN)
        status[known] = PointStatus.LABELLED
        better = _RANK.take(status) > _RANK.take(self._status.take(answer.index))
        better |= known & (answer.confidence > self._confidence.take(answer.index))
        told = np.flatnonzero(better)
        self._status[answer.index.take(told)] = status.take(told)
        won = np.flatnonzero(better & known)
        points = answer.index.take(won)
        self._labels[points] = answer.labels.take(won)
        self._confidence[points] = answer.confidence.take(won)
        self._sources[points] = source

    def result(self) -> Transfer:
        """The best-supported label of every point."""
        return Transfer(self._labels, self._confidence, self._status, self._sources)
