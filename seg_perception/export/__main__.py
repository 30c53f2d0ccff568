"""`python -m seg_perception.export CHECKPOINT -o BUNDLE`: a proven model bundle of a checkpoint."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from seg_perception.errors import ConfigError, SegPerceptionError
from seg_perception.export.bundle import Release, export_bundle
from seg_perception.inference.manifest import Training
from seg_perception.resources import config_path
from seg_perception.simulation.training_frames import training_frames
from seg_perception.training.checkpoint import Checkpoint
from seg_perception.validation import load_model

GOLDEN_SEED = 7
GOLDEN_COUNT = 3
_FIELD_TINY = config_path("training", "release_field_tiny.yaml")


class ReleaseFile(BaseModel):
    """What a release YAML holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    licence: str
    licence_text: str
    notice: str
    command: str
    datasets: tuple[str, ...]

    @classmethod
    def load(cls, path: Path) -> ReleaseFile:
        """Read a release file.

        Raises:
            ConfigError: no such file, or the first thing in it that is wrong.
        """
        return load_model(cls, path, f"a release file such as {_FIELD_TINY}", ConfigError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 is success, 2 a mistake that the message explains."""
    options = _parser().parse_args(arguments)
    try:
        _export(options)
    except SegPerceptionError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _export(options: argparse.Namespace) -> None:
    checkpoint = Checkpoint.load(options.checkpoint)
    release = _release(ReleaseFile.load(options.release), checkpoint, options.version)
    width, height = options.size or checkpoint.training_config.network_size
    golden = [image for image, _ in training_frames(GOLDEN_SEED, GOLDEN_COUNT, width, height)]
    bundle = export_bundle(options.checkpoint, options.output, release, golden, (width, height))
    parity = bundle.manifest.parity[0]
    sys.stdout.write(
        f"{options.output}: torch and ONNX Runtime agree on {parity.label_agreement:.4%} of the "
        f"labels of {parity.frames} frames\n"
    )


def _release(said: ReleaseFile, checkpoint: Checkpoint, version: str) -> Release:
    config = checkpoint.training_config
    scores = {
        f"mean_iou_{name}": round(_mean(score["classes"]), 4)
        for name, score in checkpoint.scores.items()
    }
    training = Training(
        command=said.command,
        date=datetime.now(timezone.utc).date().isoformat(),
        seed=config.seed,
        datasets=said.datasets,
        details={"steps": checkpoint.step, "batch_size": config.batch_size, **scores},
    )
    return Release(said.name, version, said.licence, said.licence_text, said.notice, training)


def _mean(values: dict[str, float]) -> float:
    return sum(values.values()) / len(values)


def _size(text: str) -> tuple[int, int]:
    width, height = (int(number) for number in text.split("x"))
    return width, height


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m seg_perception.export", description=__doc__)
    parser.add_argument("checkpoint", type=Path, help="`best.pt` or `last.pt` of a run")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, help="folder of the bundle; must not exist"
    )
    parser.add_argument("--version", required=True, help="of the bundle, for instance 1.0")
    parser.add_argument("--release", type=Path, default=_FIELD_TINY)
    parser.add_argument(
        "--size", type=_size, help="WIDTHxHEIGHT, multiples of 16; default: as trained"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
