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
    """Each pair as one 16-bit number: OpenCV counts those faster than pairs."""
    counts = np.zeros(1 << 16, np.int64)
    truth, predicted = truth.reshape(1, -1), predicted.reshape(1, -1)
    for start in range(0, truth.size, _EXACT):
        halves = [half[:, start : start + _EXACT] for half in (truth, predicted)]
        pairs = cv2.merge(halves).view("<u2").astype(np.uint16, copy=False)
        histogram = cv2.calcHist([pairs], [0], None, [1 << 16], [0, 1 << 16])
        counts += histogram[:, 0].astype(np.int64)
    table: Counts = counts.reshape(256, 256).T
    return table
