"""An ontology's classes as comments of a file's header: `class 3 #5ac83c low_grass`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from seg_perception.core.errors import ConfigError
from seg_perception.core.ontology import Ontology

_NAMED = re.compile(r"ontology (.+)")
_CLASS = re.compile(r"class (\d{1,5}) (#[0-9a-fA-F]{6}) (.+)")


def class_comments(ontology: Ontology) -> list[str]:
    """One line for its name and one for each class; line breaks in names become spaces."""
    classes = (f"class {c.id} {c.color} {_one_line(c.name)}" for c in ontology.classes)
    return [f"ontology {_one_line(ontology.name)}", *classes]


def classes_of(comments: Iterable[str], origin: str) -> Ontology | None:
    """What the comments of a file say of classes; None where they name none that fit together."""
    name, classes = origin, []
    for line in comments:
        if named := _NAMED.fullmatch(line):
            name = named[1]
        elif found := _CLASS.fullmatch(line):
            classes.append({"id": int(found[1]), "color": found[2], "name": found[3]})
    try:
        return Ontology.parse({"name": name, "classes": classes}, origin) if classes else None
    except ConfigError:
        return None


def _one_line(name: str) -> str:
    return " ".join(name.split())
