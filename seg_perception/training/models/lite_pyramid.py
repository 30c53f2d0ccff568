"""EfficientNet-Lite0 as a pyramid for mask heads."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from seg_perception.training.models.config import Lite0Config
from seg_perception.training.models.dinov3 import Pyramid
from seg_perception.training.models.efficientnet_lite0 import TAPS, Lite0Encoder


class Lite0Pyramid(nn.Module):
    """Its last blocks at strides 4 to 32 are the maps.

    Args:
        config: its depth.
    """

    def __init__(self, config: Lite0Config) -> None:
        """Make it, randomly initialised."""
        super().__init__()
        self.encoder = Lite0Encoder(config.blocks)
        self.channels: Sequence[int] = (*(c for _, c in TAPS.values()), self.encoder.channels)

    def forward(self, image: Tensor) -> Pyramid:
        """Maps of an image (B, 3, H, W); the image token is the mean of the last."""
        maps = self.encoder(image)
        return Pyramid(maps, maps[-1].mean(dim=(2, 3)))
