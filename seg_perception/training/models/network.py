"""What every segmentation network takes and gives back."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import interpolate

MEAN = (123.675, 116.28, 103.53)
STD = (58.395, 57.12, 57.375)


@dataclass(frozen=True)
class Normalisation:
    """Maps uint8 (B, H, W, 3) RGB to float32 (B, 3, H, W) as a network was trained on it.

    Attributes:
        mean, std: in units of a byte, in the order of the network's channels.
        reversed_channels: whether these are blue, green, red.
    """

    mean: Sequence[float]
    std: Sequence[float]
    reversed_channels: bool = False

    def __call__(self, image: Tensor) -> Tensor:
        """The cast comes before the transpose, since TensorRT refuses to transpose bytes."""
        values = image.to(torch.float32).permute(0, 3, 1, 2)
        values = values.flip(1) if self.reversed_channels else values
        mean, std = (values.new_tensor(n).view(1, 3, 1, 1) for n in (self.mean, self.std))
        normal: Tensor = (values - mean) / std
        return normal


# Of this project's own networks: the usual constants of ImageNet.
normalise = Normalisation(MEAN, STD)


@dataclass(frozen=True)
class MaskLayer:
    """What one layer of a mask decoder predicts.

    Attributes:
        class_logits: float (B, Q, C + 1); the last column is "no object".
        mask_logits: float (B, Q, h, w).
    """

    class_logits: Tensor
    mask_logits: Tensor

    def class_shares(self) -> Tensor:
        """Float (B, Q, C): softmax over the classes, without the "no object" column."""
        return self.class_logits.softmax(dim=-1)[..., :-1]

    def semantic_scores(self, size: tuple[int, int] | None = None) -> Tensor:
        """Class scores: sum over the queries of class share times mask probability.

        Cheng et al., "Masked-attention Mask Transformer for Universal Image
        Segmentation", CVPR 2022, section 3 (semantic inference of MaskFormer).

        Args:
            size: height, width to which the masks are up-sampled first; None leaves
                them at their own size.

        Returns:
            float (B, C, h, w), not negative; not normalised over the classes.
        """
        masks = self.mask_logits
        if size is not None:
            masks = interpolate(masks, size, mode="bilinear", align_corners=False)
        shares = self.class_shares().transpose(1, 2)
        flat = shares @ masks.sigmoid().flatten(2)
        return flat.unflatten(2, (masks.shape[-2], masks.shape[-1]))


@dataclass(frozen=True)
class NetworkOutput:
    """The answer to a batch: `scores` of a per-pixel network, or `layers` of a mask network.

    Attributes:
        scores: float (B, C, h, w), logits; None for a mask network.
        layers: predictions of every decoder layer, the last one is the answer; empty
            for a per-pixel network, one layer only in evaluation.
        coarse_logits: float (B, K) of the coarse categories in the image, or None.
        auxiliary: float (B, C, h, w), logits of an auxiliary head, in training alone.
    """

    scores: Tensor | None = None
    layers: tuple[MaskLayer, ...] = ()
    coarse_logits: Tensor | None = None
    auxiliary: Tensor | None = None

    def __post_init__(self) -> None:
        """Expect scores or layers.

        Raises:
            ValueError: both, or neither.
        """
        if (self.scores is None) == (not self.layers):
            msg = "a network's output has either scores or layers, got both or neither"
            raise ValueError(msg)

    @property
    def class_count(self) -> int:
        """How many classes there are."""
        if self.scores is not None:
            return int(self.scores.shape[1])
        return int(self.layers[-1].class_logits.shape[2]) - 1

    def semantic_scores(self) -> Tensor:
        """Float (B, C, h, w) at the network's own output size; the arg-max is the label.

        Logits of a per-pixel network; the sum of `MaskLayer.semantic_scores` of a mask network.
        """
        return self.scores if self.scores is not None else self.layers[-1].semantic_scores()

    def probabilities(self) -> Tensor:
        """Float (B, C, h, w), sums to 1 over the classes; to less where no mask claims a pixel."""
        if self.scores is not None:
            return self.scores.softmax(dim=1)
        scores = self.layers[-1].semantic_scores()
        return scores / scores.sum(dim=1, keepdim=True).clamp_min(1)

    def logits(self) -> tuple[Tensor, ...]:
        """What the answer is made of, float: scores, or the last layer's classes and masks.

        Of shapes (B, C, h, w), or (B, Q, C + 1) and (B, Q, h, w).
        """
        if self.scores is not None:
            return (self.scores,)
        return (self.layers[-1].class_logits, self.layers[-1].mask_logits)


@dataclass(frozen=True)
class Pyramid:
    """What a mask head reads.

    Attributes:
        maps: four, (B, C, H/s, W/s) at strides 4, 8, 16 and 32.
        image_token: (B, C) about the image as a whole.
    """

    maps: tuple[Tensor, ...]
    image_token: Tensor


class SegmentationNetwork(nn.Module):
    """A network from normalised images to class scores or masks.

    Attributes:
        stride: height and width of an image must be multiples of it.
    """

    stride: int

    @abstractmethod
    def forward(self, x: Tensor) -> NetworkOutput:
        """Segment normalised images, float (B, 3, H, W)."""

    def set_progress(self, done: float) -> None:
        """Tell how much of a training is done, 0 to 1, before each step; may do nothing."""
        del done

    def start_from_prior(self, pixels: NDArray[np.int64]) -> None:
        """Prepare the classifier for how often each class occurs; may do nothing.

        Args:
            pixels: training pixels by class, int64 (classes,).
        """
        del pixels
