"""ViT-Adapter: a plain transformer's tokens as maps at strides 4 to 32.

Chen et al., "Vision Transformer Adapter for Dense Predictions", ICLR 2023. As DINOv3
uses it, the maps read the tokens (extractor) and the tokens need not read the maps
(injector), so that a frozen backbone stays what it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, interpolate

from seg_perception.training.models.config import AdapterConfig, VitConfig
from seg_perception.training.models.deformable import DeformableAttention, Shapes, centres
from seg_perception.training.models.dinov3 import VitTokens, patch_map
from seg_perception.training.models.network import Pyramid


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
        """Map float (B, 3, H, W) to four maps (B, width, H/s, W/s), s = 4, 8, 16, 32."""
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


_EPSILON = 1e-6


class ConvFeedForward(nn.Module):
    """Two layers with a 3x3 depth-wise convolution on each map between them."""

    def __init__(self, width: int, inner: int) -> None:
        """Keep the width."""
        super().__init__()
        self.up = nn.Linear(width, inner)
        self.spatial = nn.Conv2d(inner, inner, 3, padding=1, groups=inner)
        self.down = nn.Linear(inner, width)

    def forward(self, tokens: Tensor, shapes: Shapes) -> Tensor:
        """Map (B, sum of h * w, width) to the same shape."""
        parts = self.up(tokens).split([h * w for h, w in shapes], dim=1)
        mixed = [
            self.spatial(part.transpose(1, 2).unflatten(2, shape)).flatten(2).transpose(1, 2)
            for part, shape in zip(parts, shapes, strict=True)
        ]
        result: Tensor = self.down(gelu(torch.cat(mixed, dim=1)))
        return result


class Extractor(nn.Module):
    """The maps read the tokens."""

    def __init__(self, width: int, config: AdapterConfig) -> None:
        """Make the layers."""
        super().__init__()
        self.query_norm = nn.LayerNorm(width, eps=_EPSILON)
        self.token_norm = nn.LayerNorm(width, eps=_EPSILON)
        self.attention = DeformableAttention(
            width, config.heads, 1, config.points, int(width * config.value_ratio)
        )
        self.feedforward_norm = nn.LayerNorm(width, eps=_EPSILON)
        self.feedforward = ConvFeedForward(width, int(width * config.feedforward_ratio))

    def forward(
        self, maps: Tensor, tokens: Tensor, shapes: Shapes, grid: tuple[int, int]
    ) -> Tensor:
        """Update the maps' tokens, float (B, sum of h * w, width), from the patch tokens."""
        places = centres(shapes, maps)
        maps = maps + self.attention(self.query_norm(maps), places, self.token_norm(tokens), [grid])
        return maps + self.feedforward(self.feedforward_norm(maps), shapes)


class Injector(nn.Module):
    """The tokens read the maps; it starts without effect."""

    def __init__(self, width: int, config: AdapterConfig) -> None:
        """Make the layers, the gain at zero."""
        super().__init__()
        self.query_norm = nn.LayerNorm(width, eps=_EPSILON)
        self.map_norm = nn.LayerNorm(width, eps=_EPSILON)
        self.attention = DeformableAttention(
            width, config.heads, 3, config.points, int(width * config.value_ratio)
        )
        self.gain = nn.Parameter(torch.zeros(width))

    def forward(
        self, tokens: Tensor, maps: Tensor, shapes: Shapes, grid: tuple[int, int]
    ) -> Tensor:
        """Update the patch tokens, float (B, patches, width)."""
        read = self.attention(
            self.query_norm(tokens), centres([grid], tokens), self.map_norm(maps), shapes
        )
        return tokens + self.gain * read


