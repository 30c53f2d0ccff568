"""Pieces that look to a model like one that was clicked: what a click says of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from seg_perception.teaching.learning.graph import TeachableGraph
from seg_perception.teaching.learning.targets import NO_TARGET, Point
from seg_perception.teaching.learning.torch_head import TorchHead

# Cosine of standardised features from which on a piece takes the class of a clicked one.
_LIKE = 0.8


@dataclass(frozen=True, eq=False)
class Appearance:
    """What the pieces of a picture look like to a model.

    Attributes:
        pieces: int32 (H, W), their numbers.
        rows: float32 (N, D), mean features of each; zeros where it is too small to have some.
        seen: bool (N,), which of them have some.
    """

    pieces: NDArray[np.int32]
    rows: NDArray[np.float32]
    seen: NDArray[np.bool_]


class Looker:
    """Tells what pieces look like: the features that the last layer reads."""

    def __init__(self, graph: TeachableGraph) -> None:
        """Take the model before; the last layer of a mask decoder reads no picture."""
        self.usable = not graph.of_masks
        self._head, self._name = TorchHead(graph), graph.features

    @torch.no_grad()
    def look(
        self, features: Mapping[str, NDArray[np.float16]], pieces: NDArray[np.int32]
    ) -> Appearance:
        """Look at a picture: what the encoder says of it, and `superpixels`."""
        given = {name: torch.from_numpy(value).float() for name, value in features.items()}
        values = self._head.values_of(given)[self._name][0].numpy()
        height, width = values.shape[1:]
        small = cv2.resize(pieces, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
        numbers, count = np.asarray(small).reshape(-1), int(pieces.max()) + 1
        areas = np.bincount(numbers, minlength=count)
        sums = [np.bincount(numbers, plane.reshape(-1), count) for plane in values]
        rows = np.stack(sums, axis=1) / areas.clip(1)[:, None]
        return Appearance(pieces, rows.astype(np.float32), areas > 0)


def alike(
    looks: Sequence[Appearance], clicks: Sequence[Sequence[Point]]
) -> list[NDArray[np.uint8]]:
    """Classes of the pieces that look like a clicked one of the same picture.

    Args:
        looks: of all clicked pictures.
        clicks: on each.

    Returns:
        uint8 (H, W) for each, `NO_TARGET` where no clicked piece is like what is there.
    """
    rows = np.concatenate([look.rows[look.seen] for look in looks])
    mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    return [
        _labels(_units((look.rows - mean) / spread, look.seen), look.pieces, points)
        for look, points in zip(looks, clicks, strict=True)
    ]


def _units(rows: NDArray[np.float32], seen: NDArray[np.bool_]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True).clip(1e-6)
    units: NDArray[np.float32] = np.where(seen[:, None], rows / lengths, 0)
    return units


def _labels(
    units: NDArray[np.float32], pieces: NDArray[np.int32], points: Sequence[Point]
) -> NDArray[np.uint8]:
    said: defaultdict[int, set[int]] = defaultdict(set)
    for point in points:
        said[int(pieces[point.row, point.column])].add(point.label)
    labels = np.full(len(units), NO_TARGET, np.uint8)
    nearest = np.full(len(units), _LIKE, np.float32)
    for piece, classes in said.items():
        # What is of two classes itself says nothing of its likes.
        if len(classes) == 1:
            likeness = units @ units[piece]
            won = likeness > nearest
            labels[won], nearest[won] = next(iter(classes)), likeness[won]
    found: NDArray[np.uint8] = labels[pieces]
    return found
