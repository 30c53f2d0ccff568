"""Pixel by pixel: right, wrong, not labelled, or not counted."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.ontology import Ontology, SemanticClass
from seg_perception.evaluation.class_mapping import map_classes
from seg_perception.evaluation.confusion import ConfusionLayout
from seg_perception.evaluation.protocol import Protocol


class Outcome(IntEnum):
    """What a label is worth; the value is its id in `OUTCOMES`."""

    RIGHT = 0
    WRONG = 1
    MISSING = 2
    UNCOUNTED = 3


_LOOK = {
    Outcome.RIGHT: ("right", "#3f9b64"),
    Outcome.WRONG: ("wrong", "#e4572e"),
    Outcome.MISSING: ("no label", "#7a5cc4"),
    Outcome.UNCOUNTED: ("not counted", "#9aa0a6"),
}
OUTCOMES = Ontology(
    name="outcomes",
    classes=tuple(SemanticClass(id=int(v), name=n, color=c) for v, (n, c) in _LOOK.items()),
)


class Agreement:
    """Compares labels with the truth in the class mapping that ranks a run's frames."""

    def __init__(self, protocol: Protocol, layout: ConfusionLayout) -> None:
        """Take the tables by which the run was scored.

        Raises:
            ConfigError: a protocol that does not fit the ontologies.
        """
        truth, predicted = layout.truth, layout.predicted
        self._mapped = map_classes(
            protocol, layout, [protocol.class_mappings[0].name], partial=True
        )[0]
        self._true = _filled(self._mapped.rows[: truth.id_count], truth, self._mapped.ignored)
        self._row = _filled(np.arange(layout.no_truth), truth, layout.no_truth)
        self._column = _filled(np.arange(layout.no_label), predicted, layout.no_label)
        known = self._mapped.columns[: predicted.id_count]
        self._predicted = _filled(known, predicted, self._mapped.none_column)

    def of(self, truth: NDArray[Any], predicted: NDArray[Any]) -> NDArray[np.uint8]:
        """Outcomes, uint8, of the shape of both."""
        rows, columns = self._true[truth], self._predicted[predicted]
        if self._mapped.answers is not None:
            columns = self._mapped.answers[self._row[truth], self._column[predicted]]
        outcomes = np.where(rows == columns, Outcome.RIGHT, Outcome.WRONG)
        outcomes[columns == self._mapped.none_column] = Outcome.MISSING
        outcomes[columns == self._mapped.ignored] = Outcome.UNCOUNTED
        outcomes[rows == self._mapped.ignored] = Outcome.UNCOUNTED
        return outcomes.astype(np.uint8)


def _filled(places: NDArray[np.int64], ontology: Ontology, unknown: int) -> NDArray[np.int64]:
    """Place of each id that an array can hold."""
    table = np.full(ontology.unknown_id + 1, unknown, np.int64)
    table[: len(places)] = places
    return table
