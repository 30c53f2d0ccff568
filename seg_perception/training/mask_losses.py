"""The losses of Mask2Former in batch form, for labels that may be sets of classes.

Cheng et al., "Masked-attention Mask Transformer for Universal Image Segmentation",
CVPR 2022, sections 3.3 and 4.1: bipartite matching, masks compared at sampled points
(the uncertain ones more often, after Kirillov et al., "PointRend", CVPR 2020), and
the same loss after every decoder layer.

What differs: a segment is everything in an image that has one target. A target that
is a set asks for the probability of the set. Ignored pixels are compared with nothing,
and a query that lies on them is not told that it is no object.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn
from torch.nn.functional import grid_sample, interpolate, pad, softplus

from seg_perception.datasets.mapping import IGNORE, TargetSpace
from seg_perception.training.config import LossConfig
from seg_perception.training.models.network import MaskLayer

_OVERSAMPLE, _UNCERTAIN = 3, 0.75


@dataclass(frozen=True)
class Segments:
    """What the images of a batch hold.

    Attributes:
        targets: uint8 (B, H, W).
        ids: int64 (B, S), the targets of each image, padded with 255.
    """

    targets: Tensor
    ids: Tensor

    @classmethod
    def of(cls, targets: Tensor) -> Segments:
        """Collect the targets, uint8 (B, H, W), of each image."""
        found = [torch.unique(image[image != IGNORE]).long() for image in targets]
        most = max(1, *(len(ids) for ids in found))
        padded = [pad(ids, (0, most - len(ids)), value=IGNORE) for ids in found]
        return cls(targets, torch.stack(padded))

    @property
    def real(self) -> Tensor:
        """Bool (B, S), False where padded."""
        return self.ids != IGNORE


class MaskLosses(nn.Module):
    """Class, cross-entropy and Dice of matched queries, over all layers.

    Args:
        space: the sets.
        class_weights: float (classes,); a set has the weight of its first class.
        config: shares of the parts.
    """

    members: Tensor
    weights: Tensor

    def __init__(
        self, space: TargetSpace, class_weights: NDArray[np.float64], config: LossConfig
    ) -> None:
        """Keep the sets as a mask."""
        super().__init__()
        self.register_buffer("members", torch.from_numpy(space.members).float())
        self.register_buffer("weights", torch.from_numpy(class_weights[space.primary]).float())
        self._config = config

    def forward(self, layers: tuple[MaskLayer, ...], targets: Tensor) -> dict[str, Tensor]:
        """Parts of the loss by name, each with its share, summed over the layers.

        Args:
            layers: as the network predicts them.
            targets: uint8 (B, H, W), ids of the space or 255.
        """
        segments = Segments.of(targets)
        parts = [self._of_layer(layer, segments) for layer in layers]
        return {name: torch.stack([part[name] for part in parts]).sum() for name in parts[0]}

    def _of_layer(self, layer: MaskLayer, segments: Segments) -> dict[str, Tensor]:
        layer = MaskLayer(layer.class_logits.float(), layer.mask_logits.float())
        images, queries, places = self._match(layer, segments)
        classes = self._class_loss(layer, segments, (images, queries, places))
        if len(images) == 0:
            zero = layer.mask_logits.sum() * 0
            return {"class": classes, "mask": zero, "dice": zero}
        logits = layer.mask_logits[images, queries]
        wanted = segments.ids[images, places]
        sampled, truth, valid = _compare_points(
            logits, segments.targets, images, wanted, self._config.points
        )
        return {
            "class": classes,
            "mask": self._config.mask * cross_entropy(sampled, truth, valid).mean(),
            "dice": self._config.dice * dice_loss(sampled, truth, valid).mean(),
        }

    @torch.no_grad()
    def _match(self, layer: MaskLayer, segments: Segments) -> tuple[Tensor, Tensor, Tensor]:
        """Image, query and segment of each pair; int64 (M,) each."""
        costs = self._costs(layer, segments).cpu().numpy()
        counts = segments.real.sum(dim=1).tolist()
        triples = [
            (image, query, place)
            for image, count in enumerate(counts)
            for query, place in zip(*linear_sum_assignment(costs[image, :, :count]), strict=True)
        ]
        found = np.array(triples, np.int64).reshape(-1, 3)
        device = layer.mask_logits.device
        images, queries, places = (torch.from_numpy(column.copy()).to(device) for column in found.T)
        return images, queries, places

    def _costs(self, layer: MaskLayer, segments: Segments) -> Tensor:
        """Float (B, Q, S)."""
        c = self._config
        batch = len(layer.mask_logits)
        points = torch.rand(batch, c.points, 2, device=layer.mask_logits.device)
        sampled = sample_maps(layer.mask_logits, points)
        ids = sample_ids(segments.targets, points)
        valid = (ids != IGNORE).float()[:, None]
        truth = (ids[:, None] == segments.ids[..., None]).float()
        count = valid.sum(dim=-1).clamp_min(1)[..., None]
        positive, negative = softplus(-sampled) * valid, softplus(sampled) * valid
        masks = (positive @ truth.mT + negative @ (1 - truth).mT) / count
        shares = sampled.sigmoid() * valid
        common = 2 * shares @ truth.mT + 1
        dice = 1 - common / (shares.sum(-1)[..., None] + truth.sum(-1)[:, None] + 1)
        allowed = self.members[segments.ids.clamp_max(len(self.members) - 1)]
        classes = -layer.class_shares() @ allowed.mT
        return c.mask * masks + c.dice * dice + c.mask_class * classes

    def _class_loss(
        self, layer: MaskLayer, segments: Segments, pairs: tuple[Tensor, Tensor, Tensor]
    ) -> Tensor:
        images, queries, places = pairs
        log_shares = layer.class_logits.log_softmax(dim=-1)
        wanted = segments.ids[images, places]
        inside = log_shares[images, queries, :-1].masked_fill(
            self.members[wanted] == 0, float("-inf")
        )
        matched = -inside.logsumexp(dim=-1)
        weights = self.weights[wanted]
        free = self._config.no_object * _share_on_labels(layer, segments.targets)
        free[images, queries] = 0
        total = (matched * weights).sum() - (log_shares[..., -1] * free).sum()
        return self._config.mask_class * total / (weights.sum() + free.sum()).clamp_min(1e-6)


def cross_entropy(logits: Tensor, truth: Tensor, valid: Tensor) -> Tensor:
    """Binary cross-entropy of each mask over its valid points, float (M, P) to (M,)."""
    values = (softplus(logits) - logits * truth) * valid
    return values.sum(dim=1) / valid.sum(dim=1).clamp_min(1)


def dice_loss(logits: Tensor, truth: Tensor, valid: Tensor) -> Tensor:
    """1 - Dice of each mask over its valid points, smoothed by 1; float (M, P) to (M,)."""
    shares = logits.sigmoid() * valid
    common = (shares * truth).sum(dim=1)
    return 1 - (2 * common + 1) / (shares.sum(dim=1) + (truth * valid).sum(dim=1) + 1)


def sample_maps(maps: Tensor, points: Tensor) -> Tensor:
    """Bilinear values of float (B, C, h, w) at points (B, P, 2) = x, y in 0 to 1: (B, C, P)."""
    grid = (2 * points - 1)[:, :, None]
    return grid_sample(maps, grid, align_corners=False)[..., 0]


def sample_ids(targets: Tensor, points: Tensor) -> Tensor:
    """Ids int64 (N, P) of the pixels of uint8 (N, H, W) in which points (N, P, 2) lie."""
    height, width = targets.shape[-2:]
    columns = (points[..., 0] * width).long().clamp(0, width - 1)
    rows = (points[..., 1] * height).long().clamp(0, height - 1)
    return targets.flatten(1).gather(1, rows * width + columns).long()


def _compare_points(
    logits: Tensor, targets: Tensor, images: Tensor, wanted: Tensor, count: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Logits, truth and validity, (M, P) each, of M masks at points of their own."""
    with torch.no_grad():
        points = _uncertain_points(logits, count)
        ids = sample_ids(targets[images], points)
    sampled = sample_maps(logits[:, None], points)[:, 0]
    return sampled, (ids == wanted[:, None]).float(), (ids != IGNORE).float()


def _uncertain_points(logits: Tensor, count: int) -> Tensor:
    """(M, P, 2): three quarters where the logit is nearest to 0, of three times as many."""
    masks = len(logits)
    drawn = torch.rand(masks, count * _OVERSAMPLE, 2, device=logits.device)
    uncertainty = -sample_maps(logits[:, None], drawn)[:, 0].abs()
    chosen = int(_UNCERTAIN * count)
    index = uncertainty.topk(chosen, dim=1).indices
    uncertain = drawn.gather(1, index[..., None].expand(-1, -1, 2))
    return torch.cat([uncertain, torch.rand(masks, count - chosen, 2, device=logits.device)], dim=1)


@torch.no_grad()
def _share_on_labels(layer: MaskLayer, targets: Tensor) -> Tensor:
    """Float (B, Q): the share of each query's mask that lies on labelled pixels."""
    masks = layer.mask_logits.sigmoid()
    labelled = interpolate((targets != IGNORE).float()[:, None], masks.shape[-2:], mode="area")
    return (masks * labelled).sum(dim=(2, 3)) / masks.sum(dim=(2, 3)).clamp_min(1e-6)
