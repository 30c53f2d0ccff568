"""Which sections of a ROS parameter file are a node's: names, namespaces, wildcards, as in ROS."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from seg_perception.core.errors import ConfigError

PARAMETERS = "ros__parameters"
# Namespaces within each other that wildcards are tried with.
_DEEPEST = 4


def sections_of(document: Any, node: str, origin: str) -> list[Mapping[str, Any]]:
    """The parameters of one node, section by section; later ones win, as in the node itself.

    A file says neither in which namespace its node runs: it is the one that its sections name.

    Args:
        document: what the file holds.
        node: the node's name.
        origin: the file, for errors.

    Raises:
        ConfigError: no section is the node's, one has no parameters, or they name the node in
            several namespaces.
    """
    sections = list(_walk(document)) if isinstance(document, dict) else []
    name = _full_name([key for key, _ in sections], node, origin)
    found = [section for key, section in sections if _fits(key, name)]
    if not found:
        keys = sorted(map(str, document)) if isinstance(document, dict) else []
        expected = f"a section '/**' or '{node}' with {PARAMETERS}"
        msg = f"{origin}: expected {expected}, got {keys}"
        raise ConfigError(msg)
    if not all(isinstance(section, dict) for section in found):
        msg = f"{origin}: a section has no {PARAMETERS} map; indent the parameters below it"
        raise ConfigError(msg)
    return found


def _walk(tree: Mapping[Any, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Full names and parameters of all sections; None where parameters stand in none."""
    for key, value in tree.items():
        name = f"{path}/{str(key).strip('/')}"
        if not isinstance(value, dict):
            yield "/" + name.split("/")[1], None
        elif PARAMETERS in value:
            yield name, value[PARAMETERS]
        else:
            yield from _walk(value, name)


def _full_name(sections: Sequence[str], node: str, origin: str) -> str:
    """What the node is called, as far as the sections tell."""
    spaces = {space: key for key in sections if (space := _namespace(key, node)) is not None}
    if len(spaces) > 1:
        msg = (
            f"{origin}: sections of several robots ({', '.join(sorted(spaces.values()))}); "
            "keep one of them in a file of its own"
        )
        raise ConfigError(msg)
    if spaces:
        return f"{next(iter(spaces))}/{node}"
    # Nothing names a namespace: the one that most sections fit, the root among equals.
    names = [f"{'/any' * depth}/{node}" for depth in range(_DEEPEST)]
    return max(names, key=lambda name: sum(_fits(key, name) for key in sections))


def _namespace(key: str, node: str) -> str | None:
    """The namespace that a section names for the node; None where it names none."""
    space, _, last = key.rpartition("/")
    if "*" in space or (last != node and not (last in {"*", "**"} and space)):
        return None
    return space


def _fits(key: str, name: str) -> bool:
    """Whether a section is a node's: `/**` stands for any number of names, `/*` for one."""
    words = {"**": r"(/\w+)*", "*": r"/\w+"}
    pattern = "".join(words.get(word, "/" + re.escape(word)) for word in key.split("/")[1:])
    return re.fullmatch(pattern, name) is not None
