"""`seg-perception demo`: a simulated drive through real nodes, scored and drawn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seg_perception.cli.options import AsJson, VideoFile, print_json

if TYPE_CHECKING:
    from seg_perception.demo.summary import DemoSummary


def command(
    *,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="Folder of the results; an older demo is replaced."),
    ] = Path("runs/demo"),
    seconds: Annotated[float, typer.Option(min=1, max=600, help="Length of the drive.")] = 30.0,
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same forest.")] = 1,
    bundle: Annotated[str, typer.Option(help="Model bundle instead of the shipped one.")] = "",
    video: VideoFile = None,
    as_json: AsJson = False,
) -> None:
    """Simulate a drive, send it through real nodes over DDS, score and draw the result.

    Player, perception and recorder run as processes of their own; all traffic stays on this
    machine. Exit code 1: a message is unaccounted for.
    """
    from seg_perception.cli.progress import named_step
    from seg_perception.demo.run import DemoOptions, run_demo

    options = DemoOptions(output, seconds=seconds, seed=seed, bundle=bundle, video=video)
    summary = run_demo(options, named_step)
    if as_json:
        print_json(summary.to_json())
    else:
        _print(summary)
    if not summary.complete:
        typer.echo("error: a message is unaccounted for; see the table", err=True)
        raise typer.Exit(1)


def _print(summary: DemoSummary) -> None:
    from seg_perception.cli.tables import (
        account_table,
        console,
        latency_table,
        scores_table,
        video_line,
    )

    out = console()
    out.print(account_table(summary.account))
    out.print(latency_table(summary.latency))
    out.print(scores_table(summary.scores))
    out.print(summary.engine, soft_wrap=True, highlight=False)
    for path in (summary.labelled, summary.labelled.parent / "summary.json", *summary.pictures):
        out.print(str(path), soft_wrap=True, highlight=False)
    if summary.video is not None:
        out.print(video_line(summary.video), soft_wrap=True, highlight=False)
