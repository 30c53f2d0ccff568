"""Pixel by pixel: right, wrong, not labelled, or not counted."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.ontology import Ontology, SemanticClass
from seg_perception.evaluation.class_mapping import ConfusionLayout, make_views
from seg_perception.evaluation.protocol import Protocol


class Outcome(IntEnum):
    """What a label is worth; the value is its id in `VERDICTS`."""

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
VERDICTS = Ontology(
    name="verdicts",
    classes=tuple(SemanticClass(id=int(v), name=n, color=c) for v, (n, c) in _LOOK.items()),
)


class Agreement:
    """Judges labels in the space that ranks a run's frames."""

    def __init__(self, protocol: Protocol, truth: Ontology, predicted: Ontology) -> None:
        """Take the tables by which the run was scored.

        Raises:
            ConfigError: a protocol that does not fit the ontologies.
        """
        index = ConfusionLayout(truth, predicted)
        self._view = make_views(protocol, index, [protocol.spaces[0].name], partial=True)[0]
        self._true = _filled(self._view.rows[: truth.id_count], truth, self._view.ignored)
        known = self._view.columns[: predicted.id_count]
        self._predicted = _filled(known, predicted, self._view.none_column)

    def of(self, truth: NDArray[Any], predicted: NDArray[Any]) -> NDArray[np.uint8]:
        """Verdicts uint8, of the shape of both."""
        rows, columns = self._true[truth], self._predicted[predicted]
        verdicts = np.where(rows == columns, Outcome.RIGHT, Outcome.WRONG)
        verdicts[columns == self._view.none_column] = Outcome.MISSING
        verdicts[columns == self._view.ignored] = Outcome.UNCOUNTED
        verdicts[rows == self._view.ignored] = Outcome.UNCOUNTED
        return verdicts.astype(np.uint8)


def _filled(places: NDArray[np.int64], ontology: Ontology, unknown: int) -> NDArray[np.int64]:
    """Place of each id that an array can hold."""
    table = np.full(ontology.unknown_id + 1, unknown, np.int64)
    table[: len(places)] = places
    return table
