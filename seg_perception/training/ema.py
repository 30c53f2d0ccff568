"""A moving average of the weights: what is validated and exported."""

from __future__ import annotations

import copy

import torch
from torch import nn


class ExponentialAverage:
    """Follows a network; young averages follow it faster.

    Args:
        network: what is trained.
        decay: share that stays per step once the average is old.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        """Start with a copy."""
        self.network = copy.deepcopy(network).eval().requires_grad_(requires_grad=False)
        self._decay = decay

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Move towards the network after a step."""
        decay = min(self._decay, (1 + step) / (10 + step))
        fresh = network.state_dict()
        for name, kept in self.network.state_dict().items():
            if kept.dtype.is_floating_point:
                kept.lerp_(fresh[name], 1 - decay)
            else:
                kept.copy_(fresh[name])
