"""The convolutional prior of a ViT-Adapter: image to maps at strides 4 to 32."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn


class SpatialPrior(nn.Module):
    """A small convolutional pyramid.

    Chen et al., "Vision Transformer Adapter for Dense Predictions", ICLR 2023, section
    3.2. It brings the fine structure that patches of 16 pixels lose, and lets a plain
    transformer learn from few images.

    Args:
        inner: channels at stride 4; doubled at 8, four times at 16 and 32.
        width: channels of every result.
    """

    def __init__(self, inner: int, width: int) -> None:
        """Make the layers."""
        super().__init__()
        self.stem = nn.Sequential(
            _Step(3, inner, stride=2),
            _Step(inner, inner),
            _Step(inner, inner),
            nn.MaxPool2d(3, stride=2, padding=1),
        )
        widths = (inner, 2 * inner, 4 * inner, 4 * inner)
        self.downs = nn.ModuleList(
            _Step(before, after, stride=2) for before, after in pairwise(widths)
        )
        self.projections = nn.ModuleList(nn.Conv2d(inputs, width, 1) for inputs in widths)

    def forward(self, image: Tensor) -> list[Tensor]:
        """Map (B, 3, H, W) to four maps (B, width, H/s, W/s), s = 4, 8, 16, 32."""
        maps = [self.stem(image)]
        for down in self.downs:
            maps.append(down(maps[-1]))
        return [project(x) for project, x in zip(self.projections, maps, strict=True)]


class _Step(nn.Sequential):
    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )
