"""Names of the classes: said, found beside the graph, or asked for with a template."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from pathlib import Path

from seg_perception.core.errors import ImportModelError
from seg_perception.core.ontology import Ontology, shipped
from seg_perception.importing.class_names import generate, ontology_of
from seg_perception.importing.onnx_file.answers import Answers

# Ultralytics and many others write `names`.
_KEYS = ("names", "classes", "class_names", "labels", "id2label", "categories")


def find_ontology(answers: Answers, metadata: Mapping[str, str]) -> Ontology | None:
    """What was said, or what the exporter wrote into the file; None where there is neither."""
    if answers.ontology is not None:
        return answers.ontology
    names = answers.names or _written(metadata)
    return ontology_of(names, answers.name) if names else None


def expect_count(file: Path, ontology: Ontology, count: int) -> None:
    """Compare an ontology with the network.

    Raises:
        ImportModelError: another number of classes, or ids with gaps.
    """
    if len(ontology.classes) != count:
        msg = (
            f"{file} tells {count} classes apart, {ontology.name} has {len(ontology.classes)}: "
            f"give the names of all {count} in the order of the network's outputs"
            f"{', background first' if count == 2 else ''}"
        )
        raise ImportModelError(msg)
    if sorted(ontology.names) != list(range(count)):
        msg = (
            f"{ontology.name}: expected ids 0 to {count - 1}, got {sorted(ontology.names)[:5]}...: "
            f"give --names in the order of the network's outputs"
        )
        raise ImportModelError(msg)


def with_as_many(count: int) -> list[str]:
    """Shipped ontologies with ids 0 to count - 1."""
    found = [Ontology.load(name) for name in shipped()]
    return [o.name for o in found if sorted(o.names) == list(range(count))]


def placeholder(count: int) -> Ontology:
    """Classes without names, for pictures and templates."""
    return generate([f"class_{number}" for number in range(count)], "unnamed")


def _written(metadata: Mapping[str, str]) -> tuple[str, ...]:
    """Names by id that stand in a file's metadata, as a list or by their ids."""
    found = (_parse(metadata[key]) for key in _KEYS if key in metadata)
    return next((names for names in found if names), ())


def _parse(text: str) -> tuple[str, ...]:
    try:
        given = json.loads(text)
    except ValueError:
        given = _literal(text)
    if isinstance(given, Mapping):
        ids = {int(key): str(name) for key, name in given.items() if str(key).isdecimal()}
        whole = sorted(ids) == list(range(len(given)))
        return tuple(ids[number] for number in range(len(ids))) if whole else ()
    return tuple(map(str, given)) if isinstance(given, list | tuple) else ()


def _literal(text: str) -> object:
    """What Python's repr wrote, else a list with commas."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return [part.strip() for part in text.split(",")] if "," in text else None
