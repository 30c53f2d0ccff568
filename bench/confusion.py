"""The confusion matrix of one pair of label images, against the quicker of two baselines."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.rows import BenchRow, compare
from seg_perception.evaluation.confusion import count_pairs

_SIZE = (1536, 2048)
_CLASSES = 64


def run() -> list[BenchRow]:
    """Measure against each baseline; the row with the larger ratio counts."""
    truth, predicted = _pair()
    baselines = {
        "cv2.calcHist": lambda: _calc_hist(truth, predicted),
        "np.bincount": lambda: _bincount(truth, predicted),
    }
    step = f"confusion matrix {_SIZE[1]}x{_SIZE[0]}, {_CLASSES} classes"
    rows = [
        compare(
            step, lambda: count_pairs(truth, predicted, _CLASSES), baseline, budget=1.2, name=name
        )
        for name, baseline in baselines.items()
    ]
    return [max(rows, key=lambda row: row.ratio)]


def _pair() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Truth in blocks, as labels are, and a prediction that is mostly right."""
    random = np.random.default_rng(0)
    coarse = random.integers(0, _CLASSES, (48, 64), dtype=np.uint8)
    truth = np.kron(coarse, np.ones((32, 32), np.uint8))
    guess = random.integers(0, _CLASSES, _SIZE, dtype=np.uint8)
    return truth, np.where(random.random(_SIZE) < 0.8, truth, guess)


def _calc_hist(truth: NDArray[np.uint8], predicted: NDArray[np.uint8]) -> object:
    columns = [truth.reshape(-1, 1), predicted.reshape(-1, 1)]
    size = [_CLASSES, _CLASSES]
    return cv2.calcHist(columns, [0, 1], None, size, [0, _CLASSES, 0, _CLASSES])


def _bincount(truth: NDArray[np.uint8], predicted: NDArray[np.uint8]) -> object:
    pairs = truth.reshape(-1).astype(np.intp) * _CLASSES + predicted.reshape(-1)
    return np.bincount(pairs, minlength=_CLASSES * _CLASSES)
