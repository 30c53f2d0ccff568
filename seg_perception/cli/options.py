"""What sub-commands have in common: options, the configuration they make, output for machines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seg_perception.core.errors import BagError, ConfigError
from seg_perception.core.json_document import dump_json
from seg_perception.core.yaml_document import YamlError, parse_yaml

if TYPE_CHECKING:
    from seg_perception.config import Config
    from seg_perception.inspection import BagInspection
    from seg_perception.io.remapped_bag import RemappedBag

RobotFile = Annotated[
    Path | None,
    typer.Option(help="ROS parameter file of the robot; without it the bag is inspected."),
]
Remap = Annotated[
    list[str] | None,
    typer.Option(
        help="FROM:=TO, as a node's: what is read as FROM is the recording's TO; repeatable."
    ),
]
Settings = Annotated[
    list[str] | None, typer.Option("--set", help="One parameter as key=value; repeatable.")
]
LatencyMs = Annotated[
    float, typer.Option(min=0, help="Imitate a machine that needs so many ms for a frame.")
]
VideoFile = Annotated[
    Path | None,
    typer.Option("--video", help="New .mp4 file: what was labelled, as browsers play it."),
]
Threads = Annotated[
    int, typer.Option(min=0, help="Threads that decode, draw and compress; 0: one a processor.")
]
LidarOdometry = Annotated[
    str,
    typer.Option(
        "--odometry", help="kiss-icp: the robot's motion from its first lidar, where none is there."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]

KINDS = ("camera", "lidar", "radar")


def load_config(
    file: Path | None,
    settings: Iterable[str] | None,
    base: Mapping[str, Any] | None = None,
    origin: str = "--set",
) -> Config:
    """The configuration of a command: settings over a parameter file over a base.

    Args:
        file: ROS parameter file of the robot, if there is one.
        settings: `key=value` texts.
        base: flat parameters that the file may replace.
        origin: what an error names where there is no file.

    Raises:
        ConfigError: a parameter is unknown or its value is refused.
    """
    from seg_perception.config import Config, read_parameter_file
    from seg_perception.outputs.topics import NODE_NAME

    parameters = dict(base or {})
    if file is not None:
        parameters.update(read_parameter_file(file, NODE_NAME))
    merged = apply_settings(parameters, settings or ())
    return Config.from_parameters(merged, str(file or origin))


def remapped(bag: Path, remap: Iterable[str] | None) -> RemappedBag:
    """The bag that was named, under other names of topics.

    Raises:
        ConfigError: a rule of `--remap` that is none.
    """
    from seg_perception.io.remapped_bag import RemappedBag

    return RemappedBag.of(bag, remap or ())


def bag_config(bag: RemappedBag, file: Path | None, settings: Iterable[str] | None) -> Config:
    """The parameter file's configuration, or what inspecting the bag suggests; settings over it.

    Raises:
        BagError: the bag can't be read, or none of its images are a camera's.
        ConfigError: a parameter is unknown or its value is refused.
    """
    return configured(bag, file, settings, inspected(bag, file))


def inspected(bag: RemappedBag, file: Path | None) -> BagInspection | None:
    """What a bag is found to hold; None where a parameter file says what to read.

    Raises:
        BagError: the bag can't be read.
    """
    from seg_perception.inspection import inspect_bag

    return None if file is not None else inspect_bag(bag)


def configured(
    bag: RemappedBag, file: Path | None, settings: Iterable[str] | None, found: BagInspection | None
) -> Config:
    """The parameter file's configuration, or what the bag's inspection suggests.

    Raises:
        BagError: none of the bag's images are a camera's.
        ConfigError: a parameter is unknown or its value is refused.
    """
    from seg_perception.core.issue_kinds.inputs import NO_CAMERA, NO_PHOTOGRAPH

    if found is None:
        return load_config(file, settings)
    config = load_config(None, settings, found.parameters, str(bag))
    taken = {camera.image_topic for camera in config.cameras.values()}
    for issue in found.issues:
        if issue.code == NO_PHOTOGRAPH.code and issue.stream not in taken:
            typer.echo(f"note: {issue}", err=True)
        if issue.code == NO_CAMERA.code and not taken:
            raise BagError(issue.sentence)
    return config


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
        return key, parse_yaml(text) if text else ""
    except YamlError as error:
        msg = f"--set {setting[:80]}: the value is not YAML ({error}); quote it"
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
