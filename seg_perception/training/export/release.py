"""What a bundle says of its weights: a YAML file, and what the checkpoint knows itself."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from seg_perception.core.errors import ConfigError
from seg_perception.core.validation import load_model
from seg_perception.inference.manifest import Training
from seg_perception.training.checkpoint import Checkpoint


class ReleaseFile(BaseModel):
    """What a release YAML holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    licence: str
    licence_text: str
    notice: str = ""
    command: str
    datasets: tuple[str, ...]

    @classmethod
    def load(cls, path: Path) -> ReleaseFile:
        """Read a release file.

        Raises:
            ConfigError: no such file, or the first thing in it that is wrong.
        """
        expected = "a release file such as config/training/release_own_data.yaml"
        return load_model(cls, path, expected, ConfigError)


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
