"""How often which class was taken for which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import EvaluationError
from seg_perception.core.ontology import Ontology

Labels = NDArray[np.uint8] | NDArray[np.uint16]
Counts = NDArray[np.int64]
# OpenCV counts in float32, which is exact below 2**24.
_EXACT = 1 << 24
# Ids have 16 bits at most.
ID_LIMIT = 1 << 16
_INVALID = -1


class UnknownIdsError(EvaluationError):
    """Labels hold ids that their ontology does not have."""

    reason = "unknown_ids"


@dataclass(frozen=True, eq=False)
class ConfusionLayout:
    """Places of ids in a matrix of pairs, which holds everything that is ever counted.

    Rows are the true ids, then `no truth`. Columns are the predicted ids, then `no label`, then
    `not seen`: points without a label that nothing is expected of.

    Attributes:
        truth, predicted: the two ontologies.
        meanings: of true ids, the names of the model's classes that each may be, the likeliest
            first; empty: true ids are known by their own names.
    """

    truth: Ontology
    predicted: Ontology
    meanings: Mapping[int, tuple[str, ...]] = field(default_factory=dict)

    @property
    def scored(self) -> Ontology:
        """The ontology whose classes are scored."""
        return self.predicted if self.meanings else self.truth

    @property
    def shape(self) -> tuple[int, int]:
        """Of the matrix."""
        return self.truth.id_count + 1, self.predicted.id_count + 2

    @property
    def no_truth(self) -> int:
        """The row of what the truth does not know."""
        return self.truth.id_count

    @property
    def no_label(self) -> int:
        """The column of what got no label."""
        return self.predicted.id_count

    @property
    def not_seen(self) -> int:
        """The column of points without a label that do not count as missed."""
        return self.predicted.id_count + 1


class ConfusionCounter:
    """Counts labels of one model against one truth."""

    def __init__(self, layout: ConfusionLayout) -> None:
        """Prepare the places of all ids, and of those that do not exist."""
        self.layout = layout
        self._rows = _places(layout.truth, layout.no_truth)
        self._columns = _places(layout.predicted, layout.no_label)

    def count(self, truth: Labels, predicted: Labels) -> Counts:
        """Count the pairs.

        Args:
            truth: uint8 or uint16, any shape.
            predicted: the same shape.

        Returns:
            int64, in the layout's shape.

        Raises:
            UnknownIdsError: ids that an ontology does not have.
        """
        if truth.dtype == predicted.dtype == np.uint8:
            return self._place(count_pairs(truth, predicted))
        rows, columns = self._rows[truth], self._columns[predicted]
        self._refuse(truth, rows, self.layout.truth, "truth")
        self._refuse(predicted, columns, self.layout.predicted, "labels")
        size = max(self.layout.shape)
        counts = count_pairs(rows.astype(np.uint16), columns.astype(np.uint16), size)
        return counts[: self.layout.shape[0], : self.layout.shape[1]]

    def count_not_seen(self, truth: Labels) -> Counts:
        """Count points without a label that do not count as missed.

        Args:
            truth: uint8 or uint16 (N,).

        Returns:
            int64, in the layout's shape.

        Raises:
            UnknownIdsError: ids that the ontology does not have.
        """
        counts = np.zeros(self.layout.shape, np.int64)
        rows = self._rows[truth]
        self._refuse(truth, rows, self.layout.truth, "truth")
        counts[:, self.layout.not_seen] = np.bincount(rows, minlength=self.layout.shape[0])
        return counts

    def check_truth(self, truth: Labels) -> None:
        """Refuse true labels, uint8 or uint16 of any shape, that the ontology does not have.

        Raises:
            UnknownIdsError: see there.
        """
        ids = _present(truth)
        self._refuse(ids, self._rows[ids], self.layout.truth, "truth")

    def check_predicted(self, predicted: Labels) -> None:
        """Refuse labels, uint8 or uint16 of any shape, that the model's ontology does not have.

        Raises:
            UnknownIdsError: see there.
        """
        ids = _present(predicted)
        self._refuse(ids, self._columns[ids], self.layout.predicted, "labels")

    def _place(self, table: Counts) -> Counts:
        rows, columns = np.nonzero(table)
        place, column = self._rows[rows], self._columns[columns]
        self._refuse(rows, place, self.layout.truth, "truth")
        self._refuse(columns, column, self.layout.predicted, "labels")
        counts = np.zeros(self.layout.shape, np.int64)
        np.add.at(counts, (place, column), table[rows, columns])
        return counts

    @staticmethod
    def _refuse(ids: NDArray[Any], places: NDArray[Any], ontology: Ontology, what: str) -> None:
        if (places == _INVALID).any():
            unknown = sorted({int(i) for i in np.unique(ids[places == _INVALID])})
            msg = (
                f"{what}: ids {unknown[:8]} are not in ontology {ontology.name} (0 to "
                f"{ontology.id_count - 1}, {ontology.unknown_id} for unknown); name the ontology "
                "that they belong to, or say by a mapping what they mean (--truth-ontology)"
            )
            raise UnknownIdsError(msg)


def count_pairs(truth: Labels, predicted: Labels, size: int = 256) -> Counts:
    """Count the pairs of labels.

    Args:
        truth: uint8 or uint16, any shape.
        predicted: the same shape.
        size: ids are below it.

    Returns:
        int64 (size, size): row truth, column prediction.

    Raises:
        ValueError: arrays of different shapes.
    """
    if truth.shape != predicted.shape:
        msg = f"labels: expected shape {truth.shape} as the truth, got {predicted.shape}"
        raise ValueError(msg)
    if truth.dtype == predicted.dtype == np.uint8 and size <= 256:
        return _count_bytes(truth, predicted)[:size, :size]
    pairs = truth.astype(np.int64).reshape(-1) * size + predicted.reshape(-1)
    counts: Counts = np.bincount(pairs, minlength=size * size)[: size * size].reshape(size, size)
    return counts


def _count_bytes(truth: NDArray[Any], predicted: NDArray[Any]) -> Counts:
    """Each pair as one 16-bit number: OpenCV counts those faster than pairs."""
    counts = np.zeros(1 << 16, np.int64)
    truth, predicted = truth.reshape(1, -1), predicted.reshape(1, -1)
    for start in range(0, truth.size, _EXACT):
        halves = [half[:, start : start + _EXACT] for half in (truth, predicted)]
        pairs = cv2.merge(halves).view("<u2").astype(np.uint16, copy=False)
        histogram = cv2.calcHist([pairs], [0], None, [1 << 16], [0, 1 << 16])
        counts += histogram[:, 0].astype(np.int64)
    table: Counts = counts.reshape(256, 256).T
    return table


def _present(labels: Labels) -> NDArray[Any]:
    """The ids that occur."""
    if labels.dtype != np.uint8:
        return np.unique(labels)
    counts = cv2.calcHist([labels.reshape(1, -1)], [0], None, [256], [0, 256])
    return np.flatnonzero(counts[:, 0])


def _places(ontology: Ontology, unknown: int) -> NDArray[np.int64]:
    """Place of each id in rows or columns; -1 for those that do not exist."""
    table = np.full(ID_LIMIT, _INVALID, np.int64)
    ids = [c.id for c in ontology.classes]
    table[ids] = ids
    table[ontology.unknown_id] = unknown
    return table
