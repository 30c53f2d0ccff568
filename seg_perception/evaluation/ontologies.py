"""Which ontology labels are in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seg_perception.core.errors import ConfigError, EvaluationError
from seg_perception.core.ontology import Group, Ontology, SemanticClass
from seg_perception.evaluation.options import EvaluateOptions
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.remapped_bag import BagSource
from seg_perception.outputs.topics import LEGEND, private


def stated_ontology(options: EvaluateOptions, path: Path) -> Ontology:
    """The one that was named for labels that say nothing about themselves.

    Raises:
        EvaluationError: none was.
    """
    if not options.model_ontology:
        msg = f"{path}: no legend says what its labels mean: name it by --model-ontology"
        raise EvaluationError(msg)
    return Ontology.load(options.model_ontology)


def recorded_ontology(path: BagSource) -> Ontology | None:
    """What the legend of a labelled bag says; None where it has none."""
    legend = private(LEGEND)
    with BagReader(path) as bag:
        names = [t.name for t in bag.topics if t.count and t.type.endswith("/SemanticLegend")]
        if not names:
            return None
        chosen = legend if legend in names else names[0]
        for message in bag.messages({chosen}):
            return _ontology_of(message.message)
    return None


def _ontology_of(legend: Any) -> Ontology:
    """The ontology that a SemanticLegend tells of; what it ignores is not in there."""
    classes = [_class(c) for c in legend.classes]
    names = [c.name for c in classes]
    groupings = {}
    for grouping in legend.groupings:
        members: dict[int, list[str]] = {}
        for name, group in zip(names, grouping.group_ids, strict=True):
            members.setdefault(int(group), []).append(name)
        groupings[str(grouping.name)] = tuple(
            Group(
                name=str(g.name), color=_hex(g.color_rgb), classes=tuple(members.get(int(g.id), ()))
            )
            for g in grouping.groups
        )
    found = Ontology(name=str(legend.ontology), classes=tuple(classes), groupings=groupings)
    return _with_ignored(found)


def _with_ignored(found: Ontology) -> Ontology:
    """The shipped ontology of the same name knows which classes are void, if it is the same."""
    try:
        shipped = Ontology.load(found.name)
    except ConfigError:
        return found
    # An earlier version's legend lacks groupings that came later.
    grouped = all(shipped.groupings.get(name) == groups for name, groups in found.groupings.items())
    return shipped if shipped.ids == found.ids and grouped else found


def _class(entry: Any) -> SemanticClass:
    return SemanticClass(id=int(entry.id), name=str(entry.name), color=_hex(entry.color_rgb))


def _hex(rgb: Any) -> str:
    return "#" + "".join(f"{int(value):02x}" for value in rgb)
