"""Metrics of one pair of label images, against what other people score with."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from bench.rows import BenchRow, compare
from seg_perception.evaluation.calibration import calibration, count_levels
from seg_perception.evaluation.confusion import count_pairs
from seg_perception.evaluation.protocol import Mean
from seg_perception.evaluation.scores import ClassCounts

_SIZE = (768, 1024)
_CLASSES = 64
_MEAN = Mean(name="miou")


def run() -> list[BenchRow]:
    """Measure against each library that is installed, and say which is not."""
    truth, predicted, confidence = _pair()
    ours = partial(_iou, truth, predicted)
    rows = [
        *_row("mean IoU", ours, "sklearn", "scikit-learn", partial(_sklearn, truth, predicted)),
        *_row("mean IoU", ours, "torchmetrics", "torchmetrics", _torchmetrics(truth, predicted)),
    ]
    right = truth == predicted
    certain = partial(_ece, confidence, right)
    return [
        *rows,
        *_row(
            "calibration error",
            certain,
            "torchmetrics",
            "torchmetrics",
            _torchmetrics_ece(confidence, right),
        ),
    ]


def _row(
    what: str,
    ours: Callable[[], object],
    module: str,
    name: str,
    baseline: Callable[[], object],
) -> list[BenchRow]:
    step = f"{what} {_SIZE[1]}x{_SIZE[0]}, {_CLASSES} classes"
    if importlib.util.find_spec(module) is None:
        print(f"{step}: not measured, {name} is not installed")
        return []
    return [compare(step, ours, baseline, budget=1.0, name=name)]


def _iou(truth: NDArray[np.uint8], predicted: NDArray[np.uint8]) -> object:
    folded = np.zeros((_CLASSES + 1, _CLASSES + 3), np.int64)
    folded[:_CLASSES, :_CLASSES] = count_pairs(truth, predicted, _CLASSES)
    return ClassCounts.of(folded).mean_iou(_MEAN)


def _ece(confidence: NDArray[np.uint8], right: NDArray[np.bool_]) -> object:
    return calibration(count_levels(confidence, right, np.ones(right.shape, bool)))


def _sklearn(truth: NDArray[np.uint8], predicted: NDArray[np.uint8]) -> object:
    from sklearn.metrics import confusion_matrix

    table = confusion_matrix(truth.reshape(-1), predicted.reshape(-1), labels=range(_CLASSES))
    right = table.diagonal()
    return np.nanmean(right / (table.sum(0) + table.sum(1) - right))


def _torchmetrics(truth: NDArray[np.uint8], predicted: NDArray[np.uint8]) -> Callable[[], object]:
    """The labels are tensors already, as they are where torchmetrics is used."""

    def baseline() -> object:
        from torchmetrics.functional.classification import multiclass_jaccard_index

        return multiclass_jaccard_index(*tensors(), num_classes=_CLASSES)

    cache: list[object] = []

    def tensors() -> list[object]:
        import torch

        if not cache:
            torch.set_num_threads(1)
            cache.extend(torch.from_numpy(a.astype(np.int64)) for a in (predicted, truth))
        return cache

    return baseline


def _torchmetrics_ece(
    confidence: NDArray[np.uint8], right: NDArray[np.bool_]
) -> Callable[[], object]:
    cache: list[object] = []

    def baseline() -> object:
        import torch
        from torchmetrics.functional.classification import binary_calibration_error

        if not cache:
            cache.append(torch.from_numpy(confidence / np.float32(255)))
            cache.append(torch.from_numpy(right.astype(np.int64)))
        return binary_calibration_error(*cache, n_bins=15)

    return baseline


def _pair() -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    """Truth in blocks, as labels are, a prediction that is mostly right, and its confidence."""
    random = np.random.default_rng(0)
    coarse = random.integers(0, _CLASSES, (24, 32), dtype=np.uint8)
    truth = np.kron(coarse, np.ones((32, 32), np.uint8))
    guess = random.integers(0, _CLASSES, _SIZE, dtype=np.uint8)
    predicted = np.where(random.random(_SIZE) < 0.8, truth, guess)
    return truth, predicted, random.integers(0, 256, _SIZE, dtype=np.uint8)
