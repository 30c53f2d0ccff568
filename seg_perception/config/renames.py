"""What parameters were called before: an old parameter file is answered with the new names."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from seg_perception.core.errors import ConfigError
from seg_perception.core.resources import config_path
from seg_perception.core.validation import read_yaml


def new_name(key: str) -> str:
    """What a parameter of an earlier version is called now; empty where it was never one."""
    renamed = _renamed_parameters()
    *groups, name = key.split(".")
    group = ".".join(groups)
    if key in renamed or group not in renamed:
        return renamed.get(key, "")
    return f"{renamed[group]}.{name}"


@cache
def _renamed_parameters() -> Mapping[str, str]:
    """Old name or group to new one."""
    table = read_yaml(config_path("renamed_parameters.yaml"), "the shipped table", ConfigError)
    renamed: Mapping[str, str] = table["parameters"]
    return renamed
