"""Cross-entropy for pixels whose label is a class or a set of classes."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import interpolate

from seg_perception.datasets.mapping import IGNORE, TargetSpace

PATCH = 64 * 64


def effective_number_weights(pixels: NDArray[np.int64], beta: float) -> NDArray[np.float64]:
    """Class weights (1 - beta) / (1 - beta^n), mean 1 over the labelled pixels.

    Cui et al., "Class-Balanced Loss Based on Effective Number of Samples", CVPR
    2019. Neighbouring pixels are not independent samples: 64x64 of them count as
    one. A class without pixels has weight 1.
    """
    samples = np.maximum(pixels / PATCH, 1e-6)
    weights = np.where(pixels > 0, (1 - beta) / (1 - beta**samples), 0.0)
    weights *= pixels.sum() / (weights * pixels).sum()
    return np.where(pixels > 0, weights, 1.0)


class SetCrossEntropy(nn.Module):
    """-log of the probability that a pixel's class is in its target set, weighted by class.

    Args:
        space: the sets.
        class_weights: float (classes,); a set has the weight of its first class.
    """

    members: Tensor
    weights: Tensor

    def __init__(self, space: TargetSpace, class_weights: NDArray[np.float64]) -> None:
        """Keep the sets as an additive mask."""
        super().__init__()
        self.register_buffer("members", torch.from_numpy(space.members))
        self.register_buffer("weights", torch.from_numpy(class_weights[space.primary]).float())

    def forward(self, scores: Tensor, targets: Tensor) -> Tensor:
        """Weighted mean over the labelled pixels; 0 where there is none.

        Args:
            scores: float (B, classes, h, w), logits.
            targets: uint8 (B, H, W), ids of the space; scores are up-sampled to them
                bilinearly, then every other row and column is looked at.
        """
        scores = interpolate(
            scores.float(), targets.shape[-2:], mode="bilinear", align_corners=False
        )
        flat = scores[..., ::2, ::2].permute(0, 2, 3, 1).flatten(0, 2)
        wanted = targets[..., ::2, ::2].flatten().long()
        labelled = wanted != IGNORE
        flat, wanted = flat[labelled], wanted[labelled]
        allowed = flat.masked_fill(~self.members[wanted], float("-inf"))
        losses = flat.logsumexp(dim=1) - allowed.logsumexp(dim=1)
        weights = self.weights[wanted]
        return (losses * weights).sum() / weights.sum().clamp_min(1)
