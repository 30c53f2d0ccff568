"""`seg-perception simulate`: a forest drive as a bag."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seg_perception.cli.options import AsJson, parse_setting, print_json

if TYPE_CHECKING:
    from seg_perception.simulation.config import SimulationConfig


def command(
    output: Annotated[Path, typer.Option("--output", "-o", help="New .mcap file, or new folder.")],
    *,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same bytes.")] = 1,
    duration: Annotated[float, typer.Option(min=0.1, max=3600, help="Seconds.")] = 30.0,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="One value as key=value, such as lidar_beams=128; repeatable."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Drive a robot with camera, lidar and radar through a made-up forest.

    The bag holds images, clouds, tf, odometry, and the exact label of every pixel and point.
    """
    from seg_perception.cli.progress import progress_bar
    from seg_perception.simulation.drive import write_bag

    config = _configuration(seed, duration, settings or [])
    with progress_bar("simulating") as advance:
        write_bag(output, config, lambda share: advance(round(1000 * share), 1000))
    if as_json:
        print_json({"output": str(output), **config.model_dump()})
    else:
        typer.echo(f"written: {output} ({config.duration_s:g} s, seed {config.seed})")


def _configuration(seed: int, duration_s: float, settings: list[str]) -> SimulationConfig:
    from pydantic import ValidationError

    from seg_perception.core.errors import ConfigError
    from seg_perception.core.validation import explain
    from seg_perception.simulation.config import SimulationConfig

    values = {"seed": seed, "duration_s": duration_s, **dict(map(parse_setting, settings))}
    try:
        return SimulationConfig.model_validate(values)
    except ValidationError as error:
        known = ", ".join(SimulationConfig.model_fields)
        msg = f"{explain(error, '--set')}; expected values of {known}"
        raise ConfigError(msg) from error
