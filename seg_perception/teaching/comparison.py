"""What changed from the model before to a taught one, class by class."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.ontology import Ontology


@dataclass(frozen=True)
class AnsweredPoint:
    """A kept-aside point: ids that the models say, and what is there."""

    old: int
    new: int
    truth: int


@dataclass(frozen=True)
class ClassChange:
    """One class before and after.

    Attributes:
        name: of the class.
        before, after: share of the kept-aside pixels.
        points: answered points that are of it.
        old_right, new_right: how many of them each model has right.
    """

    name: str
    before: float
    after: float
    points: int
    old_right: int
    new_right: int

    def to_json(self) -> dict[str, Any]:
        """For `comparison.json`."""
        return asdict(self)


def compare_classes(
    ontology: Ontology,
    labels: Iterable[tuple[NDArray[Any], NDArray[Any]]],
    points: Sequence[AnsweredPoint],
) -> list[ClassChange]:
    """Every class that either model or an answer names, the one that changed most first.

    Args:
        ontology: of the taught model.
        labels: old and new of each kept-aside frame, (h, w).
        points: all that were answered there.
    """
    counts = np.zeros((2, ontology.unknown_id + 1), np.int64)
    for pair in labels:
        for place, some in enumerate(pair):
            counts[place] += np.bincount(some.reshape(-1), minlength=counts.shape[1])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    changes = []
    for entry in ontology.classes:
        of_it = [point for point in points if point.truth == entry.id]
        change = ClassChange(
            name=entry.name,
            before=float(shares[0, entry.id]),
            after=float(shares[1, entry.id]),
            points=len(of_it),
            old_right=sum(point.old == entry.id for point in of_it),
            new_right=sum(point.new == entry.id for point in of_it),
        )
        if change.before or change.after or change.points:
            changes.append(change)
    return sorted(changes, key=lambda change: -abs(change.after - change.before))
