"""The state of a run on disk, replaced only by a complete newer one."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict

from seg_perception.core.atomic_write import draft_file
from seg_perception.core.errors import TrainingError
from seg_perception.core.ontology import Ontology
from seg_perception.training.config import TrainingConfig

_KEPT = "the last good checkpoint is kept: free some space and resume"


class Checkpoint(BaseModel):
    """Everything that a run needs to go on, and an export to start.

    Attributes:
        config: the run's configuration as JSON.
        ontology: what was learnt, as JSON; empty in older ones, whose configuration names it.
        step: steps done.
        network, average: state dicts of the trained weights and of their average.
        optimizer, scaler: state dicts.
        scores: what validation measured last, by source.
        best: highest value of the chosen metric so far.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    config: str
    ontology: str = ""
    step: int
    network: dict[str, Any]
    average: dict[str, Any]
    optimizer: dict[str, Any]
    scaler: dict[str, Any] = {}
    scores: dict[str, Any] = {}
    best: float = 0.0

    @property
    def training_config(self) -> TrainingConfig:
        """The configuration as an object."""
        return TrainingConfig.model_validate_json(self.config)

    @property
    def classes(self) -> Ontology:
        """The ontology that was learnt.

        Raises:
            ConfigError: the checkpoint is an older one, and the file that it names is not there.
        """
        if self.ontology:
            return Ontology.model_validate_json(self.ontology)
        return Ontology.load(self.training_config.ontology)

    def save(self, path: Path) -> None:
        """Write to a temporary name, then rename.

        Raises:
            TrainingError: the disk refuses, for instance because it is full.
        """
        try:
            with draft_file(path, TrainingError, sync=True, mend=_KEPT) as draft:
                torch.save(dict(self), draft)
        except RuntimeError as error:
            msg = f"{path}: can't be written ({error}); {_KEPT}"
            raise TrainingError(msg) from error

    @classmethod
    def load(cls, path: Path) -> Checkpoint:
        """Read a checkpoint without running anything that it may contain.

        Raises:
            TrainingError: no such file, or not a checkpoint of this project.
        """
        if not path.is_file():
            msg = f"checkpoint {path} not found: name the `last.pt` or `best.pt` of a run"
            raise TrainingError(msg)
        try:
            return cls.model_validate(torch.load(path, map_location="cpu", weights_only=True))
        except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            msg = (
                f"{path}: not a checkpoint of this project ({reason}): name the `last.pt` of a run"
            )
            raise TrainingError(msg) from error


@contextmanager
def architecture_errors(path: Path) -> Iterator[None]:
    """Turn torch's complaint about a state dict into a sentence.

    Raises:
        TrainingError: the body raised RuntimeError, as `load_state_dict` does.
    """
    try:
        yield
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:300]
        msg = (
            f"{path}: its weights are of another architecture ({reason}): "
            "use the `model` section that it was trained with"
        )
        raise TrainingError(msg) from error
