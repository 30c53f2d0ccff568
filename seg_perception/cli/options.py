"""What sub-commands have in common: settings on the command line, output for machines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import typer
import yaml

from seg_perception.core.errors import ConfigError
from seg_perception.core.json_document import dump_json

KINDS = ("camera", "lidar", "radar")


def apply_settings(parameters: Mapping[str, Any], settings: Iterable[str]) -> dict[str, Any]:
    """Flat parameters with `key=value` settings over them.

    Describing a sensor lists it: `lidar.top.topic=/points` adds `top` to `lidars`.
    Sensors that a setting takes off the list lose their other parameters.

    Raises:
        ConfigError: a setting that is not `key=value`, or a value that is not YAML.
    """
    result = dict(parameters)
    for setting in settings:
        key, value = parse_setting(setting)
        result[key] = value
        _list_sensor(result, key)
    return _without_unlisted(result, set(parameters))


def print_json(document: Mapping[str, Any]) -> None:
    """Write a document for machines to standard output."""
    typer.echo(dump_json(document))


def end(notes: Iterable[str], problems: Sequence[str]) -> None:
    """Say on standard error what a reader should know; problems make the exit code 2.

    Raises:
        typer.Exit: there are problems.
    """
    for line in notes:
        typer.echo(f"note: {line}", err=True)
    for line in problems:
        typer.echo(f"error: {line}", err=True)
    if problems:
        raise typer.Exit(2)


def parse_labels(texts: Iterable[str]) -> dict[str, str]:
    """Topics by camera of `CAMERA=TOPIC` texts.

    Raises:
        ConfigError: one is not of that form.
    """
    topics = {}
    for text in texts:
        camera, equals, topic = text.partition("=")
        if not camera or not equals or not topic:
            msg = f"--labels {text}: expected CAMERA=TOPIC, for instance front=/front/labels"
            raise ConfigError(msg)
        topics[camera] = topic
    return topics


def parse_setting(setting: str) -> tuple[str, Any]:
    """Key and value of `key=value`, the value read as YAML.

    Raises:
        ConfigError: it is not of that form.
    """
    key, equals, text = setting.partition("=")
    if not equals or not key:
        msg = f"--set {setting}: expected key=value, for instance transfer.cell_px=8"
        raise ConfigError(msg)
    try:
        return key, yaml.safe_load(text) if text else ""
    except yaml.YAMLError as error:
        msg = f"--set {setting}: the value is not YAML; quote it"
        raise ConfigError(msg) from error


def _list_sensor(parameters: dict[str, Any], key: str) -> None:
    kind, _, rest = key.partition(".")
    name = rest.partition(".")[0]
    if kind in KINDS and name:
        listed = parameters.get(f"{kind}s", [])
        if isinstance(listed, list) and name not in listed:
            parameters[f"{kind}s"] = [*listed, name]


def _without_unlisted(parameters: dict[str, Any], given: set[str]) -> dict[str, Any]:
    """Leave out what describes a sensor that is not listed, if it was given and not set."""

    def is_listed(key: str) -> bool:
        kind, _, rest = key.partition(".")
        listed = parameters.get(f"{kind}s", [])
        return kind not in KINDS or not isinstance(listed, list) or rest.partition(".")[0] in listed

    return {key: value for key, value in parameters.items() if is_listed(key) or key not in given}
