"""Which keys a set of parameters may have: those of the schema, for sensors that are listed."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from seg_perception.config.renames import new_name
from seg_perception.config.schema import SENSOR_KINDS, describe


def malformed_lists(parameters: Mapping[str, Any]) -> Iterator[str]:
    """A sentence about each list of sensors that holds something else than different names."""
    for plural in SENSOR_KINDS:
        listed = parameters.get(plural, [])
        if not isinstance(listed, list) or not all(isinstance(n, str) and n for n in listed):
            yield f"{plural}: expected a list of names such as [front], got {listed!r}"
        elif len(set(listed)) != len(listed) or any("." in name for name in listed):
            yield f"{plural}: expected different names without dots, got {listed!r}"


def wrong_keys(parameters: Mapping[str, Any]) -> dict[str, str]:
    """A sentence about each key that is not one of the schema, or of a sensor that is not listed.

    It names today's name of an old one, else the nearest.

    Args:
        parameters: flat, with lists that are not malformed.
    """
    known = {key for key, _, _ in describe(parameters)} | set(SENSOR_KINDS)
    unlisted = _of_unlisted_sensors(parameters)
    return {
        key: unlisted.get(key) or f"unknown parameter {key!r}; {_known_name(key, known)}"
        for key in parameters
        if key in unlisted or key not in known
    }


def _of_unlisted_sensors(parameters: Mapping[str, Any]) -> dict[str, str]:
    plurals = {singular: plural for plural, singular in SENSOR_KINDS.items()}
    found = {}
    for key in parameters:
        kind, _, rest = key.partition(".")
        name, _, field = rest.partition(".")
        if not field or kind not in plurals:
            continue
        plural = plurals[kind]
        if name not in (listed := parameters.get(plural, [])):
            found[key] = f"{kind}.{name} is described but not listed; add it to {plural}: {listed}"
    return found


def _known_name(key: str, known: Collection[str]) -> str:
    if (new := new_name(key)) in known:
        return f"it is called {new!r} now"
    if near := difflib.get_close_matches(key, known, n=1):
        return f"did you mean {near[0]!r}?"
    return "`seg-perception config dump --expert` lists all"
