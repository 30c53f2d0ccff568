"""From bytes to what the first layer sees, the same in training, validation and serving."""

from __future__ import annotations

import torch
from torch import Tensor

MEAN = (123.675, 116.28, 103.53)
STD = (58.395, 57.12, 57.375)


def normalise(image: Tensor) -> Tensor:
    """Map uint8 (B, H, W, 3) RGB to float32 (B, 3, H, W) of about zero mean and unit variance.

    The constants are the usual ones of ImageNet. The cast comes before the
    transpose, since TensorRT refuses to transpose bytes.
    """
    values = image.to(torch.float32).permute(0, 3, 1, 2)
    mean, std = (values.new_tensor(numbers).view(1, 3, 1, 1) for numbers in (MEAN, STD))
    normal: Tensor = (values - mean) / std
    return normal
