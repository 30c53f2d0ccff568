"""Which keys a set of parameters may have: those of the schema, for sensors that are listed."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from typing import Any

from seg_perception.config.renames import new_name
from seg_perception.config.schema import SENSOR_KINDS, describe
from seg_perception.core.errors import ConfigError


def refuse_unlisted_sensors(parameters: Mapping[str, Any], origin: str) -> None:
    """Every sensor that is described is in the list of its kind.

    Raises:
        ConfigError: it is not, or a list holds something that is no name, or one name twice.
    """
    for plural, singular in SENSOR_KINDS.items():
        listed = _expect_names(parameters.get(plural, []), f"{origin}: {plural}")
        described = {
            key.split(".")[1]
            for key in parameters
            if key.startswith(f"{singular}.") and key.count(".") > 1
        }
        if extra := sorted(described - set(listed)):
            sensor = f"{singular}.{extra[0]}"
            msg = f"{origin}: {sensor} is described but not listed; add it to {plural}: {listed}"
            raise ConfigError(msg)


def refuse_unknown_keys(parameters: Mapping[str, Any], origin: str) -> None:
    """Every key is one of the schema.

    Raises:
        ConfigError: one is not; it names today's name of an old one, else the nearest.
    """
    known = {key for key, _, _ in describe(parameters)} | set(SENSOR_KINDS)
    for key in parameters:
        if key not in known:
            msg = f"{origin}: unknown parameter {key!r}; {_known_name(key, known)}"
            raise ConfigError(msg)


def _expect_names(listed: Any, place: str) -> list[str]:
    if not isinstance(listed, list) or not all(isinstance(name, str) and name for name in listed):
        msg = f"{place}: expected a list of names such as [front], got {listed!r}"
        raise ConfigError(msg)
    if len(set(listed)) != len(listed) or any("." in name for name in listed):
        msg = f"{place}: expected different names without dots, got {listed!r}"
        raise ConfigError(msg)
    return listed


def _known_name(key: str, known: Collection[str]) -> str:
    if (new := new_name(key)) in known:
        return f"it is called {new!r} now"
    if near := difflib.get_close_matches(key, known, n=1):
        return f"did you mean {near[0]!r}?"
    return "`seg-perception config dump --expert` lists all"
