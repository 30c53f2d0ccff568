"""Sine position embedding of the decoders, as constants of an exported graph."""

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
