"""`seg-perception compare`: is the new model or setting better, and by how much."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seg_perception.cli.options import AsJson, print_json

if TYPE_CHECKING:
    from seg_perception.evaluation.compare import Change, Comparison, RunChange

_GATE = 1
_SHOWN = 40


def command(
    runs: Annotated[list[Path], typer.Argument(help="Folders of runs; the first is the baseline.")],
    fail_if: Annotated[
        list[str] | None,
        typer.Option(help="[STREAM:]METRIC < NUMBER in percentage points; repeatable."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Page to write: the differences, and their frames."),
    ] = None,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Show every number that changed, not the first 40.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare runs over the same data: paired differences with 95 % intervals, regressions first.

    seg-perception compare runs/old runs/new --fail-if "miou < -0.5" -o compare.html

    Exit code 1: a condition of --fail-if was met. Exit code 2: runs that can't be compared.
    """
    from seg_perception.core.errors import ConfigError
    from seg_perception.evaluation.compare import compare
    from seg_perception.evaluation.regression_gate import Gate
    from seg_perception.evaluation.report import write_comparison
    from seg_perception.evaluation.results import Results

    if len(runs) < 2:
        msg = f"expected two runs or more, got {len(runs)}"
        raise ConfigError(msg)
    gates = [Gate.parse(text) for text in fail_if or ()]
    baseline, *others = (Results.read(run) for run in runs)
    comparison = compare(baseline, others)
    if output is not None:
        write_comparison(output, comparison, runs)
    if as_json:
        print_json(comparison.model_dump(mode="json"))
    else:
        _print(comparison, everything=everything)
    sentences = [sentence for gate in gates for sentence in gate.fired(comparison)]
    for sentence in sentences:
        typer.echo(f"failed: {sentence}", err=True)
    if sentences:
        raise typer.Exit(_GATE)


def _print(comparison: Comparison, *, everything: bool) -> None:
    from seg_perception.cli.tables import console

    out = console()
    for run in comparison.runs:
        changed = tuple(change for change in run.changes if change.changed)
        shown = changed if everything else changed[:_SHOWN]
        if shown:
            out.print(_table(comparison.baseline, run, shown))
        if len(shown) < len(changed):
            out.print(f"{len(changed) - len(shown)} more with --all")
        if same := len(run.changes) - len(changed):
            out.print(f"{same} number{'s are' if same != 1 else ' is'} the same in both runs")
        for note in run.notes:
            typer.echo(f"note: {note}", err=True)


def _table(baseline: str, run: RunChange, changes: tuple[Change, ...]) -> object:
    from rich.table import Table

    from seg_perception.evaluation.metric_titles import title

    table = Table(title=f"{run.run} against {baseline}", title_justify="left", title_style="bold")
    for index, header in enumerate(
        ("stream", "metric", "before %", "after %", "difference", "95 % interval", "")
    ):
        table.add_column(header, justify="left" if index < 2 else "right")
    styles = {"worse": "red", "better": "green", "unclear": ""}
    for change in changes:
        between = "" if change.low is None else f"{change.low:+.2f} to {change.high or 0:+.2f}"
        table.add_row(
            change.stream,
            title(change.key),
            _number(change.before),
            _number(change.after),
            "-" if change.difference is None else f"{change.difference:+.2f}",
            between,
            change.verdict if change.verdict != "unclear" else "",
            style=styles[change.verdict],
        )
    return table


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
