"""Position embeddings, sine and rotary, whose tables are constants of an exported graph.

Engines were wrong where they computed these angles themselves (NVIDIA/TensorRT issues
4558, 4723, 4742). Here they come from numpy, so that a tracer sees numbers.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn


@lru_cache(maxsize=16)
def sine_table(size: tuple[int, int], width: int) -> NDArray[np.float32]:
    """Sines and cosines of row and column numbers, scaled to one turn.

    Carion et al., "End-to-End Object Detection with Transformers", ECCV 2020, supplement A.4.

    Args:
        size: rows, columns.
        width: channels; half of them tell the row, half the column.

    Returns:
        float32 (1, width, rows, columns).
    """
    channels = np.arange(width // 2)
    periods = 10000.0 ** (2 * (channels // 2) / (width // 2))
    tables = []
    for length in size:
        place = np.arange(1, length + 1) / (length + 1e-6) * 2 * np.pi
        angles = place[:, None] / periods
        tables.append(np.where(channels % 2 == 0, np.sin(angles), np.cos(angles)))
    rows = np.broadcast_to(tables[0][:, None], (*size, width // 2))
    columns = np.broadcast_to(tables[1][None], (*size, width // 2))
    table = np.concatenate([rows, columns], axis=2).astype(np.float32)
    return np.ascontiguousarray(table.transpose(2, 0, 1)[None])


class FixedSine(nn.Module):
    """Stands in for the position embedding of `transformers`' Mask2Former.

    Args:
        width: channels.
    """

    def __init__(self, width: int) -> None:
        """Remember the width; there are no weights."""
        super().__init__()
        self._width = width

    def forward(self, shape: Any, device: Any, dtype: torch.dtype, mask: None = None) -> Tensor:
        """Positions (B, width, h, w) for maps of a shape (B, channels, h, w)."""
        del mask
        table = torch.from_numpy(sine_table((int(shape[2]), int(shape[3])), self._width))
        return table.to(device=device, dtype=dtype).expand(int(shape[0]), -1, -1, -1)


@lru_cache(maxsize=16)
def rope_tables(
    grid: tuple[int, int], head_width: int, base: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Cosines and sines of each patch's angles, as DINOv3 has them.

    Patch centres run from -1 to 1 on each axis; a quarter of the channels turns with
    2 pi y / base^(4 i / width), a quarter with x, and both once more.

    Args:
        grid: rows, columns of patches.
        head_width: channels of an attention head, a multiple of 4.
        base: longest period.

    Returns:
        Two float32 (rows * columns, head_width), row by row.
    """
    rows, columns = (2 * (np.arange(n, dtype=np.float32) + 0.5) / np.float32(n) - 1 for n in grid)
    centres = np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1).reshape(-1, 2, 1)
    exponents = np.arange(0, 1, 4 / head_width, dtype=np.float32)
    angles = np.float32(2 * np.pi) * centres / np.float32(base) ** exponents
    angles = np.tile(angles.reshape(len(centres), -1), 2)
    return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)


class FixedRope(nn.Module):
    """Stands in for the rotary embedding of `transformers`.

    In training that one still varies the coordinates, as DINOv3 was trained.

    Args:
        original: the module of `transformers` that is replaced.
        patch: pixels of a patch's side.
        head_width: channels of an attention head.
        base: longest period.
    """

    def __init__(self, original: nn.Module, patch: int, head_width: int, base: float) -> None:
        """Keep the original for training."""
        super().__init__()
        self.original = original
        self._patch, self._head_width, self._base = patch, head_width, base

    def forward(self, pixel_values: Tensor) -> tuple[Tensor, Tensor]:
        """Cosines and sines, float (patches, head_width) each, for an image (B, 3, H, W)."""
        if self.training:
            varied: tuple[Tensor, Tensor] = self.original(pixel_values)
            return varied
        height, width = (int(n) // self._patch for n in pixel_values.shape[-2:])
        tables: Any = rope_tables((height, width), self._head_width, self._base)
        cosines, sines = (torch.from_numpy(table).to(pixel_values) for table in tables)
        return cosines, sines
