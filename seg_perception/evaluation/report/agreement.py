"""Pixel by pixel: right, wrong, not labelled, or not counted."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.evaluation.protocol import Space
from seg_perception.ontology import Ontology, SemanticClass

_NO_LABEL, _OTHER, _UNCOUNTED = -1, -2, -3


class Verdict(IntEnum):
    """What a label is worth; the value is its id in `VERDICTS`."""

    RIGHT = 0
    WRONG = 1
    MISSING = 2
    UNCOUNTED = 3


_LOOK = {
    Verdict.RIGHT: ("right", "#3f9b64"),
    Verdict.WRONG: ("wrong", "#e4572e"),
    Verdict.MISSING: ("no label", "#7a5cc4"),
    Verdict.UNCOUNTED: ("not counted", "#9aa0a6"),
}
VERDICTS = Ontology(
    name="verdicts",
    classes=tuple(SemanticClass(id=int(v), name=n, color=c) for v, (n, c) in _LOOK.items()),
)


class Agreement:
    """Judges labels in one space of a protocol."""

    def __init__(self, space: Space, truth: Ontology, predicted: Ontology) -> None:
        """Classes are matched by their names, or by their groups' names."""
        excluded = {*space.excluded_classes, *truth.ignore}
        true_names = _names(space, truth)
        counted = {
            name: label
            for name, label in true_names.items()
            if name not in excluded and label not in space.excluded_groups
        }
        places = {label: place for place, label in enumerate(dict.fromkeys(counted.values()))}
        self._true = _table(truth, {n: places[label] for n, label in counted.items()}, _UNCOUNTED)
        names = _names(space, predicted)
        found = {n: places.get(names.get(n, ""), _OTHER) for n in predicted.ids}
        self._predicted = _table(predicted, found, _NO_LABEL)

    def of(self, truth: NDArray[Any], predicted: NDArray[Any]) -> NDArray[np.uint8]:
        """Verdicts uint8, of the shape of both."""
        rows, columns = self._true[truth], self._predicted[predicted]
        verdicts = np.where(rows == columns, Verdict.RIGHT, Verdict.WRONG)
        verdicts[columns == _NO_LABEL] = Verdict.MISSING
        verdicts[rows == _UNCOUNTED] = Verdict.UNCOUNTED
        return verdicts.astype(np.uint8)


def _names(space: Space, ontology: Ontology) -> dict[str, str]:
    """What each class is called in the space; classes without a group are left out."""
    if not space.grouping or space.grouping not in ontology.groupings:
        return {c.name: c.name for c in ontology.classes}
    groups = {n: g.name for g in ontology.groupings[space.grouping] for n in g.classes}
    return {**groups, **{n: g for n, g in space.moved.items() if n in ontology.ids}}


def _table(ontology: Ontology, places: dict[str, int], unknown: int) -> NDArray[np.int32]:
    """Place of each id."""
    table = np.full(ontology.unknown_id + 1, unknown, np.int32)
    for name, place in places.items():
        table[ontology.ids[name]] = place
    return table
