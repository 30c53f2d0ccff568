"""The learning rate over a run."""

from __future__ import annotations

import math

from seg_perception.training.config import OptimizerConfig


def learning_rate(step: int, steps: int, config: OptimizerConfig) -> float:
    """A linear warm-up, then a fall to zero.

    Half a cosine (Loshchilov and Hutter, "SGDR", ICLR 2017), or a power of what is left
    (Chen et al., "DeepLab", 2016).
    """
    if step < config.warmup_steps:
        return config.learning_rate * (step + 1) / config.warmup_steps
    done = min((step - config.warmup_steps) / max(1, steps - config.warmup_steps), 1.0)
    if config.schedule == "poly":
        return config.learning_rate * float((1 - done) ** config.power)
    return config.learning_rate * 0.5 * (1 + math.cos(math.pi * done))
