"""`seg-perception calibrate`: the correction of a camera's place, from any bag with structure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seg_perception.cli.check_calibration import notes_of, print_checks, problems_of
from seg_perception.cli.fleet import ClusterAddress, Gpus, Machines, Processes, is_fleet, run
from seg_perception.cli.options import (
    AsJson,
    LidarOdometry,
    Remap,
    RobotFile,
    Settings,
    bag_config,
    end,
    print_json,
    remapped,
)

if TYPE_CHECKING:
    from seg_perception.calibration.calibrate import CameraCalibration


def command(  # noqa: PLR0913, PLR0917 (an option each)
    context: typer.Context,
    bags: Annotated[list[Path], typer.Argument(help="Bags with images, scans and transforms.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for the pictures, or of many bags' run.")
    ] = Path("calibration"),
    config: RobotFile = None,
    settings: Settings = None,
    remap: Remap = None,
    write: Annotated[
        Path | None,
        typer.Option(help="Robot file in which the corrections are set; made where it is missing."),
    ] = None,
    odometry: LidarOdometry = "",
    processes: Processes = 1,
    cluster: ClusterAddress = "",
    gpus: Gpus = 0.0,
    *,
    scans: Annotated[
        int, typer.Option(min=1, max=200, help="Scans that are looked at, of each lidar.")
    ] = 24,
    rotation_only: Annotated[
        bool, typer.Option(help="Leave places and clocks as they are, however many scans tell.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Find how each camera sits before its lidars, and how late it is; print what mends it.

    Several bags, or a cluster: the folder has tables, a page, and a folder for each bag; a run that
    was stopped goes on in it.

    Needs no model and no target. Exit code 2: the recording can't tell of some camera, or
    something else than its place and clock is wrong.
    """
    from seg_perception.calibration.calibrate import calibrate, write_corrections
    from seg_perception.replay.lidar_odometry import with_odometry

    if is_fleet(bags, output, cluster):
        machines = Machines(processes, cluster, gpus)
        run(context, "calibrate", bags, output, machines, ("--write",))
        return
    source = remapped(bags[0], remap)
    chosen = bag_config(source, config, settings)
    with with_odometry(source, chosen, odometry) as motion:
        found = calibrate(motion.bag, motion.config, output, scans, only_turn=rotation_only)
    written = write_corrections(write, chosen, found) if write is not None else {}
    checks = [one.check for one in found]
    if as_json:
        cameras = [one.to_json() for one in found]
        print_json({"bag": str(bags[0]), "cameras": cameras, "written": written})
    else:
        print_checks(checks)
        for one in found:
            _print(one)
    notes = [*map(str, motion.issues), *notes_of(checks)]
    if write is not None:
        notes.append(f"set in {write}: {', '.join(written) or 'nothing'}")
    end(notes, [line for one in found for line in problems_of([one.check]) if not one.parameters])


def _print(calibration: CameraCalibration) -> None:
    check = calibration.check
    if not calibration.parameters:
        return
    typer.echo(f"# camera {check.camera}: {check.diagnosis.sentence}")
    if check.diagnosis.level == "good":
        typer.echo("# it fits better still with what is surely other than given, if by little:")
    for key, value in calibration.parameters.items():
        typer.echo(f"{key}: {value}")
    if calibration.mount is not None:
        typer.echo("# or, in place of correction_*, the transform itself:")
        for line in calibration.mount.lines:
            typer.echo(f"# {line}")
