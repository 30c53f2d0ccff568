"""What a confidence means: the share of right labels, by class, as held-out pictures showed it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.inference.manifest import ClassConfidence

LEVELS = 256


def calibrated(
    labels: NDArray[Any], confidence: NDArray[np.uint8], table: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Confidence (H, W) of labels (H, W); that of unknown pixels stays.

    Args:
        labels: class ids.
        confidence: as the network gives it.
        table: of `confidence_table`.
    """
    row = np.minimum(labels, len(table) - 1).astype(np.uint32)
    return np.asarray(table.reshape(-1).take(row * LEVELS + confidence))


def confidence_table(classes: Sequence[ClassConfidence]) -> NDArray[np.uint8]:
    """uint8 (classes + 1, 256): what each level becomes; in the last row all stay."""
    rows = np.rint(255 * confidence_shares(classes)).astype(np.uint8)
    return np.vstack([rows, np.arange(LEVELS, dtype=np.uint8)])


def confidence_shares(classes: Sequence[ClassConfidence]) -> NDArray[np.float64]:
    """Share of right labels, 0 to 1, (classes, 256), that each level of each class stands for."""
    slopes = np.array([entry.slope for entry in classes])[:, None]
    offsets = np.array([entry.offset for entry in classes])[:, None]
    return np.asarray(1 / (1 + np.exp(-np.clip(slopes * level_odds() + offsets, -30, 30))))


def level_odds() -> NDArray[np.float64]:
    """Logarithm of the odds of each of 256 levels, in the middle of what it stands for."""
    shares = (np.arange(LEVELS) + 0.5) / LEVELS
    return np.asarray(np.log(shares / (1 - shares)))
