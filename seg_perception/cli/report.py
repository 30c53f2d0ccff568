"""`seg-perception report`: the page of a run that was evaluated before."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seg_perception.cli.options import AsJson, print_json


def command(
    run: Annotated[Path, typer.Argument(help="Folder of a run, as `evaluate` wrote it.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Write `report.html` into a run's folder: one file that needs no network."""
    from seg_perception.evaluation.report import write_report

    page = write_report(run)
    if as_json:
        print_json({"run": str(run), "report": str(page), "bytes": page.stat().st_size})
    else:
        typer.echo(f"written: {page}")
