"""`seg-perception import --list`: public checkpoints, and the line for each."""

from __future__ import annotations

from typing import Annotated

import typer


def _print_list(wanted: bool) -> None:  # noqa: FBT001 (typer calls it so)
    if not wanted:
        return
    from seg_perception.importing.zoo import zoo

    for model in zoo():
        figure = f", {model.mean_iou:g} % mIoU ({model.source})" if model.mean_iou else ""
        typer.echo(f"{model.id}: {model.ontology}{figure}; {model.licence or 'see its card'}")
        typer.echo(f"  {model.line}")
    raise typer.Exit


ListModels = Annotated[
    bool,
    typer.Option(
        "--list",
        callback=_print_list,
        is_eager=True,
        help="Print the public checkpoints, each with its line, and end.",
    ),
]
