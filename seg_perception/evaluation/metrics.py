"""Scores of a confusion matrix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.ontology import Ontology
from seg_perception.evaluation.confusion import Labels, count_pairs


@dataclass(frozen=True)
class Scores:
    """How well labels agree with the truth.

    Attributes:
        count: pixels or points with a true label.
        labelled: share of them that got a label at all.
        accuracy: share of those with a label whose label is right.
        iou: intersection over union of each class that the truth has; a missing label
            counts against it (Everingham et al., IJCV 2010, eq. 4).
    """

    count: int
    labelled: float
    accuracy: float
    iou: Mapping[str, float]

    @property
    def mean_iou(self) -> float:
        """Mean over the classes that the truth has; NaN where it has none."""
        return float(np.mean(list(self.iou.values()))) if self.iou else float("nan")


class TruthScore:
    """Compares labels with true ones, piece by piece.

    Attributes:
        unknown_id: of a pixel or point without a label.
    """

    def __init__(self, truth: Ontology, predicted: Ontology) -> None:
        """Predicted classes are matched with true ones by name; others count as wrong.

        Args:
            truth: of the true labels.
            predicted: of the labels to be scored.
        """
        self.unknown_id = predicted.unknown_id
        self._names = [c.name for c in truth.classes]
        # One row and column a class, then one for no label, one for a class that truth lacks.
        self._none, self._other = len(self._names), len(self._names) + 1
        self._rows = self._table(truth)
        self._columns = self._table(predicted)
        size = self._other + 1
        self._counts: NDArray[np.int64] = np.zeros((size, size), np.int64)

    def add(self, truth: Labels, predicted: Labels) -> None:
        """Count pixels or points.

        Raises:
            ValueError: arrays of different shapes.
        """
        rows, columns = self._rows[truth], self._columns[predicted]
        self._counts += count_pairs(rows, columns, len(self._counts))

    def scores(self) -> Scores:
        """Of everything that was added."""
        true = self._counts[: self._none]
        of_class, right = true.sum(axis=1), true.diagonal()
        union = of_class + true[:, : self._none].sum(axis=0) - right
        count, missing = int(of_class.sum()), int(true[:, self._none].sum())
        return Scores(
            count=count,
            labelled=_ratio(count - missing, count),
            accuracy=_ratio(int(right.sum()), count - missing),
            iou={
                name: _ratio(int(right[row]), int(union[row]))
                for row, name in enumerate(self._names)
                if of_class[row]
            },
        )

    def _table(self, ontology: Ontology) -> Labels:
        """Row or column of each id."""
        dtype = np.uint8 if self._other <= np.iinfo(np.uint8).max else np.uint16
        table = np.full(ontology.unknown_id + 1, self._none, dtype)
        places = {name: place for place, name in enumerate(self._names)}
        for name, n in ontology.ids.items():
            table[n] = places.get(name, self._other)
        return table


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
