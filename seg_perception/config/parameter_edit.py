"""Values set in a parameter file that somebody wrote: everything else in it stays as it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from seg_perception.config.parameter_file import flatten
from seg_perception.config.parameter_sections import PARAMETERS, sections_of
from seg_perception.core.errors import ConfigError
from seg_perception.core.yaml_document import YamlError, parse_yaml


def edited(text: str, node: str, values: Mapping[str, Any], origin: str) -> str:
    """A parameter file's text with some values set: comments and all other lines stay.

    Args:
        text: of the file, which was read as a parameter file before.
        node: the node's name.
        values: numbers, texts or lists of them, by flat key.
        origin: the file, for errors.

    Raises:
        ConfigError: the file is so written that a value can't be set in it.
    """
    for key, value in values.items():
        text = _with_value(text, key, _flow(value), origin)
    found: dict[str, Any] = {}
    try:
        for section in sections_of(parse_yaml(text), node, origin):
            found.update(flatten(section))
    except YamlError as error:
        raise _refusal(origin, values) from error
    if any(found.get(key) != value for key, value in values.items()):
        raise _refusal(origin, values)
    return text


def _refusal(origin: str, values: Mapping[str, Any]) -> ConfigError:
    lines = ", ".join(f"{key}: {_flow(value)}" for key, value in values.items())
    return ConfigError(
        f"{origin}: expected a file whose values can be set, got another; set {lines}"
    )


def _with_value(text: str, key: str, value: str, origin: str) -> str:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    sections = list(_sections(root)) if isinstance(root, yaml.MappingNode) else []
    if not sections:
        raise _refusal(origin, {key: value})
    # Later sections win; the value belongs where most of its key is spelt out already.
    places = [_deepest(section, key) for section in sections]
    branch, rest, old = min(reversed(places), key=lambda place: len(place[1]))
    if old is not None:
        return _replaced(text, old, value)
    if branch.flow_style or not branch.value:
        start = branch.start_mark.index + 1
        return f"{text[:start]}{rest}: {value}, {text[start:]}"
    first = branch.value[0][0].start_mark
    return f"{text[: first.index]}{rest}: {value}\n{' ' * first.column}{text[first.index :]}"


def _replaced(text: str, old: yaml.Node, value: str) -> str:
    start, end = old.start_mark.index, old.end_mark.index
    if isinstance(old, yaml.CollectionNode) and not old.flow_style:
        # A list of a line each: it ends where the next thing begins, and the key stands above it.
        line = text.rfind("\n", 0, end) + 1
        return f"{text[:start].rstrip()} {value}\n{text[line:] if end < len(text) else ''}"
    return text[:start] + value + text[end:]


def _sections(tree: yaml.MappingNode) -> Iterator[yaml.MappingNode]:
    for key, value in tree.value:
        if isinstance(value, yaml.MappingNode):
            if key.value == PARAMETERS:
                yield value
            else:
                yield from _sections(value)


def _deepest(branch: yaml.MappingNode, key: str) -> tuple[yaml.MappingNode, str, yaml.Node | None]:
    """The innermost map on a key's way, what of the key is left, and its value if it has one."""
    for name, value in branch.value:
        if name.value == key:
            return branch, "", value
        if key.startswith(f"{name.value}.") and isinstance(value, yaml.MappingNode):
            return _deepest(value, key.removeprefix(f"{name.value}."))
    return branch, key, None


def _flow(value: Any) -> str:
    text: str = yaml.safe_dump(value, default_flow_style=True, width=10_000)
    return text.removesuffix("...\n").strip()
