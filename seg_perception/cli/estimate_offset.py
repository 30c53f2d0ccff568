"""`seg-perception estimate-offset`: by how much is a camera's clock off?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seg_perception.cli.options import (
    AsJson,
    Remap,
    RobotFile,
    Settings,
    bag_config,
    end,
    print_json,
    remapped,
)

if TYPE_CHECKING:
    from seg_perception.calibration.offset import OffsetEstimate


def command(  # noqa: PLR0913 (an option each)
    bag: Annotated[Path, typer.Argument(help="Bag with images, scans and moving transforms.")],
    config: RobotFile = None,
    settings: Settings = None,
    remap: Remap = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for pictures of the curves.")
    ] = None,
    *,
    scans: Annotated[
        int, typer.Option(min=8, max=1000, help="Scans that are looked at, of each lidar.")
    ] = 80,
    reach: Annotated[
        float, typer.Option(min=0.05, max=2, help="Seconds to either side that are searched.")
    ] = 0.2,
    as_json: AsJson = False,
) -> None:
    """Find the offset of each camera's clock from a recording in which the robot turns.

    Prints the parameter to paste, with its 95 % interval. Exit code 2: the recording can't tell.
    """
    from seg_perception.calibration.offset import estimate_offset, write_curve

    source = remapped(bag, remap)
    chosen = bag_config(source, config, settings)
    estimates = estimate_offset(source, chosen, scans, reach)
    pictures = [write_curve(output, found) for found in estimates.found] if output else []
    if as_json:
        document = {
            "bag": str(bag),
            "cameras": [found.to_json() for found in estimates.found],
            "refused": dict(estimates.refused),
            "pictures": [str(path) for path in pictures],
            "issues": [issue.to_json() for issue in estimates.remarks],
        }
        print_json(document)
    else:
        for found in estimates.found:
            _print(found)
        for path in pictures:
            typer.echo(f"written: {path}")
    notes = [str(issue) for issue in estimates.remarks]
    end(notes, [f"camera {camera}: {why}" for camera, why in estimates.refused.items()])


def _print(estimate: OffsetEstimate) -> None:
    low, high = (1000 * end for end in estimate.interval_s)
    typer.echo(
        f"# camera {estimate.camera}: {1000 * estimate.offset_s:+.1f} ms, 95 % between {low:+.1f} "
        f"and {high:+.1f} ms; {estimate.observations} scans, turn rate varies by "
        f"{estimate.turn_rad_s:.2f} rad/s, yaw of the mounting {estimate.yaw_deg:+.2f} deg"
    )
    for key, value in estimate.parameters.items():
        typer.echo(f"{key}: {value}")
