"""`seg-perception check-calibration`: do camera and lidar agree about where things are?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seg_perception.cli.options import (
    AsJson,
    LabelTopics,
    Remap,
    RobotFile,
    Settings,
    bag_config,
    end,
    parse_labels,
    print_json,
    remapped,
)

if TYPE_CHECKING:
    from seg_perception.calibration.check import CameraCheck


def command(  # noqa: PLR0913 (an option each)
    bag: Annotated[Path, typer.Argument(help="RemappedBag with images, scans and transforms.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the pictures.")] = Path(
        "calibration"
    ),
    config: RobotFile = None,
    settings: Settings = None,
    labels: LabelTopics = None,
    remap: Remap = None,
    *,
    scans: Annotated[
        int, typer.Option(min=1, max=1000, help="Scans that are looked at, of each lidar.")
    ] = 24,
    as_json: AsJson = False,
) -> None:
    """Compare the depth edges in lidar scans with the borders of labels in the images.

    Finds small errors of the extrinsics, a body frame taken for an optical one, an inverted
    transform and a cropped image. Exit code 2: a camera's calibration does not hold.
    """
    from seg_perception.calibration.check import check_calibration

    source = remapped(bag, remap)
    chosen = bag_config(source, config, settings)
    checks = check_calibration(source, chosen, output, parse_labels(labels or []), scans)
    if as_json:
        print_json({"bag": str(bag), "cameras": [check.to_json() for check in checks]})
    else:
        _print(checks)
    bad = [check for check in checks if check.diagnosis.level != "good"]
    notes = [str(issue) for check in checks for issue in check.remarks]
    end(notes, [f"camera {check.camera}: {check.diagnosis.sentence}" for check in bad])


def _print(checks: list[CameraCheck]) -> None:
    from seg_perception.cli.tables import calibration_table, console

    out = console()
    for check in checks:
        out.print(calibration_table(check))
        if check.diagnosis.level == "good":
            out.print(f"camera {check.camera}: {check.diagnosis.sentence}", highlight=False)
        for picture in check.pictures:
            out.print(f"written: {picture}", soft_wrap=True, highlight=False)
