"""ROS parameter files: nested or dotted keys in sections per node; flat parameters in and out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from seg_perception.config.parameter_sections import PARAMETERS, sections_of
from seg_perception.core.errors import ConfigError
from seg_perception.core.validation import read_yaml

_INDENT = "  "
_NO_LINE_BREAK = 10_000


def read_parameter_file(path: str | Path, node: str) -> dict[str, Any]:
    """Flat parameters of one node from a ROS parameter file; later sections win, as in the node.

    Raises:
        ConfigError: no such file, not YAML, no `ros__parameters` for the node, or those of
            several robots.
    """
    file = Path(path)
    document = read_yaml(file, "a ROS parameter file", ConfigError)
    flat: dict[str, Any] = {}
    for section in sections_of(document, node, str(file)):
        flat.update(flatten(section))
    return {key: value for key, value in flat.items() if not is_ros_own(key)}


def parameter_file(
    parameters: Mapping[str, Any],
    meanings: Mapping[str, str] | None = None,
    remarks: Iterable[str] = (),
) -> str:
    """The text of a parameter file for every node, its keys nested.

    Args:
        parameters: by flat key.
        meanings: by flat key: what stands behind a parameter as a comment.
        remarks: what stands at the head, a comment each.
    """
    head = [f"# {remark}" for remark in remarks]
    body = ["/**:", f"{_INDENT}{PARAMETERS}:", *_lines(nest(parameters), meanings or {})]
    return "\n".join([*head, *body]) + "\n"


def is_ros_own(key: str) -> bool:
    """Whether ROS itself reads a parameter, so that it is none of ours."""
    return key == "use_sim_time" or key.startswith("qos_overrides.")


def flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested maps to dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        name = f"{prefix}.{key}" if prefix else str(key)
        if isinstance(value, Mapping):
            flat.update(flatten(value, name))
        else:
            flat[name] = value
    return flat


def nest(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted keys to nested maps."""
    tree: dict[str, Any] = {}
    for key, value in flat.items():
        *groups, name = key.split(".")
        branch = tree
        for group in groups:
            branch = branch.setdefault(group, {})
        branch[name] = value
    return tree


def _lines(
    tree: Mapping[str, Any], meanings: Mapping[str, str], prefix: str = "", depth: int = 2
) -> Iterator[str]:
    for name, value in tree.items():
        key, start = f"{prefix}{name}", f"{_INDENT * depth}{_yaml(name)}:"
        if isinstance(value, Mapping):
            yield start
            yield from _lines(value, meanings, f"{key}.", depth + 1)
        else:
            yield f"{start} {_yaml(value)}" + (f"  # {meanings[key]}" if key in meanings else "")


def _yaml(value: Any) -> str:
    text: str = yaml.safe_dump(
        value, default_flow_style=True, width=_NO_LINE_BREAK, allow_unicode=True
    )
    return text.removesuffix("...\n").strip()