class Interaction(nn.Module):
    """Some blocks of the transformer, and what passes between tokens and maps around them."""

    def __init__(self, width: int, config: AdapterConfig, blocks: range, extractors: int) -> None:
        """Make the parts; the blocks are the transformer's own."""
        super().__init__()
        self.blocks = blocks
        self.injector = Injector(width, config) if config.injector else None
        self.extractors = nn.ModuleList(Extractor(width, config) for _ in range(extractors))

    def forward(
        self,
        vit: VitTokens,
        tokens: Tensor,
        maps: Tensor,
        angles: tuple[Tensor, Tensor],
        shapes: Shapes,
    ) -> tuple[Tensor, Tensor]:
        """Pass on tokens, float (B, prefix + patches, width), and the maps' tokens."""
        grid = shapes[1]
        if self.injector is not None:
            prefix, patches = tokens[:, : vit.prefix], tokens[:, vit.prefix :]
            tokens = torch.cat([prefix, self.injector(patches, maps, shapes, grid)], dim=1)
        tokens = vit.run(tokens, angles, self.blocks)
        _, patches = vit.read(tokens)
        for extractor in self.extractors:
            maps = extractor(maps, patches, shapes, grid)
        return tokens, maps


class AdapterPyramid(nn.Module):
    """A DINOv3 vision transformer with its adapter.

    Args:
        vit: the transformer.
        config: the adapter.
    """

    def __init__(self, vit: VitConfig, config: AdapterConfig) -> None:
        """Make both."""
        super().__init__()
        width, depth = vit.shape.width, vit.shape.depth
        self.channels: Sequence[int] = (width,) * 4
        self.vit = VitTokens(vit)
        self.prior = SpatialPrior(config.prior_width, width)
        self.level_embedding = nn.Parameter(torch.empty(3, width).normal_())
        ends = config.ends(depth)
        starts = (0, *(end + 1 for end in ends[:-1]))
        self.interactions = nn.ModuleList(
            Interaction(
                width,
                config,
                range(start, end + 1),
                1 + (config.extra_extractors if end == depth - 1 else 0),
            )
            for start, end in zip(starts, ends, strict=True)
        )
        self.enlarge = nn.ConvTranspose2d(width, width, 2, 2)
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for _ in range(4))
        self._add_tokens = config.add_tokens

    def forward(self, image: Tensor) -> Pyramid:
        """Maps of an image, float (B, 3, H, W), H and W multiples of 16."""
        quarter, *coarser = self.prior(image)
        shapes = [(int(m.shape[2]), int(m.shape[3])) for m in coarser]
        maps = torch.cat(
            [
                m.flatten(2).transpose(1, 2) + level
                for m, level in zip(coarser, self.level_embedding, strict=True)
            ],
            dim=1,
        )
        tokens, angles = self.vit.embed(image)
        stages = []
        for interaction in self.interactions:
            tokens, maps = interaction(self.vit, tokens, maps, angles, shapes)
            stages.append(tokens)
        image_token, _ = self.vit.read(tokens)
        return Pyramid(self._finish(image, quarter, maps, shapes, stages), image_token)

    def _finish(
        self, image: Tensor, quarter: Tensor, maps: Tensor, shapes: Shapes, stages: list[Tensor]
    ) -> tuple[Tensor, ...]:
        parts = maps.split([h * w for h, w in shapes], dim=1)
        coarser = [
            part.transpose(1, 2).unflatten(2, shape)
            for part, shape in zip(parts, shapes, strict=True)
        ]
        result = [quarter + self.enlarge(coarser[0]), *coarser]
        if self._add_tokens:
            result = [
                x + self._resized(image, stages[index * len(stages) // 4], x)
                for index, x in enumerate(result)
            ]
        return tuple(norm(x) for norm, x in zip(self.norms, result, strict=True))

    def _resized(self, image: Tensor, tokens: Tensor, like: Tensor) -> Tensor:
        _, patches = self.vit.read(tokens)
        found = patch_map(patches, image)
        size = (int(like.shape[2]), int(like.shape[3]))
        return interpolate(found, size, mode="bilinear", align_corners=False)
