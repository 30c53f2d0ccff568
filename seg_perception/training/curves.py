"""What a run writes down: lines of JSON, and curves for TensorBoard."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from seg_perception.core.errors import TrainingError
from seg_perception.training.validation import Scores


class RunLog:
    """`log.jsonl` and TensorBoard's files in the folder of a run.

    Args:
        folder: of the run; made if it is not there.
        step: curves after it, left by a run that was cut off, are hidden.
    """

    def __init__(self, folder: Path, step: int) -> None:
        """Open the files.

        Raises:
            TrainingError: the folder can't be written.
        """
        self._path = folder / "log.jsonl"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._curves = SummaryWriter(str(folder), purge_step=step)
        except OSError as error:
            msg = f"{folder}: can't be written ({error}): free some space or choose another folder"
            raise TrainingError(msg) from error

    def losses(self, step: int, parts: Mapping[str, float], rate: float, seconds: float) -> None:
        """Write the parts of the loss after a step."""
        loss = sum(parts.values())
        self._write({"step": step, "loss": loss, "seconds": seconds, "rate": rate, **parts})
        for name, value in {**parts, "total": loss}.items():
            self._curves.add_scalar(f"loss/{name}", value, step)
        self._curves.add_scalar("learning_rate", rate, step)

    def scores(self, step: int, scores: Mapping[str, Scores]) -> None:
        """Write what validation measured."""
        self._write({"step": step, "scores": {name: asdict(s) for name, s in scores.items()}})
        for source, score in scores.items():
            self._curves.add_scalar(f"{source}/mean_iou", score.mean_iou, step)
            if score.categories:
                self._curves.add_scalar(
                    f"{source}/category_mean_iou", score.category_mean_iou, step
                )
            for name, value in score.classes.items():
                self._curves.add_scalar(f"{source}/iou/{name}", value, step)
        self._curves.flush()

    def close(self) -> None:
        """Finish the files."""
        self._curves.close()

    def _write(self, entry: Mapping[str, object]) -> None:
        try:
            with self._path.open("a", encoding="utf-8") as log:
                log.write(json.dumps(entry) + "\n")
        except OSError as error:
            msg = (
                f"{self._path}: can't be written ({error}); the last good checkpoint is kept: "
                "free some space and resume"
            )
            raise TrainingError(msg) from error
