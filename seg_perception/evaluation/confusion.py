"""How often which class was taken for which."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.uint8] | NDArray[np.uint16]
Counts = NDArray[np.int64]

# OpenCV counts in float32, which is exact below 2**24.
_EXACT = 1 << 24


def count_pairs(truth: Labels, predicted: Labels, size: int = 256) -> Counts:
    """Count the pairs of labels.

    Args:
        truth: uint8 or uint16, any shape.
        predicted: the same shape.
        size: ids are below it.

    Returns:
        int64 (size, size): row truth, column prediction.

    Raises:
        ValueError: arrays of different shapes.
    """
    if truth.shape != predicted.shape:
        msg = f"labels: expected shape {truth.shape} as the truth, got {predicted.shape}"
        raise ValueError(msg)
    if truth.dtype == predicted.dtype == np.uint8 and size <= 256:
        return _count_bytes(truth, predicted)[:size, :size]
    pairs = truth.astype(np.int64).reshape(-1) * size + predicted.reshape(-1)
    counts: Counts = np.bincount(pairs, minlength=size * size)[: size * size].reshape(size, size)
    return counts


def _count_bytes(truth: NDArray[Any], predicted: NDArray[Any]) -> Counts:
    """Over all 256 values: OpenCV has a faster way for those than for fewer."""
    counts = np.zeros((256, 256), np.int64)
    truth, predicted = truth.reshape(-1, 1), predicted.reshape(-1, 1)
    for start in range(0, truth.size, _EXACT):
        block = [np.ascontiguousarray(a[start : start + _EXACT]) for a in (truth, predicted)]
        histogram = cv2.calcHist(block, [0, 1], None, [256, 256], [0, 256, 0, 256])
        counts += histogram.astype(np.int64)
    return counts
