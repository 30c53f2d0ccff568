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

    Args:
        pixels: int64 (classes,), labelled pixels of each class.
        beta: 0 to 1; the larger, the more a rare class weighs.

    Returns:
        float64 (classes,).
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

    weights: Tensor

    def __init__(self, space: TargetSpace, class_weights: NDArray[np.float64]) -> None:
        """Keep the sets as lists of classes."""
        super().__init__()
        self._sets = [np.flatnonzero(row).tolist() for row in space.members]
        self._class_count = space.class_count
        self.register_buffer("weights", torch.from_numpy(class_weights[space.primary]).float())

    def forward(self, log_shares: Tensor, wanted: Tensor) -> Tensor:
        """Weighted mean over the labelled pixels; 0 where there is none.

        Args:
            log_shares: float (B, classes, h, w), logarithm of probabilities.
            wanted: int64 (B, h, w), ids of the space or 255.
        """
        labelled = wanted != IGNORE
        present = torch.unique(wanted[labelled]).tolist()
        losses = torch.zeros_like(log_shares[:, 0])
        single = labelled & (wanted < self._class_count)
        index = torch.where(single, wanted, 0)
        losses = -log_shares.gather(1, index[:, None])[:, 0] * single
        for target in present:
            if target >= self._class_count:
                share = log_shares[:, self._sets[target]].logsumexp(dim=1)
                losses = losses - torch.where(wanted == target, share, 0.0)
        weights = self.weights[torch.where(labelled, wanted, 0)] * labelled
        return (losses * weights).sum() / weights.sum().clamp_min(1)


class SetLovasz(nn.Module):
    """The Lovasz extension of 1 - IoU, mean over the classes that the pixels hold.

    Berman et al., "The Lovasz-Softmax Loss", CVPR 2018. A pixel whose label is a set
    counts as the set's first class, with the probability of the whole set.

    Args:
        space: the sets.
        limit: pixels that are looked at, evenly spread over the batch.
    """

    members: Tensor
    primary: Tensor

    def __init__(self, space: TargetSpace, limit: int = 16384) -> None:
        """Keep the sets as a mask."""
        super().__init__()
        self.register_buffer("members", torch.from_numpy(space.members))
        self.register_buffer("primary", torch.from_numpy(space.primary))
        self._limit = limit

    def forward(self, log_shares: Tensor, wanted: Tensor) -> Tensor:
        """Mean over classes; 0 where no pixel is labelled. Shapes as in `SetCrossEntropy`."""
        places = torch.nonzero(wanted.flatten() != IGNORE)[:, 0]
        places = places[:: max(1, len(places) // self._limit)]
        targets = wanted.flatten()[places]
        flat = log_shares.permute(0, 2, 3, 1).flatten(0, 2)[places].exp()
        inside = self.members[targets]
        truth = self.primary[targets]
        shares = torch.where(inside, 0.0, flat).scatter(
            1, truth[:, None], (flat * inside).sum(dim=1, keepdim=True)
        )
        classes = torch.unique(truth).tolist()
        losses = [_lovasz_hinge(shares[:, c], truth == c) for c in classes]
        return torch.stack(losses).mean() if losses else log_shares.sum() * 0


def _lovasz_hinge(shares: Tensor, truth: Tensor) -> Tensor:
    """Inner product of the sorted errors with the gradient of the extension (algorithm 1)."""
    errors = torch.where(truth, 1 - shares, shares)
    errors, order = errors.sort(descending=True)
    sorted_truth = truth[order].to(errors)
    missed = sorted_truth.cumsum(0)
    total = sorted_truth.sum()
    jaccard = 1 - (total - missed) / (total + (1 - sorted_truth).cumsum(0))
    steps = torch.cat([jaccard[:1], jaccard[1:] - jaccard[:-1]])
    return errors @ steps


class SegmentationLoss(nn.Module):
    """What a per-pixel network is trained on: set cross-entropy and a share of Lovasz."""

    def __init__(
        self, space: TargetSpace, class_weights: NDArray[np.float64], lovasz: float
    ) -> None:
        """Combine both; a share of 0 leaves the second out."""
        super().__init__()
        self._cross_entropy = SetCrossEntropy(space, class_weights)
        self._lovasz = SetLovasz(space)
        self._share = lovasz

    def forward(self, scores: Tensor, targets: Tensor) -> Tensor:
        """Compare at half the targets' size.

        Args:
            scores: float (B, classes, h, w), logits; enlarged bilinearly.
            targets: uint8 (B, H, W), ids of the space. One pixel of each 2x2 is looked at,
                another one from image to image: together they lie where the scores do.
        """
        wanted = _every_other(targets).long()
        size = (wanted.shape[-2], wanted.shape[-1])
        enlarged = interpolate(scores.float(), size, mode="bilinear", align_corners=False)
        log_shares = enlarged.log_softmax(dim=1)
        loss: Tensor = self._cross_entropy(log_shares, wanted)
        if self._share:
            loss = loss + self._share * self._lovasz(log_shares, wanted)
        return loss


def _every_other(targets: Tensor) -> Tensor:
    rows = [image[i // 2 % 2 :: 2, i % 2 :: 2] for i, image in enumerate(targets)]
    return torch.stack(rows)
