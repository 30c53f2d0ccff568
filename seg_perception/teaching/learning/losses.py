"""What a teaching minimises: clicks, and what the model before knows elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from seg_perception.teaching.learning.targets import NO_TARGET

_SMOOTH = 1.0


def click_loss(scores: Tensor, target: Tensor, error_weight: float) -> Tensor:
    """Cross-entropy and error-weighted Dice where clicks speak; 0 where none does.

    Dice alone balances the classes: weights of rare ones in the cross-entropy as well let them grow
    over their neighbours, the more, the more was clicked (docs/explanation/teaching.md).

    The Dice term weighs a pixel that is wrong now `error_weight` times: Mavruk et al. (iSAGE),
    arXiv 2606.10136.

    Args:
        scores: float (B, C, h, w).
        target: int64 (B, h, w), `NO_TARGET` where no click speaks.
        error_weight: of wrong pixels.
    """
    known = target != NO_TARGET
    if not bool(known.any()):
        return scores.sum() * 0
    rows, labels = scores.permute(0, 2, 3, 1)[known], target[known]
    entropy = functional.cross_entropy(rows, labels)
    shares = rows.softmax(dim=1)
    wrong = (rows.argmax(dim=1) != labels).float() * (error_weight - 1) + 1
    truth = functional.one_hot(labels, rows.shape[1]).float()
    both = (wrong[:, None] * truth * shares).sum(0)
    either = (wrong[:, None] * (truth + shares)).sum(0)
    present = truth.sum(0) > 0
    dice = 1 - (2 * both + _SMOOTH) / (either + _SMOOTH)
    return entropy + dice[present].mean()


def distillation(scores: Tensor, before: Tensor, where: Tensor, like: Sequence[int] = ()) -> Tensor:
    """Divergence from what the model before said, where that counts.

    A class that is new takes its pixels from the class that it was like: both count as that one.

    Args:
        scores: float (B, C, h, w); classes that are new come last.
        before: float (B, C0, h, w), scores of the model before.
        where: bool (B, h, w).
        like: C - C0 classes, what each new one was like.
    """
    if not bool(where.any()):
        return scores.sum() * 0
    new = scores.permute(0, 2, 3, 1)[where].log_softmax(dim=1)
    old = before.permute(0, 2, 3, 1)[where].softmax(dim=1)
    count = before.shape[1]
    known = [new[:, number] for number in range(count)]
    for place, original in enumerate(like):
        known[original] = torch.logaddexp(known[original], new[:, count + place])
    merged = torch.stack(known, dim=1) if like else new
    return torch.sum(old * (old.clamp_min(1e-8).log() - merged), dim=1).mean()
