"""Masks as runs, as COCO writes them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def encode_runs(mask: NDArray[np.bool_]) -> dict[str, Any]:
    """COCO's uncompressed run lengths: column by column, beginning with zeros.

    Args:
        mask: bool (H, W).

    Returns:
        `size` [H, W], and `counts`: lengths of runs of 0, 1, 0, ...
    """
    flat = mask.T.reshape(-1)
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    lengths = np.diff(np.concatenate([[0], changes, [flat.size]])).tolist()
    return {"size": list(mask.shape), "counts": [0, *lengths] if flat[0] else lengths}


def bounding_box(mask: NDArray[np.bool_]) -> list[int]:
    """Column, row, width and height (pixel) of what is set; of an empty mask four zeros."""
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    if columns.size == 0:
        return [0, 0, 0, 0]
    left, top = int(columns[0]), int(rows[0])
    return [left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1]
