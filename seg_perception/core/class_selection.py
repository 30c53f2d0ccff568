"""Classes of an ontology that are named by themselves or by their group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import ConfigError
from seg_perception.core.ontology import Ontology


def select_classes(ontology: Ontology, names: Iterable[str], parameter: str) -> NDArray[np.bool_]:
    """Which ids are named.

    A name is a class's, else a group's; `GROUPING/GROUP` is a group's in any case.

    Args:
        ontology: has the classes.
        names: of classes and groups.
        parameter: where they stand, for the error.

    Returns:
        bool (256 or 65536,), True for the ids of the classes.

    Raises:
        ConfigError: a name that is none, with those that there are; or a group's that two
            groupings understand differently.
    """
    chosen = np.zeros(ontology.unknown_id + 1, np.bool_)
    for name in names:
        for member in _members(ontology, name, parameter):
            chosen[ontology.ids[member]] = True
    return chosen


def _members(ontology: Ontology, name: str, parameter: str) -> Iterable[str]:
    if name in ontology.ids:
        return [name]
    found = {full: classes for full, classes in _groups(ontology) if _is_called(full, name)}
    if not found:
        groups = sorted({full.partition("/")[2] for full, _ in _groups(ontology)})
        known = f", or of its groups {groups}" if groups else ""
        msg = (
            f"{parameter} names {name!r}: expected classes of ontology {ontology.name} "
            f"{sorted(ontology.ids)}{known}"
        )
        raise ConfigError(msg)
    if len({frozenset(classes) for classes in found.values()}) > 1:
        msg = (
            f"{parameter}: {name!r} has other classes in each of {len(found)} groupings; name one "
            f"as {' or '.join(found)}"
        )
        raise ConfigError(msg)
    return next(iter(found.values()))


def _groups(ontology: Ontology) -> Iterator[tuple[str, tuple[str, ...]]]:
    for grouping, groups in ontology.groupings.items():
        for group in groups:
            yield f"{grouping}/{group.name}", group.classes


def _is_called(full: str, name: str) -> bool:
    return name in (full, full.partition("/")[2])
