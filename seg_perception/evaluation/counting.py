"""Ids of truth and prediction, counted into the matrix of a `ConfusionLayout`."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import EvaluationError
from seg_perception.core.ontology import Ontology
from seg_perception.evaluation.class_mapping import ConfusionLayout, MappedClasses
from seg_perception.evaluation.confusion import Counts, Labels, count_pairs

_WIDE = 1 << 16
_INVALID = -1


class UnknownIdsError(EvaluationError):
    """Labels hold ids that their ontology does not have."""

    reason = "unknown_ids"


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

        Raises:
            UnknownIdsError: ids that the ontology does not have.
        """
        counts = np.zeros(self.layout.shape, np.int64)
        rows = self._rows[truth]
        self._refuse(truth, rows, self.layout.truth, "truth")
        counts[:, self.layout.not_seen] = np.bincount(rows, minlength=self.layout.shape[0])
        return counts

    def check_truth(self, truth: Labels) -> None:
        """Refuse true labels that the ontology does not have.

        Raises:
            UnknownIdsError: see there.
        """
        ids = _present(truth)
        self._refuse(ids, self._rows[ids], self.layout.truth, "truth")

    def check_predicted(self, predicted: Labels) -> None:
        """Refuse labels that the model's ontology does not have.

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
                "that they belong to"
            )
            raise UnknownIdsError(msg)


class ClassLookup:
    """Labels as mapped classes, pixel by pixel.

    Attributes:
        measurable: whether the classes fit into the bytes that pixel measures work on.
    """

    def __init__(self, layout: ConfusionLayout, mapped: MappedClasses) -> None:
        """Prepare the tables."""
        self.measurable = mapped.ignored < np.iinfo(np.uint8).max
        self.classes = mapped.size
        self._truth = _table(layout.truth, mapped.rows, mapped.ignored)
        self._predicted = _table(layout.predicted, mapped.columns, mapped.none_column)

    def truth(self, labels: Labels) -> NDArray[np.uint8]:
        """Class of each true label; not below `classes` where it does not count."""
        return self._truth[labels]

    def predicted(self, labels: Labels) -> NDArray[np.uint8]:
        """Class of each predicted label; not below `classes` where it is none."""
        return self._predicted[labels]


def _present(labels: Labels) -> NDArray[Any]:
    """The ids that occur."""
    if labels.dtype != np.uint8:
        return np.unique(labels)
    counts = cv2.calcHist([labels.reshape(1, -1)], [0], None, [256], [0, 256])
    return np.flatnonzero(counts[:, 0])


def _places(ontology: Ontology, unknown: int) -> NDArray[np.int64]:
    """Place of each id in rows or columns; -1 for those that do not exist."""
    table = np.full(_WIDE, _INVALID, np.int64)
    ids = [c.id for c in ontology.classes]
    table[ids] = ids
    table[ontology.unknown_id] = unknown
    return table


def _table(ontology: Ontology, places: NDArray[np.int64], otherwise: int) -> NDArray[np.uint8]:
    table = np.full(_WIDE, min(otherwise, 255), np.uint8)
    count = ontology.id_count
    table[:count] = np.minimum(places[:count], 255)
    return table
