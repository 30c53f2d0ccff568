"""An ontology to fill in, for classes that no shipped one has."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from seg_perception.core.atomic_write import write_file
from seg_perception.core.errors import ImportModelError
from seg_perception.core.ontology import Group, Ontology
from seg_perception.importing.class_names import known_ontologies, word

_GROUPINGS = ("goose_category", "traversability", "movable")
_HEAD = """\
# The classes of {source}: name them, give each a colour (#rrggbb), and name this file as
# --ontology. A grouping says what planners, maps and comparisons need; what its groups mean stands
# in docs/reference/ontologies.md. Classes of other data sets are in their groups already{rest}
"""


def write_template(target: Path, source: str, ontology: Ontology) -> Path:
    """Write an ontology to fill in; one that is there already stays.

    Args:
        target: the file.
        source: whose classes they are.
        ontology: the classes, with made-up colours.

    Raises:
        ImportModelError: the disk refuses.
    """
    if not target.exists():
        grouped = _with_groups(ontology)
        data = grouped.model_dump(mode="json", exclude_defaults=True)
        data |= {"name": target.stem, "source": source}
        text = yaml.safe_dump(
            data, sort_keys=False, default_flow_style=None, allow_unicode=True, width=110
        )
        head = _HEAD.format(source=source, rest=_rest(grouped))
        write_file(target, head + text, ImportModelError)
    return target


def _with_groups(ontology: Ontology) -> Ontology:
    """The same with the groupings of the shipped ones, each class where they agree on it."""
    groupings = {}
    for grouping in _GROUPINGS:
        places = _places(grouping)
        groups = Ontology.load("field").groupings[grouping]
        groupings[grouping] = tuple(
            Group(
                name=group.name,
                color=group.color,
                classes=tuple(n for n in ontology.ids if places.get(word(n)) == {group.name}),
            )
            for group in groups
        )
    return ontology.model_copy(update={"groupings": groupings})


def _places(grouping: str) -> Mapping[str, set[str]]:
    """The groups that shipped ontologies put a class into, by its name."""
    found: dict[str, set[str]] = {}
    for ontology in known_ontologies():
        for group in ontology.groupings[grouping]:
            for name in group.classes:
                found.setdefault(word(name), set()).add(group.name)
    return found


def _rest(ontology: Ontology) -> str:
    """What is in no group yet."""
    placed = {n for groups in ontology.groupings.values() for g in groups for n in g.classes}
    left = [name for name in ontology.ids if name not in placed]
    return f";\n# in none yet: {', '.join(left)}" if left else "."
