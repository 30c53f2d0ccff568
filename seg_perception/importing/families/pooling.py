"""Adaptive mean pooling, written so that every runtime has it."""

from __future__ import annotations

from functools import partial
from typing import Any

from torch import Tensor, nn

from seg_perception.training.models.field_cnn import pooling_matrix


def replace_pooling(network: nn.Module) -> None:
    """Let every `nn.AdaptiveAvgPool2d` of a network be two matrix products with constants.

    ONNX has that pooling only where the bins divide the map; the means are the same. The
    modules stay where they are, since UPerNet of `transformers` calls them from a list.

    Raises:
        ValueError: a pooling keeps one side as it is.
    """
    for module in network.modules():
        if isinstance(module, nn.AdaptiveAvgPool2d):
            bins = _bins(module.output_size)
            module.forward = partial(_pool, bins=bins)


def _pool(x: Tensor, bins: tuple[int, int]) -> Tensor:
    """Means of float (B, C, H, W) over (B, C, rows, columns)."""
    rows = pooling_matrix(int(x.shape[-2]), bins[0]).to(x)
    columns = pooling_matrix(int(x.shape[-1]), bins[1]).to(x)
    return rows @ x @ columns.T


def _bins(size: Any) -> tuple[int, int]:
    rows, columns = (size, size) if isinstance(size, int) else size
    if rows is None or columns is None:
        msg = f"an adaptive pooling to {size} keeps a side as it is: expected two numbers"
        raise ValueError(msg)
    return int(rows), int(columns)
