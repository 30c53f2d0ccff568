"""What a bundle says of its weights: what people say, and what the checkpoint knows itself."""

from __future__ import annotations

from datetime import datetime, timezone

from seg_perception.inference.manifest import Training
from seg_perception.training.checkpoint import Checkpoint
from seg_perception.training.export.release_file import ReleaseFile


def provenance(release: ReleaseFile, checkpoint: Checkpoint) -> Training:
    """Join what people say with seed, steps and scores of the run."""
    config = checkpoint.training_config
    scores = {
        f"mean_iou_{name}": round(_mean(score["classes"]), 4)
        for name, score in checkpoint.scores.items()
    }
    return Training(
        command=release.command,
        date=datetime.now(timezone.utc).date().isoformat(),
        seed=config.seed,
        datasets=release.datasets,
        details={"steps": checkpoint.step, "batch_size": config.batch_size, **scores},
    )


def _mean(values: dict[str, float]) -> float:
    return sum(values.values()) / len(values)
