"""The classes that are scored, as look-up tables over the ids of truth and prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.ontology import Ontology
from seg_perception.evaluation.confusion import ID_LIMIT, ConfusionLayout, Counts, Labels
from seg_perception.evaluation.protocol import ClassMapping


@dataclass(frozen=True, eq=False)
class MappedClasses:
    """A class mapping as look-up tables over a `ConfusionLayout`.

    Attributes:
        mapping: as the protocol has it.
        names, colors: of its classes.
        excluded: names of what does not count.
        rows: int64, class of each true id; `ignored` where it does not count.
        columns: int64, class of each predicted id; then `excluded_column`, `none_column`,
            and `ignored` for what is not seen.
        answers: int64, of the layout's shape: class of the prediction in each pair, where a true
            id may be one of several classes; None where each is one.
    """

    mapping: ClassMapping
    names: tuple[str, ...]
    colors: tuple[str, ...]
    excluded: tuple[str, ...]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    answers: NDArray[np.int64] | None = None

    @property
    def ambiguous(self) -> bool:
        """Whether what a prediction counts as may depend on the truth."""
        return self.answers is not None and bool((self.answers != self.columns).any())

    @property
    def size(self) -> int:
        """Number of classes."""
        return len(self.names)

    @property
    def excluded_column(self) -> int:
        """Where predictions of an excluded class are counted."""
        return self.size

    @property
    def none_column(self) -> int:
        """Where missing predictions are counted."""
        return self.size + 1

    @property
    def ignored(self) -> int:
        """Of rows and columns that do not count."""
        return self.size + 2

    def fold(self, pairs: Counts) -> Counts:
        """Sum a matrix of pairs into the mapped classes.

        Args:
            pairs: int64, in the shape of the `ConfusionLayout`.

        Returns:
            int64 (K + 1, K + 3): row truth, the last one what does not count; columns the
            classes, excluded, no label, and what does not count.
        """
        rows, columns = np.nonzero(pairs)
        folded = np.zeros((self.size + 1, self.size + 3), np.int64)
        row = np.minimum(self.rows[rows], self.size)
        found = self.columns[columns] if self.answers is None else self.answers[rows, columns]
        np.add.at(folded, (row, found), pairs[rows, columns])
        return folded


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
        self._answers = None
        if mapped.answers is not None:
            self._answers = np.minimum(mapped.answers, 255).astype(np.uint8)
            self._rows = _table(layout.truth, np.arange(layout.no_truth), layout.no_truth, "u2")
            columns = np.arange(layout.no_label)
            self._columns = _table(layout.predicted, columns, layout.no_label, "u2")

    def classes_of(
        self, truth: Labels, predicted: Labels
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Classes of labels.

        Args:
            truth, predicted: of one shape.

        Returns:
            Of the same shape: the true class, not below `classes` where none counts, and the
            predicted one, from `classes` on where it is none.
        """
        if self._answers is None:
            return self._truth[truth], self._predicted[predicted]
        return self._truth[truth], self._answers[self._rows[truth], self._columns[predicted]]


def _table(
    ontology: Ontology, places: NDArray[np.int64], otherwise: int, dtype: str = "u1"
) -> NDArray[Any]:
    most = np.iinfo(dtype).max
    table = np.full(ID_LIMIT, min(otherwise, most), dtype)
    count = ontology.id_count
    table[:count] = np.minimum(places[:count], most)
    return table
