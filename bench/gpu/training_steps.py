"""`python -m bench.gpu.training_steps`: how long a step of a training takes, as JSON."""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from seg_perception.cli.model_options import parse_size
from seg_perception.core.json_document import dump_json
from seg_perception.core.ontology import Ontology
from seg_perception.datasets.mapping import TargetSpace
from seg_perception.training.config import LossConfig
from seg_perception.training.criterion import Criterion
from seg_perception.training.models.factory import build_network
from seg_perception.training.models.network import normalise
from seg_perception.training.models.presets import presets

_STEPS, _BATCH = 5, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Forward, loss, backward and update on random images; the median of five steps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", required=True)
    parser.add_argument("--device", required=True)
    parser.add_argument("--size", required=True)
    options = parser.parse_args(arguments)
    torch.manual_seed(0)
    step, loss_of = make_step(options.network, options.device, parse_size(options.size))
    times = [_time(step, options.device) for _ in range(_STEPS + 1)][1:]
    document = {
        "network": options.network,
        "size": options.size,
        "batch": _BATCH,
        "ms": 1e3 * statistics.median(times),
        "loss": loss_of(),
        "memory_gb": _memory_gb(options.device),
    }
    print(dump_json(document))
    return 0


def make_step(
    network: str, device: str, size: tuple[int, int]
) -> tuple[Callable[[], None], Callable[[], float]]:
    """A step of a preset on one batch of random images, and the loss of the last one."""
    ontology = Ontology.load("field")
    count, space = ontology.id_count, TargetSpace.build(ontology, [])
    groups = np.zeros(count, np.int64)
    model = build_network(presets()[network], count, 0, size).to(device).train()
    criterion = Criterion(space, np.ones(count), groups, 0, LossConfig()).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-4)
    width, height = size
    images = torch.randint(0, 256, (_BATCH, height, width, 3), dtype=torch.uint8, device=device)
    targets = torch.randint(0, count, (_BATCH, height, width), dtype=torch.uint8, device=device)
    losses: list[Any] = [torch.zeros(())]

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=device != "cpu"):
            output = model(normalise(images))
        losses[0] = torch.stack(list(criterion(output, targets).values())).sum()
        losses[0].backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()

    return step, lambda: float(losses[0].detach())


def _time(step: Callable[[], None], device: str) -> float:
    start = time.perf_counter()
    step()
    if device != "cpu":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start


def _memory_gb(device: str) -> float | None:
    return None if device == "cpu" else torch.cuda.max_memory_allocated(device) / 1e9


if __name__ == "__main__":
    sys.exit(main())
