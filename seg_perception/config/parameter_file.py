"""ROS parameter files: nested or dotted keys, sections per node; flat parameters out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seg_perception.core.errors import ConfigError
from seg_perception.core.validation import read_yaml


def read_parameter_file(path: str | Path, node: str) -> dict[str, Any]:
    """Flat parameters of one node from a ROS parameter file; a node's own section wins over `/**`.

    Raises:
        ConfigError: no such file, not YAML, or no `ros__parameters` for the node.
    """
    file = Path(path)
    document = read_yaml(file, "a ROS parameter file", ConfigError)
    sections = document if isinstance(document, dict) else {}
    found = [sections[key] for key in ("/**", node, f"/{node}") if key in sections]
    flat: dict[str, Any] = {}
    for section in found:
        if not isinstance(section, dict) or not isinstance(section.get("ros__parameters"), dict):
            msg = f"{file}: a section has no ros__parameters map; indent the parameters below it"
            raise ConfigError(msg)
        flat.update(flatten(section["ros__parameters"]))
    if not found:
        expected = f"a section '/**' or '{node}' with ros__parameters"
        msg = f"{file}: expected {expected}, got {sorted(map(str, sections))}"
        raise ConfigError(msg)
    return {key: value for key, value in flat.items() if not is_ros_own(key)}


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
