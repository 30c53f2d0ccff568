"""`seg-perception train`: a run of training, begun, resumed or started from other weights."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seg_perception.core.errors import ConfigError
from seg_perception.core.extras import INSTALL_TRAINING

if TYPE_CHECKING:
    from seg_perception.training.loop import Trainer
    from seg_perception.training.processes import Processes


def command(  # noqa: PLR0913 (typer: one argument an option)
    configuration: Annotated[
        Path,
        typer.Argument(help="YAML of the run, such as config/training/own_data.yaml."),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder of checkpoints, log and curves.")
    ],
    *,
    data_root: Annotated[Path, typer.Option(help="Folder that holds the sources' folders.")] = Path(
        "../shared/data/train"
    ),
    source: Annotated[
        list[str] | None,
        typer.Option(help="Another place of one source as NAME=PATH; repeatable."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the folder's last.pt, if there is one.")
    ] = False,
    init: Annotated[
        Path | None, typer.Option(help="Checkpoint whose averaged weights a new run starts from.")
    ] = None,
    until: Annotated[
        int | None, typer.Option(min=1, help="Stop after this step, to be resumed later.")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda; a GPU where there is one.")] = "",
    threads: Annotated[
        int, typer.Option(min=0, help="CPU threads of the network; 0 leaves it to torch.")
    ] = 0,
) -> None:
    """Train a network and print what it reaches on the held-out images.

    With several GPUs: torchrun --nproc-per-node N -m seg_perception.cli train CONFIGURATION ...
    """
    expect_torch()
    from seg_perception.cli.progress import stoppable_bar
    from seg_perception.training.processes import joined
    from seg_perception.training.validation import score_tables

    folders = dict(_place(text) for text in source or [])
    with joined(device, threads) as processes:
        _report_on_terminal(processes)
        trainer = _trainer(configuration, output, data_root, folders, processes)
        _start(trainer, output / "last.pt", init, resume=resume)
        with stoppable_bar("training") as advance:
            scores = trainer.run(until, advance if processes.leads else None)
        if processes.leads:
            typer.echo(score_tables(scores, trainer.never_certain))


def expect_torch() -> None:
    """Expect what training needs.

    Raises:
        ConfigError: torch is not installed.
    """
    from importlib.util import find_spec

    if find_spec("torch") is None:
        msg = f"training needs torch, which is not installed: {INSTALL_TRAINING}"
        raise ConfigError(msg)


def _trainer(
    configuration: Path,
    output: Path,
    data_root: Path,
    folders: dict[str, Path],
    processes: Processes,
) -> Trainer:
    from seg_perception.training.config import TrainingConfig
    from seg_perception.training.data import TrainingData
    from seg_perception.training.loop import Trainer

    config = TrainingConfig.load(configuration)
    data = TrainingData.open(config, configuration.parent, data_root, folders)
    return Trainer(config, data, output, processes)


def _start(trainer: Trainer, last: Path, init: Path | None, *, resume: bool) -> None:
    if resume and last.is_file():
        trainer.resume(last)
    elif last.is_file():
        msg = f"{last} is of an earlier run: add --resume to go on with it, or choose another -o"
        raise ConfigError(msg)
    elif init:
        trainer.initialise(init)


def _report_on_terminal(processes: Processes) -> None:
    level = logging.INFO if processes.leads else logging.ERROR
    logging.basicConfig(level=level, format="%(message)s", stream=sys.stderr)


def _place(text: str) -> tuple[str, Path]:
    name, found, path = text.partition("=")
    if not (name and found and path):
        msg = f"--source {text!r}: expected NAME=PATH, a source of the configuration and its folder"
        raise ConfigError(msg)
    return name, Path(path)
