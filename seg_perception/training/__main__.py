"""`python -m seg_perception.training CONFIG -o FOLDER`: train, resume, validate."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from seg_perception.errors import SegPerceptionError
from seg_perception.training.config import TrainingConfig
from seg_perception.training.data import TrainingData
from seg_perception.training.loop import Trainer
from seg_perception.training.table import score_tables


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 is success, 2 a mistake that the message explains."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        _train(options)
    except SegPerceptionError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _train(options: argparse.Namespace) -> None:
    if options.threads:
        torch.set_num_threads(options.threads)
    config = TrainingConfig.load(options.config)
    folders = dict(_place(text) for text in options.source)
    data = TrainingData.open(config, options.config.parent, options.data_root, folders)
    trainer = Trainer(config, data, options.output)
    last = options.output / "last.pt"
    if options.resume and last.is_file():
        trainer.resume(last)
    elif options.init:
        trainer.initialise(options.init)
    sys.stdout.write(score_tables(trainer.run(options.until)) + "\n")


def _place(text: str) -> tuple[str, Path]:
    name, _, path = text.partition("=")
    return name, Path(path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m seg_perception.training", description=__doc__)
    parser.add_argument("config", type=Path, help="YAML of the run")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, help="folder of checkpoints and log"
    )
    parser.add_argument(
        "--data-root", type=Path, default=Path("../shared/data/train"), help="folder of the sources"
    )
    parser.add_argument(
        "--source",
        action="append",
        default=[],
        metavar="NAME=PATH",
        help="another place of one source",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on from the output folder's last.pt, if there is one",
    )
    parser.add_argument(
        "--init", type=Path, help="start a new run from another run's averaged weights"
    )
    parser.add_argument("--until", type=int, help="stop after this step, to be resumed later")
    parser.add_argument("--threads", type=int, default=0, help="0 leaves it to torch")
    return parser


if __name__ == "__main__":
    sys.exit(main())
