"""`seg-perception train`: a run of training, and the files that one is made of."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from seg_perception.cli.options import AsJson, end, print_json
from seg_perception.core.errors import ConfigError
from seg_perception.core.extras import INSTALL_TRAINING

if TYPE_CHECKING:
    from seg_perception.training.loop import Trainer
    from seg_perception.training.preparation import PreparedRun
    from seg_perception.training.processes import Processes
    from seg_perception.training.project.found_ids import FoundIds
    from seg_perception.training.project.project import Project

_CHECKPOINT = ".pt"


class _Group(TyperGroup):
    """Tells who leaves `run` out what is meant."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the sub-command."""
        if args and args[0].endswith((".yaml", ".yml")):
            msg = f"train {args[0]}: expected `train run {args[0]}`, or `train new FOLDER`"
            raise ConfigError(msg)
        return super().resolve_command(ctx, args)


app = typer.Typer(
    help="Train a network on labelled images; write what that needs.",
    cls=_Group,
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def run(  # noqa: PLR0913 (typer: one argument an option)
    configuration: Annotated[
        Path, typer.Argument(help="YAML of the run, as `train new` writes it.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder of checkpoints, log and curves.")
    ],
    *,
    data_root: Annotated[
        Path, typer.Option(help="Folder that relative folders of sources lie in.")
    ] = Path(),
    source: Annotated[
        list[str] | None,
        typer.Option(help="Another place of one source as NAME=PATH; repeatable."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the folder's last.pt, if there is one.")
    ] = False,
    init: Annotated[
        str,
        typer.Option(
            help="Where a new run's weights start: a checkpoint (.pt), or a model bundle's shipped "
            "name, folder or zip; instead of the configuration's `init`."
        ),
    ] = "",
    until: Annotated[
        int | None, typer.Option(min=1, help="Stop after this step, to be resumed later.")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda; a GPU where there is one.")] = "",
    threads: Annotated[
        int, typer.Option(min=0, help="CPU threads of the network; 0 leaves it to torch.")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Train a network and print what it reaches on the held-out images.

    Everything that is wrong with the configuration, and with what it names, is said at once,
    before anything starts.

    With several GPUs: torchrun --nproc-per-node N -m seg_perception.cli train run CONFIGURATION ...
    """
    from seg_perception.training.preparation import prepare

    prepared = prepare(configuration, data_root, dict(_place(text) for text in source or []))
    _expect_new(output / "last.pt", resume=resume)
    expect_torch()
    from seg_perception.cli.progress import stoppable_bar
    from seg_perception.training.processes import joined

    with joined(device, threads) as processes:
        _report_on_terminal(processes)
        trainer = _trainer(prepared, output, processes)
        if resume and (output / "last.pt").is_file():
            trainer.resume(output / "last.pt")
        else:
            _initialise(trainer, init or prepared.config.init, configuration.parent)
        with stoppable_bar("training") as advance:
            scores = trainer.run(until, advance if processes.leads else None)
        if processes.leads:
            _finish(trainer, prepared, scores, output, as_json=as_json)


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(help="Images and their labels, in a form of a folder.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of what is written; new.")],
    *,
    names: Annotated[
        str,
        typer.Option(
            help="What ids are: 1=grass,2=trail,0=ignore or a YAML file of such lines. Without it "
            "the data set's own names are taken, and others asked for."
        ),
    ] = "",
    layout: Annotated[str, typer.Option(help="Of the folder; else as it shows.")] = "",
    init: Annotated[
        str,
        typer.Option(help="Model bundle that the run starts from; empty: ImageNet's encoder."),
    ] = "field_tiny",
    steps: Annotated[
        int, typer.Option(min=0, help="Of training; 0: as the number of images suggests.")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Write what a training on images of yours needs, and the commands that lead to a model.

    seg-perception train new photos/ -o project --names 1=grass,2=trail,3=trees

    Writes ontology, mapping, split (whole sequences or neighbourhoods are held out),
    configuration, release file and commands.sh. It needs no torch.
    """
    from seg_perception.core.draft_folder import expect_new
    from seg_perception.training.project.files import write_project

    expect_new(output, ConfigError)
    project = _project(folder, layout, names, init, steps)
    prepared = write_project(project, output)
    notes = (*project.folder.notes, *project.notes, *prepared.notes)
    if as_json:
        print_json({**project.facts(output), "notes": notes})
        return
    _print(project, output)
    end(notes, ())


def _project(folder: Path, layout: str, names: str, init: str, steps: int) -> Project:
    from seg_perception.cli.progress import progress_bar
    from seg_perception.datasets.layouts import open_folder
    from seg_perception.datasets.splits import ALL
    from seg_perception.training.project.class_names import (
        expect_named,
        known_names,
        parse_names,
    )
    from seg_perception.training.project.found_ids import FoundIds
    from seg_perception.training.project.held_out import choose_held_out
    from seg_perception.training.project.project import Project
    from seg_perception.training.project.settings import Settings

    given = parse_names(names) if names else {}
    labelled = open_folder(folder, layout, ALL)
    with progress_bar("reading masks") as advance:
        found = FoundIds.count(labelled, advance)
    called = {**known_names(labelled), **given}
    if _may_ask():
        called = _asked(found, called)
    expect_named(found, called)
    held_out = choose_held_out(labelled.pairs, found)
    settings = Settings.suited(found.size, len(held_out.train), steps)
    return Project(labelled, found, called, held_out, settings, init)


def _may_ask() -> bool:
    return sys.stdin.isatty()


def _asked(found: FoundIds, names: dict[int, str]) -> dict[int, str]:
    """Ask on the terminal for what nobody has said."""
    from seg_perception.training.project.class_names import IGNORED, unnamed

    answers = dict(names)
    for number in unnamed(found, names):
        share, images = found.share(number), found.images(number)
        what = f"id {number} ({share:.1%} of the pixels, in {images} images; or {IGNORED})"
        answers[number] = typer.prompt(f"Name of {what}", err=True).strip()
    return answers


def _print(project: Project, output: Path) -> None:
    from rich.table import Table

    from seg_perception.cli.tables import console

    typer.echo(project.folder.description)
    table = Table()
    for header in ("id", "name", "pixels", "images"):
        table.add_column(header, justify="left" if header == "name" else "right")
    for fact in project.ids():
        table.add_row(
            str(fact["id"]), str(fact["name"]), f"{fact['share']:.1%}", str(fact["images"])
        )
    console().print(table)
    held = project.held_out
    typer.echo(
        f"{len(held.train)} images to learn from, {len(held.validation)} held out: {held.how}"
    )
    typer.echo(f"written: {output}; next, as in {output / 'commands.sh'}:\n")
    for command in project.commands(output):
        typer.echo(f"# {command.what}\n{command}")


def expect_torch() -> None:
    """Expect what training needs.

    Raises:
        ConfigError: torch is not installed.
    """
    from importlib.util import find_spec

    if find_spec("torch") is None:
        msg = f"training needs torch, which is not installed: {INSTALL_TRAINING}"
        raise ConfigError(msg)


def _expect_new(last: Path, *, resume: bool) -> None:
    if last.is_file() and not resume:
        msg = f"{last} is of an earlier run: add --resume to go on with it, or choose another -o"
        raise ConfigError(msg)


def _trainer(prepared: PreparedRun, output: Path, processes: Processes) -> Trainer:
    from seg_perception.training.loop import Trainer

    if processes.leads:
        for note in prepared.notes:
            typer.echo(f"note: {note}", err=True)
    return Trainer(prepared.config, prepared.data, output, processes, prepared.frequency)


def _initialise(trainer: Trainer, init: str, base: Path) -> None:
    """Start from other weights; a relative path may lie beside the configuration."""
    from seg_perception.inference.bundle import Bundle

    if not init:
        return
    beside = base / init
    if init.endswith(_CHECKPOINT):
        trainer.initialise(Path(init) if Path(init).exists() else beside)
        return
    trainer.start_from(Bundle.load(beside if beside.exists() else init))


def _finish(
    trainer: Trainer, prepared: PreparedRun, scores: Any, output: Path, *, as_json: bool
) -> None:
    from dataclasses import asdict

    from seg_perception.training.validation import score_tables

    best = output / "best.pt"
    if as_json:
        found = {name: asdict(score) for name, score in scores.items()}
        print_json(
            {
                "output": str(output),
                "step": trainer.step,
                "steps": prepared.config.steps,
                "last": str(output / "last.pt"),
                "best": str(best) if best.is_file() else None,
                "scores": found,
                "never_certain": trainer.never_certain,
            }
        )
    elif scores:
        typer.echo(score_tables(scores, trainer.never_certain))
    else:
        typer.echo(f"written: {output / 'last.pt'}")


def _report_on_terminal(processes: Processes) -> None:
    level = logging.INFO if processes.leads else logging.ERROR
    logging.basicConfig(level=level, format="%(message)s", stream=sys.stderr)


def _place(text: str) -> tuple[str, Path]:
    name, found, path = text.partition("=")
    if not (name and found and path):
        msg = f"--source {text!r}: expected NAME=PATH, a source of the configuration and its folder"
        raise ConfigError(msg)
    return name, Path(path)
