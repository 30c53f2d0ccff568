"""From the ids of truth and prediction to the classes of a space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import ConfigError
from seg_perception.core.ontology import Ontology
from seg_perception.evaluation.confusion import Counts
from seg_perception.evaluation.protocol import ClassMapping, Protocol


@dataclass(frozen=True, eq=False)
class ConfusionLayout:
    """Places of ids in a matrix of pairs, which holds everything that is ever counted.

    Rows are the true ids, then `no truth`. Columns are the predicted ids, then `no label`, then
    `not seen`: points without a label that nothing is expected of.

    Attributes:
        truth, predicted: the two ontologies.
    """

    truth: Ontology
    predicted: Ontology

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


@dataclass(frozen=True, eq=False)
class MappedClasses:
    """A space as look-up tables over a `ConfusionLayout`.

    Attributes:
        space: as the protocol has it.
        names, colors: of its classes.
        excluded: names of what does not count.
        rows: int64, class of each true id; `ignored` where it does not count.
        columns: int64, class of each predicted id; then `excluded_column`, `none_column`,
            and `ignored` for what is not seen.
    """

    space: ClassMapping
    names: tuple[str, ...]
    colors: tuple[str, ...]
    excluded: tuple[str, ...]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]

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
        """Sum a matrix of pairs into the space's classes.

        Args:
            pairs: int64, in the shape of the `ConfusionLayout`.

        Returns:
            int64 (K + 1, K + 3): row truth, the last one what does not count; columns the
            classes, excluded, no label, and what does not count.
        """
        rows, columns = np.nonzero(pairs)
        folded = np.zeros((self.size + 1, self.size + 3), np.int64)
        row = np.minimum(self.rows[rows], self.size)
        np.add.at(folded, (row, self.columns[columns]), pairs[rows, columns])
        return folded


def make_views(
    protocol: Protocol, index: ConfusionLayout, chosen: Sequence[str] = (), *, partial: bool = False
) -> tuple[MappedClasses, ...]:
    """The protocol's spaces for two ontologies.

    Args:
        protocol: how to score.
        index: of the pairs.
        chosen: names of the spaces to score; empty: all.
        partial: score a model although its classes differ from the truth's.

    Raises:
        ConfigError: no such space, a class or group that does not exist, or a model whose
            classes differ from the truth's.
    """
    known = [space.name for space in protocol.spaces]
    if unknown := sorted(set(chosen) - set(known)):
        msg = f"protocol {protocol.name} has no space {unknown[0]!r}: expected some of {known}"
        raise ConfigError(msg)
    spaces = [space for space in protocol.spaces if not chosen or space.name in chosen]
    return tuple(_view(protocol, space, index, partial=partial) for space in spaces)


def _view(
    protocol: Protocol, space: ClassMapping, index: ConfusionLayout, *, partial: bool
) -> MappedClasses:
    truth, predicted = index.truth, index.predicted
    true_groups = _groups(space, truth, f"protocol {protocol.name}, space {space.name}")
    excluded_classes = _excluded_classes(protocol, space, truth)
    groups = list(dict.fromkeys(_group_order(space, truth)))
    if unknown := sorted(set(space.excluded_groups) - set(groups)):
        msg = f"protocol {protocol.name}, space {space.name}: no groups {unknown} among {groups}"
        raise ConfigError(msg)
    counted = {g for name, g in true_groups.items() if name not in excluded_classes}
    counted -= set(space.excluded_groups)
    names = tuple(group for group in groups if group in counted)
    place = {name: n for n, name in enumerate(names)}
    guesses = _groups(space, predicted, f"the model's ontology {predicted.name}")
    if not partial:
        _expect_same_classes(protocol, space, index, names, guesses)
    ignored = len(names) + 2
    rows = np.full(index.shape[0], ignored, np.int64)
    for name, group in true_groups.items():
        if name not in excluded_classes and group in place:
            rows[truth.ids[name]] = place[group]
    dropped = space.excluded_prediction == "dropped"
    columns = np.full(index.shape[1], ignored if dropped else len(names), np.int64)
    for name, group in guesses.items():
        if name not in excluded_classes and group in place:
            columns[predicted.ids[name]] = place[group]
    columns[index.no_label], columns[index.not_seen] = len(names) + 1, ignored
    colors = _colors(space, truth)
    return MappedClasses(
        space=space,
        names=names,
        colors=tuple(colors[name] for name in names),
        excluded=tuple(
            name
            for name in truth.ids
            if name in excluded_classes or true_groups.get(name) not in place
        ),
        rows=rows,
        columns=columns,
    )


def _groups(space: ClassMapping, ontology: Ontology, where: str) -> dict[str, str]:
    """The group of each class that has one."""
    if not space.grouping:
        return {name: name for name in ontology.ids}
    if space.grouping not in ontology.groupings:
        known = sorted(ontology.groupings)
        msg = f"{where}: no grouping {space.grouping!r} in {ontology.name}: expected one of {known}"
        raise ConfigError(msg)
    found = {
        name: group.name for group in ontology.groupings[space.grouping] for name in group.classes
    }
    found.update({name: group for name, group in space.moved.items() if name in ontology.ids})
    return found


def _group_order(space: ClassMapping, truth: Ontology) -> Sequence[str]:
    return truth.group_names(space.grouping) if space.grouping else tuple(truth.ids)


def _excluded_classes(protocol: Protocol, space: ClassMapping, truth: Ontology) -> set[str]:
    named = {*space.excluded_classes, *space.moved}
    if unknown := sorted(named - set(truth.ids)):
        msg = (
            f"protocol {protocol.name}, space {space.name}: ontology {truth.name} has no classes "
            f"{unknown}"
        )
        raise ConfigError(msg)
    ignored = truth.ignore if space.exclude_ignored else ()
    return {*space.excluded_classes, *ignored}


def _expect_same_classes(
    protocol: Protocol,
    space: ClassMapping,
    index: ConfusionLayout,
    names: Sequence[str],
    guesses: Mapping[str, str],
) -> None:
    """Whether the model can say each class, and the truth knows what the model says."""
    known = set(_group_order(space, index.truth))
    missing = [name for name in names if name not in guesses.values()]
    foreign = sorted(set(guesses.values()) - known)
    if space.grouping:
        # A group without classes can't be said; that shows in its IoU, and is no mistake.
        missing = []
    if not missing and not foreign:
        return
    others = [other.name for other in protocol.spaces if other.grouping]
    mend = f"--space {others[0]}" if others and not space.grouping else "--protocol categories"
    msg = (
        f"the model's ontology {index.predicted.name} does not fit the truth's "
        f"{index.truth.name} in space {space.name}: the model lacks {_some(missing)}, the truth "
        f"lacks {_some(foreign)}; score {mend}, or --partial to count what differs as wrong"
    )
    raise ConfigError(msg)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:5]) or "nothing"
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown


def _colors(space: ClassMapping, truth: Ontology) -> dict[str, str]:
    if not space.grouping:
        return {c.name: c.color for c in truth.classes}
    return {group.name: group.color for group in truth.groupings[space.grouping]}
