"""What is minimised, whichever kind of network answers."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from seg_perception.datasets.mapping import IGNORE, TargetSpace
from seg_perception.training.config import LossConfig
from seg_perception.training.losses import SegmentationLoss
from seg_perception.training.mask_losses import MaskLosses
from seg_perception.training.models.network import NetworkOutput


class Criterion(nn.Module):
    """The parts of the loss by name, each with its share: their sum is minimised.

    Args:
        space: targets and classes.
        class_weights: float (classes,).
        group_of: int64 (classes,), coarse category of each class; `group_count`: none.
        group_count: how many coarse categories there are; with 0 nothing is asked about them.
        config: shares of the parts.
    """

    def __init__(
        self,
        space: TargetSpace,
        class_weights: NDArray[np.float64],
        group_of: NDArray[np.int64],
        group_count: int,
        config: LossConfig,
    ) -> None:
        """Prepare the losses of both kinds of network."""
        super().__init__()
        self._pixels = SegmentationLoss(space, class_weights, config.lovasz)
        self._masks = MaskLosses(space, class_weights, config)
        self._coarse = CoarseLoss(space, group_of, group_count)
        self._config = config

    def forward(self, output: NetworkOutput, targets: Tensor) -> dict[str, Tensor]:
        """Compare a network's answer with targets, uint8 (B, H, W)."""
        parts: dict[str, Tensor] = {}
        if output.scores is not None:
            parts["pixels"] = self._pixels(output.scores, targets)
        else:
            parts |= self._masks(output.layers, targets)
        if output.auxiliary is not None:
            parts["auxiliary"] = self._config.auxiliary * self._pixels(output.auxiliary, targets)
        if output.coarse_logits is not None:
            parts["coarse"] = self._config.coarse * self._coarse(output.coarse_logits, targets)
        return parts


class CoarseLoss(nn.Module):
    """Which coarse categories are in the image: binary cross-entropy for each of them.

    A category is in the image if some target lies wholly in it, and unknown, thus left
    out, if it is only a possibility of some target's set.

    Args:
        space: the sets.
        group_of: int64 (classes,), category of each class; `group_count`: none.
        group_count: how many categories there are.
    """

    surely: Tensor
    maybe: Tensor

    def __init__(self, space: TargetSpace, group_of: NDArray[np.int64], group_count: int) -> None:
        """Work out the categories of every target; a class without one is none of them."""
        super().__init__()
        groups = np.arange(group_count + 1)
        inside = space.members[:, :, None] & (group_of[:, None] == groups)
        maybe = inside.any(axis=1)
        surely = (maybe & (maybe.sum(axis=1, keepdims=True) == 1))[:, :group_count]
        maybe = maybe[:, :group_count]
        self.register_buffer("maybe", torch.from_numpy(maybe))
        self.register_buffer("surely", torch.from_numpy(surely))

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Mean over images and known categories of float (B, K) logits."""
        found = [torch.unique(image[image != IGNORE]).long() for image in targets]
        present = torch.stack([self.surely[ids].any(dim=0) for ids in found])
        known = present | ~torch.stack([self.maybe[ids].any(dim=0) for ids in found])
        count = present.shape[1]
        losses = binary_cross_entropy_with_logits(
            logits[:, :count].float(), present.float(), reduction="none"
        )
        return (losses * known).sum() / known.sum().clamp_min(1)
