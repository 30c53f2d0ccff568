"""Multi-scale deformable attention in two equal samplings.

Zhu et al., "Deformable DETR", ICLR 2021, section 4.1. `grid_sample` is the quicker one in
ONNX Runtime; newer versions of TensorRT give wrong numbers for it without a word
(NVIDIA/TensorRT issues 4646, 4813), so that `gather` exists.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import grid_sample, pad

Sampling = Literal["grid_sample", "gather"]
Shapes = Sequence[tuple[int, int]]


def weighted_grid_sample(maps: Tensor, points: Tensor, weights: Tensor) -> Tensor:
    """Bilinear samples of maps, summed with weights; 0 outside.

    Args:
        maps: float (N, D, h, w).
        points: float (N, Q, P, 2), x and y, 0 to 1 from edge to edge.
        weights: float (N, Q, P).

    Returns:
        (N, D, Q).
    """
    samples = grid_sample(
        maps, 2 * points - 1, mode="bilinear", padding_mode="zeros", align_corners=False
    )
    return (samples * weights[:, None]).sum(dim=-1)


def weighted_gather(maps: Tensor, points: Tensor, weights: Tensor) -> Tensor:
    """`weighted_grid_sample` by indexing alone.

    A margin of zeros around the maps stands for the outside: points are held within it,
    so that no index needs a mask. Arguments and result as there, float (N, D, Q).
    """
    count, width_in, height, width = maps.shape
    padded = pad(maps, (1, 2, 1, 2))
    # Pixel centres of the padded map: the first pixel of the map lies at 1.
    x = (points[..., 0] * width + 0.5).clamp(0, width + 1)
    y = (points[..., 1] * height + 0.5).clamp(0, height + 1)
    left, top = x.floor(), y.floor()
    right_share, lower_share = x - left, y - top
    row = width + 3
    first = (top * row + left).to(torch.int64)
    corners = torch.stack([first, first + 1, first + row, first + row + 1], dim=-1)
    shares = torch.stack(
        [
            (1 - right_share) * (1 - lower_share),
            right_share * (1 - lower_share),
            (1 - right_share) * lower_share,
            right_share * lower_share,
        ],
        dim=-1,
    )
    index = corners.flatten(1)[:, None].expand(-1, width_in, -1)
    samples = padded.flatten(2).gather(2, index)
    samples = samples.view(count, width_in, points.shape[1], -1)
    return (samples * (shares * weights[..., None]).flatten(2)[:, None]).sum(dim=-1)


_SAMPLERS: dict[Sampling, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "grid_sample": weighted_grid_sample,
    "gather": weighted_gather,
}


def centres(shapes: Shapes, like: Tensor) -> Tensor:
    """Places of the pixels of several maps, float (1, sum of h * w, 1, 2): x, y from 0 to 1."""
    grids = []
    for height, width in shapes:
        y, x = np.meshgrid(
            (np.arange(height) + 0.5) / height, (np.arange(width) + 0.5) / width, indexing="ij"
        )
        grids.append(np.stack([x, y], axis=-1).reshape(-1, 2))
    # From numpy, so that an export holds it as a constant.
    return torch.from_numpy(np.concatenate(grids).astype(np.float32)).to(like)[None, :, None]


class DeformableAttention(nn.Module):
    """Each query reads a few points around its own place on every level.

    Attributes:
        sampling: how it reads.

    Args:
        width: channels of queries, values and result.
        heads: attention heads.
        levels: maps that are read.
        points: per head and level.
        value_width: inner channels, a multiple of the heads.
    """

    def __init__(
        self, width: int, heads: int, levels: int, points: int, value_width: int | None = None
    ) -> None:
        """Make the layers under the names that `transformers` gives them."""
        super().__init__()
        inner = value_width or width
        self.heads, self.levels, self.points = heads, levels, points
        self.sampling: Sampling = "grid_sample"
        self.sampling_offsets = nn.Linear(width, heads * levels * points * 2)
        self.attention_weights = nn.Linear(width, heads * levels * points)
        self.value_proj = nn.Linear(width, inner)
        self.output_proj = nn.Linear(inner, width)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Start by looking in as many directions as there are heads, farther with each point."""
        angles = torch.arange(self.heads) * (2 * math.pi / self.heads)
        directions = torch.stack([angles.cos(), angles.sin()], dim=-1)
        directions = directions / directions.abs().amax(dim=-1, keepdim=True)
        steps = torch.arange(1, self.points + 1).view(1, 1, -1, 1)
        offsets = directions[:, None, None] * steps.expand(-1, self.levels, -1, -1)
        nn.init.zeros_(self.sampling_offsets.weight)
        nn.init.zeros_(self.attention_weights.weight)
        nn.init.zeros_(self.attention_weights.bias)
        with torch.no_grad():
            self.sampling_offsets.bias.copy_(offsets.flatten())
        for layer in (self.value_proj, self.output_proj):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def attend(self, queries: Tensor, places: Tensor, values: Tensor, shapes: Shapes) -> Tensor:
        """Read the values around each query's place.

        Args:
            queries: (B, Q, width).
            places: (B or 1, Q, levels or 1, 2), x and y, 0 to 1 from edge to edge.
            values: (B, sum of h * w, width), level by level, row by row.
            shapes: h, w of each level.

        Returns:
            (B, Q, width).
        """
        batch, count, _ = queries.shape
        heads, levels = self.heads, self.levels
        value = self.value_proj(values).unflatten(2, (heads, -1)).permute(0, 2, 3, 1).flatten(0, 1)
        weights = self.attention_weights(queries).view(batch, count, heads, -1).softmax(dim=-1)
        weights = weights.unflatten(3, (levels, -1)).transpose(1, 2).flatten(0, 1)
        sizes = queries.new_tensor([[w, h] for h, w in shapes])[:, None]
        offsets = self.sampling_offsets(queries).view(batch, count, heads, levels, -1, 2) / sizes
        points = (places[:, :, None, :, None] + offsets).transpose(1, 2).flatten(0, 1)
        read = _SAMPLERS[self.sampling]
        result: Any = 0
        parts = value.split([h * w for h, w in shapes], dim=2)
        for level, (part, shape) in enumerate(zip(parts, shapes, strict=True)):
            result = result + read(
                part.unflatten(2, shape), points[:, :, level], weights[:, :, level]
            )
        output: Tensor = self.output_proj(result.view(batch, -1, count).transpose(1, 2))
        return output

    forward = attend


class PixelDecoderAttention(DeformableAttention):
    """The same inside the pixel decoder of `transformers`, called as that one calls its own."""

    def forward(  # type: ignore[override]
        self,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor,
        position_embeddings: Tensor,
        spatial_shapes_list: Shapes,
        **_: Any,
    ) -> tuple[Tensor, None]:
        """Positions are added to the queries; nothing is masked, since no image is padded.

        For the same reason each query's place is the centre of its pixel on every level;
        what `transformers` works out for it is not looked at. All states are float (B, Q, width).
        """
        queries = hidden_states + position_embeddings
        shapes = [(int(h), int(w)) for h, w in spatial_shapes_list]
        places = centres(shapes, queries)
        return self.attend(queries, places, encoder_hidden_states, shapes), None


def set_sampling(network: nn.Module, sampling: Sampling) -> int:
    """Choose the sampling of every deformable attention in a network; return how many there are."""
    found = [module for module in network.modules() if isinstance(module, DeformableAttention)]
    for module in found:
        module.sampling = sampling
    return len(found)
