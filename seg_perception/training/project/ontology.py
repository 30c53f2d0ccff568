"""The classes of a project as an ontology."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seg_perception.core.ontology import Group, Ontology
from seg_perception.datasets.names_ontology import ontology_of


def project_ontology(order: Sequence[str], name: str, known: Ontology | None) -> Ontology:
    """Classes with ids from 0 on; colours and groups as far as somebody knows them.

    Args:
        order: names of the classes.
        name: of the data set.
        known: the data set's own ontology; None where it has none.
    """
    classes = dict(enumerate(order))
    # Grass is green: what the shipped model knows, too, has its colour.
    colors = {c.name: c.color for c in Ontology.load("field").classes}
    if known is not None:
        colors |= {c.name: c.color for c in known.classes}
    chosen = {i: colors[label] for i, label in classes.items() if label in colors}
    made = ontology_of(classes, name, f"the masks of {name}", chosen)
    return made.model_copy(update={"groupings": _groupings(order, known)})


def _groupings(order: Sequence[str], known: Ontology | None) -> Mapping[str, tuple[Group, ...]]:
    """Those of the data set, with the classes that are left."""
    if known is None:
        return {}
    return {
        grouping: tuple(
            group.model_copy(update={"classes": tuple(c for c in group.classes if c in order)})
            for group in groups
        )
        for grouping, groups in known.groupings.items()
    }
