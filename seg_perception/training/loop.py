"""The training loop: step, average, validate, checkpoint."""

from __future__ import annotations

import json
import logging
import math
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from seg_perception.errors import TrainingError
from seg_perception.models.factory import build_network
from seg_perception.models.field_lite import FieldLite
from seg_perception.models.normalisation import normalise
from seg_perception.training.average import WeightAverage
from seg_perception.training.batches import Batch, BatchSource
from seg_perception.training.checkpoint import Checkpoint, architecture_errors
from seg_perception.training.config import OptimizerConfig, TrainingConfig
from seg_perception.training.data import TrainingData
from seg_perception.training.losses import SegmentationLoss, effective_number_weights
from seg_perception.training.parameters import FrozenLayers, parameter_groups
from seg_perception.training.pretrained import load_lite0
from seg_perception.training.validation import Scores, Validator

_log = logging.getLogger(__name__)
_REPORT_EVERY = 50


class Trainer:
    """One run: its network, its state, its folder.

    Args:
        config: the run.
        data: what it learns from.
        folder: where `last.pt`, `best.pt` and `log.jsonl` are written.
    """

    def __init__(self, config: TrainingConfig, data: TrainingData, folder: Path) -> None:
        """Make the network, randomly initialised by the seed."""
        torch.manual_seed(config.seed)
        self._config, self._data, self._folder = config, data, folder
        pixels = data.class_pixels({source.name: source.share for source in config.sources})
        weights = effective_number_weights(pixels, config.optimizer.effective_number_beta)
        self._loss = SegmentationLoss(data.space, weights, config.optimizer.lovasz)
        network = build_network(config.model, data.space.class_count, 0, config.crop)
        network.start_from_prior(pixels)
        if isinstance(network, FieldLite) and network.pretrained:
            load_lite0(network.encoder)
        self._frozen = FrozenLayers(network, config.optimizer.frozen_layers)
        self.network = network.to(memory_format=torch.channels_last)
        self.average = WeightAverage(self.network, config.optimizer.ema_decay)
        self._optimizer = torch.optim.AdamW(parameter_groups(self.network, config.optimizer))
        self._batches = BatchSource(data.train, config)
        self._validator = Validator(data.space, data.ontology, config.network_size)
        self.step, self._best, self._scores = 0, 0.0, dict[str, Scores]()

    def resume(self, path: Path) -> None:
        """Go on where a run of the same configuration stopped.

        Raises:
            TrainingError: no checkpoint, or one of another configuration.
        """
        checkpoint = Checkpoint.load(path)
        if checkpoint.training_config != self._config:
            msg = (
                f"{path}: was made with another configuration: "
                "resume with the same YAML, or use --init for a new run"
            )
            raise TrainingError(msg)
        self._load(checkpoint, path)
        self._optimizer.load_state_dict(checkpoint.optimizer)
        self.average.network.load_state_dict(checkpoint.average)
        self.step, self._best = checkpoint.step, checkpoint.best

    def initialise(self, path: Path) -> None:
        """Start a new run from the averaged weights of another one.

        Raises:
            TrainingError: no checkpoint, or one of another architecture.
        """
        checkpoint = Checkpoint.load(path)
        self._load(checkpoint.model_copy(update={"network": checkpoint.average}), path)
        self.average = WeightAverage(self.network, self._config.optimizer.ema_decay)

    def run(self, until: int | None = None) -> dict[str, Scores]:
        """Train to the last step (or to `until`), validating and saving on the way.

        Raises:
            TrainingError: the loss is not finite, or the disk is full.
        """
        last = min(until or self._config.steps, self._config.steps)
        for batch in self._batches.stream(self.step, last):
            started = time.monotonic()
            loss = self._learn(batch)
            self.step += 1
            self._report(loss, time.monotonic() - started)
            if self.step % self._config.validate_every == 0 and self.step < last:
                self._validate_and_save()
        self._validate_and_save()
        return self._scores

    def _learn(self, batch: Batch) -> float:
        self._set_learning_rate()
        self.network.train()
        self._frozen.keep()
        with torch.autocast("cpu", torch.bfloat16, enabled=self._config.bfloat16):
            output = self.network(_channels_last(normalise(torch.from_numpy(batch.images))))
        loss: Tensor = self._loss(output.semantic_scores(), torch.from_numpy(batch.targets))
        value = float(loss.detach())
        if not math.isfinite(value):
            msg = (
                f"step {self.step}: the loss is {value}; {self._folder / 'last.pt'} is the last "
                "good state: resume from it with a smaller learning_rate"
            )
            raise TrainingError(msg)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), self._config.optimizer.clip_norm)
        self._optimizer.step()
        self.average.update(self.network, self.step)
        return value

    def _set_learning_rate(self) -> None:
        rate = learning_rate(self.step, self._config.steps, self._config.optimizer)
        for group in self._optimizer.param_groups:
            group["lr"] = rate * group["rate"]

    def _validate_and_save(self) -> None:
        self._scores = {
            name: self._validator.run(self.average.network, part)
            for name, part in self._data.validation.items()
        }
        mean = (
            float(np.mean([score.mean_iou for score in self._scores.values()]))
            if self._scores
            else 0.0
        )
        better = mean > self._best
        self._best = max(mean, self._best)
        checkpoint = self._checkpoint()
        checkpoint.save(self._folder / "last.pt")
        if better:
            checkpoint.save(self._folder / "best.pt")
        self._write_log({"scores": {name: asdict(score) for name, score in self._scores.items()}})
        for name, score in self._scores.items():
            _log.info(
                "  %s: mean IoU %.3f, categories %.3f",
                name,
                score.mean_iou,
                score.category_mean_iou,
            )

    def _checkpoint(self) -> Checkpoint:
        return Checkpoint(
            config=self._config.model_dump_json(),
            step=self.step,
            network=self.network.state_dict(),
            average=self.average.network.state_dict(),
            optimizer=self._optimizer.state_dict(),
            scores={name: asdict(score) for name, score in self._scores.items()},
            best=self._best,
        )

    def _load(self, checkpoint: Checkpoint, path: Path) -> None:
        with architecture_errors(path):
            self.network.load_state_dict(checkpoint.network)

    def _report(self, loss: float, seconds: float) -> None:
        if self.step % _REPORT_EVERY == 0 or self.step == 1:
            _log.info(
                "step %d of %d: loss %.3f, %.2f s", self.step, self._config.steps, loss, seconds
            )
            self._write_log({"loss": loss, "seconds": seconds})

    def _write_log(self, entry: dict[str, object]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "log.jsonl").open("a") as log:
            log.write(json.dumps({"step": self.step, **entry}) + "\n")


def learning_rate(step: int, steps: int, config: OptimizerConfig) -> float:
    """A linear warm-up, then half a cosine to zero (Loshchilov and Hutter, "SGDR", ICLR 2017)."""
    if step < config.warmup_steps:
        return config.learning_rate * (step + 1) / config.warmup_steps
    done = (step - config.warmup_steps) / max(1, steps - config.warmup_steps)
    return config.learning_rate * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))


def _channels_last(images: Tensor) -> Tensor:
    return images.contiguous(memory_format=torch.channels_last)
