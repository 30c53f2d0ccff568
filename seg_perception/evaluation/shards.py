"""One shard of a job, from its inputs to a folder of its own that is there when it is done."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from seg_perception.core.draft_folder import draft_folder
from seg_perception.core.errors import EvaluationError
from seg_perception.core.scratch_folder import scratch_folder
from seg_perception.evaluation.job import Job, Shard
from seg_perception.evaluation.piece_shard import PieceShard
from seg_perception.evaluation.run_bag import OnStep, run_bag, run_labelled_bag
from seg_perception.evaluation.run_files import run_images, run_predictions
from seg_perception.evaluation.shard_writer import PART, ShardWriter

SHARDS = "shards"

_Run = Callable[[Job, Shard, ShardWriter, OnStep], None]
_RUNS: dict[str, _Run] = {
    "bag": run_bag,
    "labelled bag": run_labelled_bag,
    "data set": run_images,
    "predictions": run_predictions,
}


def shard_folder(run: Path, shard: Shard) -> Path:
    """Where a shard's results lie in a run's folder."""
    name = f"{shard.number:05d}"
    if isinstance(shard, PieceShard):
        name += f"_{shard.piece.number + 1:04d}_of_{shard.of:04d}"
    return run / SHARDS / name


def is_done(run: Path, shard: Shard) -> bool:
    """Whether a shard's results are there."""
    return (shard_folder(run, shard) / PART).is_file()


def run_shard(job: Job, shard: Shard, run: Path, on_step: OnStep, keep: str = "") -> None:
    """Score a shard; its folder appears when everything in it is written.

    Args:
        job: what is scored.
        shard: which part.
        run: the run's folder.
        on_step: called with the number of messages or frames that were done.
        keep: where the labelled bag is kept; only of a bag that goes through the core.

    Raises:
        EvaluationError: the disk refuses, or another process scores the same shard.
        SegPerceptionError: as the bag, the data set or the model has it.
    """
    folder = shard_folder(run, shard)
    shutil.rmtree(folder, ignore_errors=True)
    chosen = partial(run_bag, keep=keep) if keep and job.kind == "bag" else _RUNS[job.kind]
    with draft_folder(folder, EvaluationError) as draft, ShardWriter(job, draft) as writer:
        chosen(job, shard, writer, on_step)
        writer.close()


def run_packed(job: Job, shard: Shard) -> bytes:
    """Score a shard elsewhere: its folder, as the bytes of a zip file."""
    with scratch_folder("evaluation") as run:
        run_shard(job, shard, run, lambda _steps: None)
        folder = shard_folder(run, shard)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    archive.write(path, path.relative_to(folder))
        return packed.getvalue()


def unpack(run: Path, shard: Shard, packed: bytes) -> None:
    """Put a shard that was scored elsewhere into its folder."""
    folder = shard_folder(run, shard)
    shutil.rmtree(folder, ignore_errors=True)
    with (
        draft_folder(folder, EvaluationError) as draft,
        zipfile.ZipFile(io.BytesIO(packed)) as archive,
    ):
        archive.extractall(draft)
