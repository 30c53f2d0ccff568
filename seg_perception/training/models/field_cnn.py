"""A plain convolutional network for small machines, trained from nothing.

Dilated bottlenecks at stride 16, pyramid pooling (Zhao et al., "Pyramid Scene
Parsing Network", CVPR 2017) and a feature pyramid that ends at stride 4 (Lin et
al., "Feature Pyramid Networks", CVPR 2017).
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import interpolate, relu

from seg_perception.training.models.config import FieldCnnConfig
from seg_perception.training.models.network import NetworkOutput, SegmentationNetwork

STRIDE = 16


class ConvBlock(nn.Sequential):
    """Convolution, batch normalisation and ReLU; the size is kept at stride 1."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1, dilation: int = 1
    ) -> None:
        """Pad so that only the stride changes the size."""
        padding = dilation * (kernel // 2)
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class Bottleneck(nn.Module):
    """1x1 down to half the channels, 3x3 dilated, 1x1 up, added to the input."""

    def __init__(self, channels: int, dilation: int = 1) -> None:
        """Keep channels and size."""
        super().__init__()
        half = channels // 2
        self.reduce = ConvBlock(channels, half, kernel=1)
        self.spatial = ConvBlock(half, half, dilation=dilation)
        self.expand = nn.Sequential(
            nn.Conv2d(half, channels, 1, bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map float (B, C, H, W) to the same shape."""
        return relu(x + self.expand(self.spatial(self.reduce(x))))


class PyramidPooling(nn.Module):
    """Means over grids of several sizes, put beside the input.

    The means are two matrix products instead of an adaptive pooling: the same
    numbers, and ONNX has it for any size.
    """

    def __init__(self, channels: int, outputs: int, bins: tuple[int, ...]) -> None:
        """Give each grid an equal share of the channels."""
        super().__init__()
        self.bins = bins
        share = channels // len(bins)
        self.branches = nn.ModuleList(
            nn.Sequential(nn.Conv2d(channels, share, 1), nn.ReLU()) for _ in bins
        )
        self.merge = ConvBlock(channels + share * len(bins), outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map float (B, C, H, W) to (B, outputs, H, W)."""
        size = (int(x.shape[-2]), int(x.shape[-1]))
        parts = [x]
        for bins, branch in zip(self.bins, self.branches, strict=True):
            rows, columns = (pooling_matrix(length, bins).to(x) for length in size)
            pooled = branch(rows @ x @ columns.T)
            parts.append(interpolate(pooled, size, mode="bilinear", align_corners=False))
        merged: Tensor = self.merge(torch.cat(parts, dim=1))
        return merged


def pooling_matrix(length: int, bins: int) -> Tensor:
    """Weights of an adaptive mean, float32 (bins, length).

    Bin i covers floor(i n/b) to ceil((i+1) n/b).
    """
    matrix = np.zeros((bins, length), np.float32)
    for index in range(bins):
        first, last = index * length // bins, -(-(index + 1) * length // bins)
        matrix[index, first:last] = 1 / (last - first)
    # From numpy, so that an export holds it as a constant.
    return torch.from_numpy(matrix)


class FieldCnn(SegmentationNetwork):
    """Class scores at a quarter of the image's size.

    Args:
        class_count: number of classes.
        config: widths and depths.
    """

    stride = STRIDE

    def __init__(self, class_count: int, config: FieldCnnConfig) -> None:
        """Make the layers, randomly initialised."""
        super().__init__()
        c = config
        first = ConvBlock(3, c.stem // 2, stride=2)
        second = ConvBlock(c.stem // 2, c.stem, stride=2)
        self.stem = nn.Sequential(
            first, second, *(Bottleneck(c.stem) for _ in range(c.stem_blocks))
        )
        self.middle = nn.Sequential(
            ConvBlock(c.stem, c.middle, stride=2),
            *(Bottleneck(c.middle) for _ in range(c.middle_blocks)),
        )
        self.deep = nn.Sequential(
            ConvBlock(c.middle, c.deep, stride=2),
            *(Bottleneck(c.deep, dilation) for dilation in c.dilations),
        )
        self.context = PyramidPooling(c.deep, c.decoder, c.pyramid_bins)
        self.lateral_middle = ConvBlock(c.middle, c.decoder, kernel=1)
        self.lateral_stem = ConvBlock(c.stem, c.decoder // 2, kernel=1)
        self.smooth_middle = ConvBlock(c.decoder, c.decoder // 2)
        self.smooth_stem = ConvBlock(c.decoder // 2, c.decoder // 2)
        self.classifier = nn.Conv2d(c.decoder // 2, class_count, 1)

    def forward(self, x: Tensor) -> NetworkOutput:
        """Map normalised images, float (B, 3, H, W), to scores (B, classes, H/4, W/4).

        H and W are multiples of 16.
        """
        quarter = self.stem(x)
        eighth = self.middle(quarter)
        deep = self.context(self.deep(eighth))
        fused = self.smooth_middle(_double(deep) + self.lateral_middle(eighth))
        fused = self.smooth_stem(_double(fused) + self.lateral_stem(quarter))
        return NetworkOutput(scores=self.classifier(fused))

    @torch.no_grad()
    def start_from_prior(self, pixels: NDArray[np.int64]) -> None:
        """Set the classifier's bias to the logarithm of each class's share of the pixels.

        A class that no pixel names for certain then starts as the unlikely member of
        its sets.

        Args:
            pixels: int64 (classes,), training pixels by class.
        """
        share = torch.from_numpy(pixels / max(pixels.sum(), 1)).clamp_min(1e-4)
        self.classifier.bias.copy_(share.log())


def _double(x: Tensor) -> Tensor:
    return interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
