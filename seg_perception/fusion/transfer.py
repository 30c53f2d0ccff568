"""What a transfer returns, and how the answers of several cameras become one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.types import PointStatus

_NO_SOURCE = 255
# The answer that says most wins.
_UNSEEN, _OCCLUDED, _UNCERTAIN, _ZERO = (np.float32(value) for value in (-3, -2, -1, 0))
# Indexed with such a number, which counts from the end; unseen points have a status of their own.
_STATUS = np.array([PointStatus.LABELLED, 0, PointStatus.OCCLUDED, PointStatus.UNCERTAIN], np.uint8)
_NO_CONFIDENCE = 1e-6


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
    """Collects the answers of all views about one cloud.

    One number per point says how much is known of it: the confidence of its label, or,
    below zero, why there is none.
    """

    def __init__(self, count: int, unknown_id: int, min_confidence: float) -> None:
        """Start with N points of which nothing is known.

        Args:
            count: N.
            unknown_id: label of points that get none.
            min_confidence: a label supported less is none.
        """
        self._unknown_id = unknown_id
        self._min_confidence = np.float32(max(min_confidence, _NO_CONFIDENCE))
        self._support = np.full(count, _UNSEEN, np.float32)
        self._labels = np.full(count, unknown_id, np.uint8 if unknown_id < 256 else np.uint16)
        self._sources = np.full(count, _NO_SOURCE, np.uint8)

    def add(self, source: int, answer: Answer) -> None:
        """Take over what this view knows better than those before it."""
        support = answer.confidence.copy()
        unclear = support < self._min_confidence
        unclear |= answer.labels == self._unknown_id
        np.putmask(support, unclear, _UNCERTAIN)
        np.putmask(support, answer.hidden, _OCCLUDED)
        better = support > self._support.take(answer.index)
        points, labels = answer.index, answer.labels
        if not better.all():
            won = np.flatnonzero(better)
            points, labels, support = points.take(won), labels.take(won), support.take(won)
        self._support[points] = support
        self._labels[points] = labels
        self._sources[points] = source

    def result(self, unseen: NDArray[np.uint8]) -> Transfer:
        """The best-supported label of every point.

        Args:
            unseen: uint8 (N,), PointStatus of the points that no view has in its image.
        """
        code = np.minimum(self._support, _ZERO).astype(np.int8)
        status = _STATUS.take(code)
        status += (code == _UNSEEN).view(np.uint8) * unseen
        unknown = code < 0
        np.putmask(self._labels, unknown, self._unknown_id)
        np.putmask(self._sources, unknown, _NO_SOURCE)
        return Transfer(self._labels, np.maximum(self._support, _ZERO), status, self._sources)


def joined(parts: Sequence[Transfer], unknown_id: int) -> Transfer:
    """Transfers of the pieces of a cloud, in order, as one."""
    parts = parts or [Ballot(0, unknown_id, 0.0).result(np.zeros(0, np.uint8))]
    return Transfer(
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.confidence for part in parts]),
        np.concatenate([part.status for part in parts]),
        np.concatenate([part.sources for part in parts]),
    )
