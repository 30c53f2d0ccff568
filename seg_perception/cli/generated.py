"""`seg-perception generated`: a generator's pictures without copies and leaks, for training."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seg_perception.cli.options import AsJson, print_json


def command(
    source: Annotated[Path, typer.Argument(help="Labelled folder that a generator filled.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="New folder for training.")],
    *,
    held_out: Annotated[
        list[Path],
        typer.Option(help="Labelled folder whose pictures must not come back; repeatable."),
    ],
    as_json: AsJson = False,
) -> None:
    """Take the generated pictures that are no copies, as a folder for training.

    seg-perception generated made_up -o clean --held-out validation

    Left out are copies and mirror images of each other and of held-out pictures, and masks that
    do not fit: each is named.
    """
    from seg_perception.active_learning.generated import take_generated

    summary = take_generated(source, output, held_out)
    if as_json:
        print_json(summary.to_json())
        return
    for entry in summary.left_out:
        typer.echo(f"left out {entry.name}: {entry.why}")
    shares = ", ".join(f"{name} {share:.1%}" for name, share in summary.pixels.items())
    typer.echo(f"{output}: {summary.taken} pictures, {len(summary.left_out)} left out; {shares}")
