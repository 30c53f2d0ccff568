"""The encoder of EfficientNet-Lite0, which knows ImageNet from public weights.

Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks"
(ICML 2019) in its Lite form, without squeeze and excitation and with ReLU6; the layers
have the names of the public weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, repeat

from torch import Tensor, nn
from torch.nn.functional import pad, relu6

from seg_perception.training.models.config import Lite0Config
from seg_perception.training.models.network import Pyramid

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
# The last block at each stride from 4 to 16, and its channels; stride 32 ends with the last block.
TAPS = {4: (2, 24), 8: (4, 40), 16: (10, 112)}


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
        """Map float (B, C, H, W), H and W even at stride 2, to (B, outputs, H/stride, W/stride)."""
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
        """Map float (B, inputs, H, W) to (B, outputs, H/stride, W/stride)."""
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
        """Features at strides 4, 8, 16 and 32 of normalised images, float (B, 3, H, W)."""
        x = relu6(self._bn0(self._conv_stem(x)))
        features = []
        for block in self._blocks:
            x = block(x)
            features.append(x)
        quarter, eighth, sixteenth = (features[index] for index, _ in TAPS.values())
        return quarter, eighth, sixteenth, x


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
        """Maps of an image, float (B, 3, H, W); the image token is the mean of the last."""
        maps = self.encoder(image)
        return Pyramid(maps, maps[-1].mean(dim=(2, 3)))
