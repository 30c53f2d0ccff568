"""From the ids of truth and prediction to the classes that are scored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import ConfigError
from seg_perception.core.ontology import Ontology
from seg_perception.datasets.mapping import FILES
from seg_perception.evaluation.confusion import ConfusionLayout
from seg_perception.evaluation.mapped_classes import MappedClasses
from seg_perception.evaluation.protocol import ClassMapping, Protocol

CATEGORIES = "goose_category"


def map_classes(
    protocol: Protocol,
    layout: ConfusionLayout,
    chosen: Sequence[str] = (),
    *,
    partial: bool = False,
) -> tuple[MappedClasses, ...]:
    """The protocol's class mappings for two ontologies.

    Args:
        protocol: how to score.
        layout: of the pairs.
        chosen: names of the class mappings to score; empty: all.
        partial: score a model although its classes differ from the truth's.

    Raises:
        ConfigError: no such class mapping, a class or group that does not exist, or a model whose
            classes differ from the truth's.
    """
    known = [mapping.name for mapping in protocol.class_mappings]
    if unknown := sorted(set(chosen) - set(known)):
        msg = (
            f"protocol {protocol.name} has no class mapping {unknown[0]!r}: expected some of "
            f"{known}"
        )
        raise ConfigError(msg)
    class_mappings = [
        mapping for mapping in protocol.class_mappings if not chosen or mapping.name in chosen
    ]
    return tuple(_mapped(protocol, mapping, layout, partial=partial) for mapping in class_mappings)


def _mapped(
    protocol: Protocol, mapping: ClassMapping, layout: ConfusionLayout, *, partial: bool
) -> MappedClasses:
    truth, predicted = layout.scored, layout.predicted
    true_groups = _groups(mapping, truth, f"protocol {protocol.name}, class mapping {mapping.name}")
    excluded_classes = _excluded_classes(protocol, mapping, truth)
    groups = list(dict.fromkeys(_group_order(mapping, truth)))
    if unknown := sorted(set(mapping.excluded_groups) - set(groups)):
        msg = (
            f"protocol {protocol.name}, class mapping {mapping.name}: no groups {unknown} among "
            f"{groups}"
        )
        raise ConfigError(msg)
    counted = {
        name: group
        for name, group in true_groups.items()
        if name not in excluded_classes and group not in mapping.excluded_groups
    }
    sayable = {counted[name] for name in _first_names(layout) if name in counted}
    names = tuple(group for group in groups if group in sayable)
    place = {name: n for n, name in enumerate(names)}
    guesses = _groups(mapping, predicted, f"the model's ontology {predicted.name}")
    if not partial:
        _expect_same_classes(protocol, mapping, layout, names, guesses)
    ignored = len(names) + 2
    dropped = mapping.excluded_prediction == "dropped"
    columns = np.full(layout.shape[1], ignored if dropped else len(names), np.int64)
    for name, group in guesses.items():
        if name not in excluded_classes and group in place:
            columns[predicted.ids[name]] = place[group]
        elif layout.meanings and name in counted:
            columns[predicted.ids[name]] = len(names)
    columns[layout.no_label], columns[layout.not_seen] = len(names) + 1, ignored
    rows = _rows(layout, counted, place, ignored)
    colors = _colors(mapping, truth)
    return MappedClasses(
        mapping=mapping,
        names=names,
        colors=tuple(colors[name] for name in names),
        excluded=tuple(name for name in truth.ids if counted.get(name) not in place),
        rows=rows,
        columns=columns,
        answers=_answers(layout, counted, rows, columns),
    )


def _first_names(layout: ConfusionLayout) -> Iterable[str]:
    """The classes that the truth can have: of an id that may be several, the first."""
    if not layout.meanings:
        return layout.truth.ids
    return [names[0] for names in layout.meanings.values() if names]


def _rows(
    layout: ConfusionLayout, counted: Mapping[str, str], place: Mapping[str, int], ignored: int
) -> NDArray[np.int64]:
    """The class of each true id: of one that may be several classes, the first."""
    rows = np.full(layout.shape[0], ignored, np.int64)
    if not layout.meanings:
        for name, group in counted.items():
            rows[layout.truth.ids[name]] = place[group]
        return rows
    for number, names in layout.meanings.items():
        # What may be a class that does not count is left out.
        if names and all(name in counted for name in names):
            rows[number] = place[counted[names[0]]]
    return rows


def _answers(
    layout: ConfusionLayout,
    counted: Mapping[str, str],
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
) -> NDArray[np.int64] | None:
    """The predicted class in each pair: any class that the true id may be counts as its first.

    None where each true id is one class.
    """
    if not layout.meanings:
        return None
    answers = np.tile(columns, (layout.shape[0], 1))
    for number, names in layout.meanings.items():
        meant = {counted[name] for name in names if name in counted}
        for name, group in counted.items():
            if group in meant:
                answers[number, layout.predicted.ids[name]] = rows[number]
    return answers


def _groups(mapping: ClassMapping, ontology: Ontology, where: str) -> dict[str, str]:
    """The group of each class that has one."""
    if not mapping.grouping:
        return {name: name for name in ontology.ids}
    if mapping.grouping not in ontology.groupings:
        known = sorted(ontology.groupings)
        msg = (
            f"{where}: needs the grouping {mapping.grouping!r}, ontology {ontology.name} has "
            f"{known or 'none'}: add it there, say by a {FILES[0]} what ids are for the model, or "
            "choose another protocol"
        )
        raise ConfigError(msg)
    found = {
        name: group.name for group in ontology.groupings[mapping.grouping] for name in group.classes
    }
    found.update({name: group for name, group in mapping.moved.items() if name in ontology.ids})
    return found


def _group_order(mapping: ClassMapping, truth: Ontology) -> Sequence[str]:
    return truth.group_names(mapping.grouping) if mapping.grouping else tuple(truth.ids)


def _excluded_classes(protocol: Protocol, mapping: ClassMapping, truth: Ontology) -> set[str]:
    named = {*mapping.excluded_classes, *mapping.moved}
    if unknown := sorted(named - set(truth.ids)):
        msg = (
            f"protocol {protocol.name}, class mapping {mapping.name}: ontology {truth.name} has no "
            f"classes {unknown}"
        )
        raise ConfigError(msg)
    ignored = truth.ignore if mapping.exclude_ignored else ()
    return {*mapping.excluded_classes, *ignored}


def _expect_same_classes(
    protocol: Protocol,
    mapping: ClassMapping,
    layout: ConfusionLayout,
    names: Sequence[str],
    guesses: Mapping[str, str],
) -> None:
    """Whether the model can say each class, and the truth knows what the model says."""
    known = set(_group_order(mapping, layout.scored))
    missing = [name for name in names if name not in guesses.values()]
    foreign = sorted(set(guesses.values()) - known)
    if mapping.grouping:
        # A group without classes can't be said; that shows in its IoU, and is no mistake.
        missing = []
    if not missing and not foreign:
        return
    others = [other.name for other in protocol.class_mappings if other.grouping]
    mend = "--protocol categories"
    if others and not mapping.grouping:
        mend = f"--class-mapping {others[0]}"
    elif CATEGORIES not in layout.truth.groupings or CATEGORIES not in layout.predicted.groupings:
        mend = f"with a {FILES[0]} beside the images that says what the true ids are for the model"
    msg = (
        f"the model's ontology {layout.predicted.name} does not fit the truth's "
        f"{layout.truth.name} in class mapping {mapping.name}: the model lacks {_some(missing)}, "
        f"the truth lacks {_some(foreign)}; score {mend}, or --partial to count what differs as "
        "wrong"
    )
    raise ConfigError(msg)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:5]) or "nothing"
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown


def _colors(mapping: ClassMapping, truth: Ontology) -> dict[str, str]:
    if not mapping.grouping:
        return {c.name: c.color for c in truth.classes}
    return {group.name: group.color for group in truth.groupings[mapping.grouping]}
