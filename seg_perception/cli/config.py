"""`seg-perception config`: parameter files, written and checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seg_perception.cli.options import AsJson, Remap, Settings, load_config, print_json, remapped

if TYPE_CHECKING:
    from seg_perception.config import Config
    from seg_perception.io.remapped_bag import RemappedBag

app = typer.Typer(
    help="Write and check parameter files.", no_args_is_help=True, rich_markup_mode=None
)
File = Annotated[Path | None, typer.Argument(help="ROS parameter file; without it the defaults.")]


@app.command()
def dump(
    file: File = None,
    bag: Annotated[Path | None, typer.Option(help="Take the sensors from this bag.")] = None,
    settings: Settings = None,
    remap: Remap = None,
    *,
    expert: Annotated[bool, typer.Option("--expert", help="Also what nobody has to tune.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print the parameters with value and meaning, as a ROS parameter file.

    Expert parameters (docs/reference/expert_parameters.md) are left out where they have their
    default.

    seg-perception config dump --bag forest.mcap > robot.yaml
    """
    from seg_perception.config import without_expert_defaults

    config = _load(file, None if bag is None else remapped(bag, remap), settings)
    if as_json:
        parameters = config.to_parameters()
        print_json(parameters if expert else without_expert_defaults(parameters))
    else:
        typer.echo(config.to_file(expert=expert), nl=False)


@app.command()
def check(file: File = None, settings: Settings = None, *, as_json: AsJson = False) -> None:
    """Check a parameter file: unknown keys, wrong values, topics that clash.

    Prints what would be read and published.
    """
    from seg_perception.outputs.topics import check_topic_names, check_topics

    config = _load(file, None, settings)
    check_topic_names(config)
    check_topics(config)
    topics = _topics(config)
    if as_json:
        print_json({"ok": True, "sensors": topics})
        return
    for sensor, entry in topics.items():
        typer.echo(f"{sensor}: {' '.join(entry['reads'])} -> {' '.join(entry['publishes'])}")
    numbers = (len(config.cameras), len(config.lidars), len(config.radars))
    depths = f", {len(config.depths)} with depths" if config.depths else ""
    typer.echo("ok: {} cameras{}, {} lidars, {} radars".format(numbers[0], depths, *numbers[1:]))


def _load(file: Path | None, bag: RemappedBag | None, settings: list[str] | None) -> Config:
    from seg_perception.inspection import inspect_bag

    found = {} if bag is None else inspect_bag(bag).parameters
    return load_config(file, settings, found, str(bag or "parameters"))


def _topics(config: Config) -> dict[str, dict[str, list[str]]]:
    from seg_perception.config.input_topics import camera_info_topic
    from seg_perception.core.message_accounting import stream
    from seg_perception.outputs.topics import CameraTopics, cloud_topic

    found = {}
    for name, camera in config.cameras.items():
        reads = [camera.image_topic, camera_info_topic(camera)]
        found[stream("camera", name)] = {"reads": reads, "publishes": list(CameraTopics.of(camera))}
    for kind, sensors in config.clouds_by_kind:
        for name, sensor in sensors.items():
            entry = {"reads": [sensor.topic], "publishes": [cloud_topic(sensor)]}
            found[stream(kind, name)] = entry
    return found
