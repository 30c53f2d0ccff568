"""The command `seg-perception`."""

from __future__ import annotations

import io
import signal
import sys
import traceback

import typer

from seg_perception import __version__
from seg_perception.cli import (
    bundle,
    calibrate,
    check_calibration,
    compare,
    config,
    demo,
    engine,
    estimate_offset,
    evaluate,
    export,
    gate_labels,
    generated,
    import_model,
    inspect,
    label,
    mine,
    model,
    platform,
    replay,
    report,
    simulate,
    teach,
    train,
    view,
)
from seg_perception.cli.command_group import DEFECT, CommandGroup
from seg_perception.core.signals import end_on_signals

app = typer.Typer(
    name="seg-perception",
    help="Label cameras, lidars and radars of field robots, live and offline.",
    cls=CommandGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("demo")(demo.command)
app.command("evaluate")(evaluate.command)
app.command("compare")(compare.command)
app.command("replay")(replay.command)
app.command("inspect")(inspect.command)
app.command("calibrate")(calibrate.command)
app.command("check-calibration")(check_calibration.command)
app.command("estimate-offset")(estimate_offset.command)
app.command("mine")(mine.command)
app.command("corrections")(mine.corrections)
app.command("gate-labels")(gate_labels.command)
app.command("generated")(generated.command)
app.command("export")(export.command)
app.command("import")(import_model.command)
app.command("label")(label.command)
app.command("report")(report.command)
app.command("simulate")(simulate.command)
app.command("teach")(teach.command)
app.command("view")(view.command)
app.add_typer(config.app, name="config")
app.add_typer(engine.app, name="engine")
app.add_typer(bundle.app, name="bundle")
app.add_typer(platform.app, name="platform")
app.add_typer(model.app, name="model")
app.add_typer(train.app, name="train")


def _print_version(wanted: bool) -> None:  # noqa: FBT001 (typer calls it so)
    if wanted:
        typer.echo(f"seg-perception {__version__}")
        raise typer.Exit


@app.callback()
def options(
    *,
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Label cameras, lidars and radars of field robots, live and offline."""


def main() -> None:
    """Run the command."""
    end_on_signals(signal.SIGTERM, signal.SIGHUP)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A file's name may have bytes that are no text.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        app()
    except Exception:  # noqa: BLE001 (whatever it is, it is ours)
        traceback.print_exc()
        sys.stderr.write("error: a defect of seg-perception; please report it with the above\n")
        sys.exit(DEFECT)
