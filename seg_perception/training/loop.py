"""The training loop: step, average, validate, checkpoint."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seg_perception.core.errors import StoppedError, TrainingError
from seg_perception.inference.bundle import Bundle
from seg_perception.training.batches import Batch, BatchSource
from seg_perception.training.bundle_weights import load_bundle, match_statistics
from seg_perception.training.checkpoint import Checkpoint, architecture_errors
from seg_perception.training.class_frequency import ClassFrequency, expect_every_class
from seg_perception.training.config import SourceConfig, TrainingConfig
from seg_perception.training.criterion import Criterion
from seg_perception.training.curves import RunLog
from seg_perception.training.data import TrainingData
from seg_perception.training.ema import ExponentialAverage
from seg_perception.training.losses import effective_number_weights
from seg_perception.training.models.factory import build_network
from seg_perception.training.models.loading import load_pretrained
from seg_perception.training.models.network import SegmentationNetwork, normalise
from seg_perception.training.optimizer import (
    FrozenLayers,
    MixedPrecision,
    learning_rate,
    parameter_groups,
)
from seg_perception.training.pretrained import start_from_imagenet
from seg_perception.training.processes import Processes
from seg_perception.training.validation import (
    Scores,
    Validator,
    categories_of_classes,
    category_names,
    metric_value,
)

_log = logging.getLogger(__name__)
_REPORT_EVERY = 50
# As many as tell the spread of a layer's values well: some ten images.
_STATISTICS_BATCHES = 4


class Trainer:
    """One run: its network, its state, its folder.

    Args:
        config: the run.
        data: what it learns from.
        folder: where `last.pt`, `best.pt`, `log.jsonl` and TensorBoard's files are written.
        processes: who takes part.
        frequency: how often each class occurs, if it was counted before.

    Raises:
        DatasetError: a mask is broken, or a class is never seen.
        TrainingError: pre-trained weights are missing.
    """

    def __init__(
        self,
        config: TrainingConfig,
        data: TrainingData,
        folder: Path,
        processes: Processes | None = None,
        frequency: ClassFrequency | None = None,
    ) -> None:
        """Make the network, randomly initialised by the seed, or from pre-trained weights."""
        self._config, self._data, self._folder = config, data, folder
        self._processes = processes or Processes.alone()
        self.class_frequency = frequency or ClassFrequency.take(
            data.space, data.train, config.workers
        )
        mappings = [source.mapping or source.name for source in config.sources]
        expect_every_class(self.class_frequency, data.ontology, config.unseen, mappings)
        pixels = self.class_frequency.class_pixels(_shares(config.sources))
        weighed = self.class_frequency.class_pixels(_shares(config.weighed_sources))
        self._batches = BatchSource(data, self.class_frequency, config, self._processes.rank)
        self._criterion = _criterion(config, data, weighed).to(self._processes.device)
        self.network = _network(config, data, pixels).to(
            self._processes.device, memory_format=torch.channels_last
        )
        self._frozen = FrozenLayers(self.network, config.optimizer.frozen_layers)
        self.average = ExponentialAverage(self.network, config.optimizer.ema_decay)
        self._shared = self._processes.share(self.network)
        self._optimizer = torch.optim.AdamW(parameter_groups(self.network, config.optimizer))
        self._precision = MixedPrecision(config.precision, self._processes.device)
        self._validator = Validator(data.space, data.ontology, config.network_size)
        # Lower than any score, so that the first one is the best so far.
        self.step, self._best, self._scores = 0, -1.0, dict[str, Scores]()

    @property
    def never_certain(self) -> list[str]:
        """Classes that are learnt from sets alone, and those that are never seen."""
        ids = [*self.class_frequency.never_certain(), *self.class_frequency.never_possible()]
        return [self._data.ontology.names[int(i)] for i in ids]

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
        self._precision.scaler.load_state_dict(checkpoint.scaler)
        self.average.network.load_state_dict(checkpoint.average)
        self.step, self._best = checkpoint.step, checkpoint.best

    def initialise(self, path: Path) -> None:
        """Start a new run from the averaged weights of another one.

        Raises:
            TrainingError: no checkpoint, or one of another architecture.
        """
        checkpoint = Checkpoint.load(path)
        self._load(checkpoint.model_copy(update={"network": checkpoint.average}), path)
        self.average = ExponentialAverage(self.network, self._config.optimizer.ema_decay)

    def start_from(self, bundle: Bundle) -> None:
        """Start a new run from a bundle's weights; of other classes without the last layer.

        Raises:
            TrainingError: the bundle's network is another one.
        """
        same = bundle.ontology.ids == self._data.ontology.ids
        load_bundle(self.network, bundle, same_classes=same)
        # The same in every process, so that all begin with the same weights.
        batches = BatchSource(self._data, self.class_frequency, self._config)
        first = [batches.batch(number).images for number in range(_STATISTICS_BATCHES)]
        images = (torch.from_numpy(images).to(self._processes.device) for images in first)
        match_statistics(self.network, (normalise(image) for image in images))
        self.average = ExponentialAverage(self.network, self._config.optimizer.ema_decay)

    def run(
        self, until: int | None = None, advance: Callable[[int, int], None] | None = None
    ) -> dict[str, Scores]:
        """Train to the last step (or to `until`), validating and saving on the way.

        Args:
            until: stop after this step, to be resumed later.
            advance: called with the steps done and their number.

        Raises:
            TrainingError: the loss is not finite, or the disk is full.
        """
        config, micro = self._config, self._config.optimizer.accumulate
        last = min(until or config.steps, config.steps)
        log = RunLog(self._folder, self.step) if self._processes.leads else None
        stream = self._batches.stream(self.step * micro, last * micro)
        while self.step < last:
            started = time.monotonic()
            parts = self._learn([next(stream) for _ in range(micro)])
            self.step += 1
            self._report(log, parts, time.monotonic() - started)
            self._advance(advance)
            if self.step % config.validate_every == 0 and self.step < last:
                self._validate_and_save(log)
        stream.close()
        self._validate_and_save(log)
        if log:
            log.close()
        return self._scores

    def _advance(self, advance: Callable[[int, int], None] | None) -> None:
        """Tell how far it is.

        Raises:
            StoppedError: whoever is told wants to stop; `last.pt` holds this step.
        """
        if advance is None:
            return
        try:
            advance(self.step, self._config.steps)
        except StoppedError as error:
            last = self._folder / "last.pt"
            self._checkpoint().save(last)
            msg = f"{error}; {last} holds it: go on with --resume"
            raise StoppedError(msg, error.number) from error

    def _learn(self, batches: list[Batch]) -> dict[str, float]:
        self._set_learning_rate()
        # What is random inside network and loss depends on the step alone, as the batches do.
        torch.manual_seed(_seed(self._config.seed, self.step, self._processes.rank))
        self._shared.train()
        self.network.set_progress(self.step / self._config.steps)
        self._frozen.keep()
        self._optimizer.zero_grad(set_to_none=True)
        sums: dict[str, float] = {}
        for index, batch in enumerate(batches):
            with self._gradients_at_the_end(index == len(batches) - 1):
                parts = self._loss_of(batch)
                loss = torch.stack(list(parts.values())).sum() / len(batches)
                self._precision.scaler.scale(loss).backward()
            for name, value in parts.items():
                sums[name] = sums.get(name, 0.0) + float(value.detach()) / len(batches)
        means = self._expect_finite(sums)
        self._precision.scaler.unscale_(self._optimizer)
        nn.utils.clip_grad_norm_(self.network.parameters(), self._config.optimizer.clip_norm)
        self._precision.scaler.step(self._optimizer)
        self._precision.scaler.update()
        self.average.update(self.network, self.step)
        return means

    def _loss_of(self, batch: Batch) -> dict[str, Tensor]:
        device = self._processes.device
        images = normalise(torch.from_numpy(batch.images).to(device))
        with self._precision.autocast():
            output = self._shared(images.contiguous(memory_format=torch.channels_last))
        parts: dict[str, Tensor] = self._criterion(
            output, torch.from_numpy(batch.targets).to(device)
        )
        return parts

    def _gradients_at_the_end(self, end: bool) -> AbstractContextManager[None]:  # noqa: FBT001
        if isinstance(self._shared, nn.parallel.DistributedDataParallel) and not end:
            return self._shared.no_sync()
        return nullcontext()

    def _expect_finite(self, sums: dict[str, float]) -> dict[str, float]:
        """The mean over the processes, so that all of them stop if one must."""
        values = self._processes.sum(np.array(list(sums.values()))) / self._processes.count
        loss = float(values.sum())
        if not math.isfinite(loss):
            msg = (
                f"step {self.step}: the loss is {loss}; {self._folder / 'last.pt'} is the last "
                "good state: resume from it with a smaller learning_rate"
            )
            raise TrainingError(msg)
        return dict(zip(sums, map(float, values), strict=True))

    def _set_learning_rate(self) -> None:
        rate = learning_rate(self.step, self._config.steps, self._config.optimizer)
        for group in self._optimizer.param_groups:
            group["lr"] = rate * group["rate"]

    def _validate_and_save(self, log: RunLog | None) -> None:
        self._processes.same_buffers(self.average.network)
        self._scores = {
            name: self._validator.run(self.average.network, part, self._processes)
            for name, part in self._data.validation.items()
        }
        value = metric_value(self._scores, self._config.metric)
        better = bool(self._scores) and value > self._best
        self._best = max(value, self._best)
        if log:
            checkpoint = self._checkpoint()
            checkpoint.save(self._folder / "last.pt")
            if better:
                checkpoint.save(self._folder / "best.pt")
            log.scores(self.step, self._scores)
        self._processes.wait()
        for name, score in self._scores.items():
            coarse = f", categories {score.category_mean_iou:.3f}" if score.categories else ""
            _log.info("step %d, %s: mean IoU %.3f%s", self.step, name, score.mean_iou, coarse)

    def _checkpoint(self) -> Checkpoint:
        return Checkpoint(
            config=self._config.model_dump_json(),
            ontology=self._data.ontology.model_dump_json(),
            step=self.step,
            network=self.network.state_dict(),
            average=self.average.network.state_dict(),
            optimizer=self._optimizer.state_dict(),
            scaler=self._precision.scaler.state_dict(),
            scores={name: asdict(score) for name, score in self._scores.items()},
            best=self._best,
        )

    def _load(self, checkpoint: Checkpoint, path: Path) -> None:
        with architecture_errors(path):
            self.network.load_state_dict(checkpoint.network)

    def _report(self, log: RunLog | None, parts: dict[str, float], seconds: float) -> None:
        if log and (self.step % _REPORT_EVERY == 0 or self.step == 1):
            rate = self._optimizer.param_groups[0]["lr"] / self._optimizer.param_groups[0]["rate"]
            log.losses(self.step, parts, rate, seconds)
            line = "step %d of %d: loss %.3f, %.2f s"
            _log.info(line, self.step, self._config.steps, sum(parts.values()), seconds)


def _network(
    config: TrainingConfig, data: TrainingData, pixels: NDArray[np.int64]
) -> SegmentationNetwork:
    torch.manual_seed(config.seed)
    coarse = len(category_names(data.ontology))
    network = build_network(config.model, data.space.class_count, coarse, config.crop)
    network.start_from_prior(pixels)
    load_pretrained(network, config.model)
    if not config.init:
        start_from_imagenet(network, config.model)
    return network


def _shares(sources: Sequence[SourceConfig]) -> dict[str, float]:
    return {source.name: source.share for source in sources}


def _criterion(config: TrainingConfig, data: TrainingData, pixels: NDArray[np.int64]) -> Criterion:
    weights = effective_number_weights(pixels, config.loss.effective_number_beta)
    groups = categories_of_classes(data.ontology), len(category_names(data.ontology))
    return Criterion(data.space, weights, *groups, config.loss)


def _seed(seed: int, step: int, rank: int) -> int:
    return int(np.random.SeedSequence([seed, step, rank]).generate_state(1)[0])
