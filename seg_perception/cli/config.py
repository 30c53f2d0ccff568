"""`seg-perception config`: parameter files, written and checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seg_perception.cli.arguments import Settings

if TYPE_CHECKING:
    from seg_perception.config import Config

app = typer.Typer(
    help="Write and check parameter files.", no_args_is_help=True, rich_markup_mode=None
)
File = Annotated[Path | None, typer.Argument(help="ROS parameter file; without it the defaults.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print as JSON.")]


@app.command()
def dump(
    file: File = None,
    bag: Annotated[Path | None, typer.Option(help="Take the sensors from this bag.")] = None,
    settings: Settings = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Print every parameter with its value and meaning, as a ROS parameter file.

    seg-perception config dump --bag forest.mcap > robot.yaml
    """
    from seg_perception.cli.options import print_json

    config = _load(file, bag, settings or [])
    if as_json:
        print_json(config.to_parameters())
    else:
        typer.echo("\n".join(_annotated(config)))


@app.command()
def check(file: File = None, settings: Settings = None, *, as_json: AsJson = False) -> None:
    """Check a parameter file: unknown keys, wrong values, topics that clash.

    Prints what would be read and published.
    """
    from seg_perception.cli.options import print_json
    from seg_perception.outputs.topics import check_topics

    config = _load(file, None, settings or [])
    check_topics(config)
    topics = _topics(config)
    if as_json:
        print_json({"ok": True, "sensors": topics})
        return
    for sensor, entry in topics.items():
        typer.echo(f"{sensor}: {' '.join(entry['reads'])} -> {' '.join(entry['publishes'])}")
    numbers = (len(config.cameras), len(config.lidars), len(config.radars))
    typer.echo("ok: {} cameras, {} lidars, {} radars".format(*numbers))


def _load(file: Path | None, bag: Path | None, settings: list[str]) -> Config:
    from seg_perception.cli.options import apply_settings
    from seg_perception.config import Config, read_parameter_file
    from seg_perception.inspection import inspect_bag

    parameters: dict[str, Any] = {}
    if bag is not None:
        parameters.update(inspect_bag(bag).parameters)
    if file is not None:
        parameters.update(read_parameter_file(file, "perception_node"))
    origin = str(file or bag or "parameters")
    return Config.from_parameters(apply_settings(parameters, settings), origin)


def _annotated(config: Config) -> list[str]:
    """The lines of a parameter file, the meaning of each parameter behind it."""
    import yaml

    from seg_perception.config import describe

    parameters = config.to_parameters()
    meanings = {
        key: model.model_fields[name].description for key, model, name in describe(parameters)
    }
    lines = ["/**:", "  ros__parameters:"]
    for key, value in parameters.items():
        text = (
            yaml.safe_dump(value, default_flow_style=True, width=1000).removesuffix("...\n").strip()
        )
        meaning = meanings.get(key)
        lines.append(f"    {key}: {text}" + (f"  # {meaning}" if meaning else ""))
    return lines


def _topics(config: Config) -> dict[str, dict[str, list[str]]]:
    from seg_perception.config.input_topics import camera_info_topic
    from seg_perception.core.message_accounting import stream
    from seg_perception.outputs.topics import CameraTopics, cloud_topic

    found = {}
    for name, camera in config.cameras.items():
        reads = [camera.image_topic, camera_info_topic(camera)]
        found[stream("camera", name)] = {"reads": reads, "publishes": list(CameraTopics.of(camera))}
    for kind, sensors in (("lidar", config.lidars), ("radar", config.radars)):
        for name, sensor in sensors.items():
            entry = {"reads": [sensor.topic], "publishes": [cloud_topic(sensor)]}
            found[stream(kind, name)] = entry
    return found
