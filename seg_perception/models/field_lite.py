"""A mobile network for small machines: the encoder of EfficientNet-Lite0, a feature pyramid on it.

The encoder is that of Tan and Le, "EfficientNet: Rethinking Model Scaling for
Convolutional Neural Networks" (ICML 2019) in its Lite form, without squeeze and
excitation and with ReLU6; its layers are named so that public ImageNet weights fit
after `lite0_state`. Above it stand the pooling and the pyramid of `FieldCnn`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, repeat

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import interpolate, pad, relu6

from seg_perception.models.config import FieldLiteConfig
from seg_perception.models.field_cnn import ConvBlock, PyramidPooling
from seg_perception.models.network import SegmentationNetwork
from seg_perception.models.outputs import NetworkOutput

STRIDE = 32
_EPSILON = 1e-3
_MOMENTUM = 0.03


@dataclass(frozen=True)
class _Stage:
    """Blocks of one width: how many, kernel, stride of the first, expansion, channels."""

    count: int
    kernel: int
    stride: int
    expansion: int
    channels: int


_STEM = 32
_STAGES = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(2, 5, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(3, 5, 1, 6, 112),
    _Stage(4, 5, 2, 6, 192),
    _Stage(1, 3, 1, 6, 320),
)
# The last block at each stride from 4 to 32, and its channels.
_TAPS = {4: (2, 24), 8: (4, 40), 16: (10, 112)}


class SameConv(nn.Conv2d):
    """Convolution padded as TensorFlow does: at stride 2 one pixel less at the top and the left."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1
    ) -> None:
        """Never with a bias: a normalisation follows."""
        super().__init__(inputs, outputs, kernel, stride, 0, groups=groups, bias=False)
        whole = kernel - stride if stride > 1 else kernel - 1
        self.margins = (whole // 2, whole - whole // 2) * 2
        if stride == 1:
            self.padding = (kernel // 2, kernel // 2)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W), with H and W even at stride 2, to (B, outputs, H/stride, W/stride)."""
        if self.stride == (1, 1):
            return super().forward(x)
        return super().forward(pad(x, self.margins))


class InvertedBottleneck(nn.Module):
    """1x1 up, depthwise, 1x1 down; added to the input where the shapes agree."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        """Leave out the first convolution where nothing is expanded."""
        super().__init__()
        wide = inputs * expansion
        self.shortcut = stride == 1 and inputs == outputs
        if expansion > 1:
            self._expand_conv = SameConv(inputs, wide, 1)
            self._bn0 = _norm(wide)
        self._depthwise_conv = SameConv(wide, wide, kernel, stride, groups=wide)
        self._bn1 = _norm(wide)
        self._project_conv = SameConv(wide, outputs, 1)
        self._bn2 = _norm(outputs)
        self.expands = expansion > 1

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, inputs, H, W) to (B, outputs, H/stride, W/stride)."""
        y = relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        y = relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self.shortcut else y


class Lite0Encoder(nn.Module):
    """The first blocks of EfficientNet-Lite0.

    Args:
        blocks: how many, 12 to 16; from the 12th on the stride is 32.
    """

    def __init__(self, blocks: int) -> None:
        """Make the layers, randomly initialised."""
        super().__init__()
        self._conv_stem = SameConv(3, _STEM, 3, stride=2)
        self._bn0 = _norm(_STEM)
        self._blocks = nn.ModuleList(_blocks()[:blocks])
        self.channels = list(chain.from_iterable(repeat(s.channels, s.count) for s in _STAGES))[
            blocks - 1
        ]

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Features at strides 4, 8, 16 and 32 of normalised images (B, 3, H, W)."""
        x = relu6(self._bn0(self._conv_stem(x)))
        features = []
        for block in self._blocks:
            x = block(x)
            features.append(x)
        quarter, eighth, sixteenth = (features[index] for index, _ in _TAPS.values())
        return quarter, eighth, sixteenth, x


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
        self.pretrained = c.pretrained
        self.encoder = Lite0Encoder(c.blocks)
        self.context = PyramidPooling(self.encoder.channels, wide, c.pyramid_bins)
        self.lateral_16 = ConvBlock(_TAPS[16][1], wide, kernel=1)
        self.lateral_8 = ConvBlock(_TAPS[8][1], middle, kernel=1)
        self.lateral_4 = ConvBlock(_TAPS[4][1], fine, kernel=1)
        self.smooth_16 = ConvBlock(wide, middle)
        self.smooth_8 = ConvBlock(middle, fine)
        self.smooth_4 = ConvBlock(fine, fine)
        self.classifier = nn.Conv2d(fine, class_count, 1)

    def forward(self, x: Tensor) -> NetworkOutput:
        """Map a normalised image (B, 3, H, W) to scores (B, classes, H/4, W/4).

        H and W are multiples of 32.
        """
        quarter, eighth, sixteenth, deep = self.encoder(x)
        fused = self.smooth_16(_double(self.context(deep)) + self.lateral_16(sixteenth))
        fused = self.smooth_8(_double(fused) + self.lateral_8(eighth))
        fused = self.smooth_4(_double(fused) + self.lateral_4(quarter))
        return NetworkOutput(scores=self.classifier(fused))

    @torch.no_grad()
    def start_from_prior(self, pixels: NDArray[np.int64]) -> None:
        """Set the classifier's bias to the logarithm of each class's share of the pixels."""
        share = torch.from_numpy(pixels / max(pixels.sum(), 1)).clamp_min(1e-4)
        bias = self.classifier.bias
        if bias is not None:
            bias.copy_(share.log())


def _blocks() -> list[InvertedBottleneck]:
    blocks, inputs = [], _STEM
    for stage in _STAGES:
        for index in range(stage.count):
            stride = stage.stride if index == 0 else 1
            blocks.append(
                InvertedBottleneck(inputs, stage.channels, stage.kernel, stride, stage.expansion)
            )
            inputs = stage.channels
    return blocks


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=_EPSILON, momentum=_MOMENTUM)


def _double(x: Tensor) -> Tensor:
    return interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
