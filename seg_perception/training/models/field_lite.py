"""A mobile network for small machines: the encoder of EfficientNet-Lite0, a feature pyramid on it.

Above the encoder stand the pooling and the pyramid of `FieldCnn`.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import interpolate

from seg_perception.training.models.config import FieldLiteConfig
from seg_perception.training.models.efficientnet_lite0 import STRIDE, TAPS, Lite0Encoder
from seg_perception.training.models.field_cnn import ConvBlock, PyramidPooling
from seg_perception.training.models.network import NetworkOutput, SegmentationNetwork


class FieldLite(SegmentationNetwork):
    """Class scores at a quarter of the image's size.

    Args:
        class_count: number of classes.
        config: depth of the encoder, widths of the pyramid.
    """

    stride = STRIDE

    def __init__(self, class_count: int, config: FieldLiteConfig) -> None:
        """Make the layers, randomly initialised."""
        super().__init__()
        c = config
        wide, middle, fine = c.decoder, c.decoder * 3 // 4, c.decoder // 2
        self.encoder = Lite0Encoder(c.blocks)
        self.context = PyramidPooling(self.encoder.channels, wide, c.pyramid_bins)
        self.lateral_16 = ConvBlock(TAPS[16][1], wide, kernel=1)
        self.lateral_8 = ConvBlock(TAPS[8][1], middle, kernel=1)
        self.lateral_4 = ConvBlock(TAPS[4][1], fine, kernel=1)
        self.smooth_16 = ConvBlock(wide, middle)
        self.smooth_8 = ConvBlock(middle, fine)
        self.smooth_4 = ConvBlock(fine, fine)
        self.classifier = nn.Conv2d(fine, class_count, 1)

    def forward(self, x: Tensor) -> NetworkOutput:
        """Map normalised images, float (B, 3, H, W), to scores (B, classes, H/4, W/4).

        H and W are multiples of 32.
        """
        quarter, eighth, sixteenth, deep = self.encoder(x)
        fused = self.smooth_16(_double(self.context(deep)) + self.lateral_16(sixteenth))
        fused = self.smooth_8(_double(fused) + self.lateral_8(eighth))
        fused = self.smooth_4(_double(fused) + self.lateral_4(quarter))
        return NetworkOutput(scores=self.classifier(fused))

    @torch.no_grad()
    def start_from_prior(self, pixels: NDArray[np.int64]) -> None:
        """Set the classifier's bias to the logarithm of each class's share of the pixels.

        Args:
            pixels: int64 (classes,), training pixels by class.
        """
        share = torch.from_numpy(pixels / max(pixels.sum(), 1)).clamp_min(1e-4)
        bias = self.classifier.bias
        if bias is not None:
            bias.copy_(share.log())


def _double(x: Tensor) -> Tensor:
    return interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
