"""`seg-perception check-calibration`: do camera and lidar agree about where things are?"""

from __future__ import annotations

from collections.abc import Sequence
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
    from seg_perception.calibration.check import CameraCheck


def command(
    bag: Annotated[Path, typer.Argument(help="Bag with images, scans and transforms.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the pictures.")] = Path(
        "calibration"
    ),
    config: RobotFile = None,
    settings: Settings = None,
    remap: Remap = None,
    *,
    scans: Annotated[
        int, typer.Option(min=1, max=200, help="Scans that are looked at, of each lidar.")
    ] = 24,
    as_json: AsJson = False,
) -> None:
    """Compare the edges in lidar scans with those in the images; no model is needed.

    Finds errors of the extrinsics, a body frame taken for an optical one, an inverted transform,
    a cropped image, and a clock that is off. Exit code 2: a camera's calibration does not hold,
    or the recording can't tell.
    """
    from seg_perception.calibration.check import check_calibration

    source = remapped(bag, remap)
    chosen = bag_config(source, config, settings)
    checks, _ = check_calibration(source, chosen, output, scans)
    if as_json:
        print_json({"bag": str(bag), "cameras": [check.to_json() for check in checks]})
    else:
        print_checks(checks)
    end(notes_of(checks), problems_of(checks))


def notes_of(checks: Sequence[CameraCheck]) -> list[str]:
    """What of the lenses a reader should know."""
    return [str(issue) for check in checks for issue in check.remarks]


def problems_of(checks: Sequence[CameraCheck]) -> list[str]:
    """A sentence for each camera that is not good, and for each clock that explains more."""
    said = []
    for check in checks:
        if check.diagnosis.level != "good":
            said.append(f"camera {check.camera}: {check.diagnosis.sentence}")
        if check.clock_sentence:
            said.append(f"camera {check.camera}: {check.clock_sentence}")
    return said


def print_checks(checks: Sequence[CameraCheck]) -> None:
    """A table for each camera, and where its pictures are."""
    from seg_perception.cli.tables import calibration_table, console

    out = console()
    for check in checks:
        finding = check.diagnosis.finding
        if finding is not None:
            search, window = finding.search, finding.search.window
            out.print(
                f"camera {check.camera}: {search.edges} edges of {check.observations} scans; the "
                f"best turn stands {window.z:.1f} sigma out of all that were tried, "
                f"{window.distinctness:.1f} above any other",
                highlight=False,
                soft_wrap=True,
            )
            out.print(calibration_table(finding))
        if check.diagnosis.level == "good":
            out.print(f"camera {check.camera}: {check.diagnosis.sentence}", highlight=False)
        for picture in check.pictures:
            out.print(f"written: {picture}", soft_wrap=True, highlight=False)
