"""Ways to read a point's label out of what a network says of a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Labels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Places:
    """Where points lie in a picture.

    Attributes:
        u, v: float32 (M,), pixel; integers are pixel centres.
        size: width and height (pixel) of the picture in whose pixels they are told.
    """

    u: Floats
    v: Floats
    size: tuple[int, int]

    def within(self, width: int, height: int) -> tuple[Floats, Floats]:
        """The same in the pixels of a map of another size, float32 (M,) each, none outside."""
        x = (self.u + np.float32(0.5)) * np.float32(width / self.size[0]) - np.float32(0.5)
        y = (self.v + np.float32(0.5)) * np.float32(height / self.size[1]) - np.float32(0.5)
        return x.clip(0, width - 1), y.clip(0, height - 1)


class Lookup(Protocol):
    """One row: how labels are read."""

    @property
    def sent_bytes(self) -> int:
        """What leaves the engine for one picture."""
        ...

    def labels(self, places: Places) -> Labels:
        """The labels of points, uint8 (M,)."""
        ...


@dataclass(frozen=True, eq=False)
class Nearest:
    """The label of the pixel in which a point lies.

    Attributes:
        map: uint8 (h, w).
    """

    map: Labels

    @property
    def sent_bytes(self) -> int:
        """Labels, one byte each."""
        return self.map.nbytes

    def labels(self, places: Places) -> Labels:
        """The labels of points, uint8 (M,)."""
        height, width = self.map.shape
        x, y = places.within(width, height)
        half = np.float32(0.5)
        found: Labels = self.map[(y + half).astype(int), (x + half).astype(int)]
        return found


@dataclass(frozen=True, eq=False)
class Scores:
    """The class with the highest score at the point itself, between four places of a map.

    Attributes:
        scores: float32 (h, w, C).
        sent_bytes: what leaves the engine for one picture.
    """

    scores: Floats
    sent_bytes: int

    def labels(self, places: Places) -> Labels:
        """The labels of points, uint8 (M,)."""
        return _highest(interpolated(self.scores, places))


@dataclass(frozen=True, eq=False)
class Features:
    """The class that the network's last layers give to features asked for at the point itself.

    Attributes:
        features: float32 (h, w, F), before the last ReLU.
        weight, bias: float32 (C, F) and (C,), of the classifier.
    """

    features: Floats
    weight: Floats
    bias: Floats

    @property
    def sent_bytes(self) -> int:
        """Features of 16 bits."""
        return 2 * self.features.size

    def labels(self, places: Places) -> Labels:
        """The labels of points, uint8 (M,)."""
        features = interpolated(self.features, places)
        np.maximum(features, 0, out=features)
        return _highest(features @ self.weight.T + self.bias)


@dataclass(frozen=True, eq=False)
class BestOfFour:
    """No method: the right label wherever one of the four pixels around the point has it.

    What reads between these pixels can't be better.

    Attributes:
        map: uint8 (h, w).
        truth: uint8 (M,), of the points that will be asked for.
    """

    map: Labels
    truth: Labels

    @property
    def sent_bytes(self) -> int:
        """Labels, one byte each."""
        return self.map.nbytes

    def labels(self, places: Places) -> Labels:
        """The labels of points, uint8 (M,)."""
        found = Nearest(self.map).labels(places)
        for around, _ in _corners(places, *self.map.shape[::-1]):
            corner = self.map.reshape(-1)[around]
            found = np.where(corner == self.truth, corner, found)
        return found


def best_few(scores: Floats, count: int) -> Scores:
    """Where each place tells its best classes only: what it does not tell is as low as the last.

    Args:
        scores: float32 (h, w, C).
        count: of classes that are told, as one byte and a float of 16 bits each.
    """
    last = np.sort(scores, axis=2)[:, :, -count, None]
    told = np.maximum(scores, last).astype(np.float16).astype(np.float32)
    return Scores(told, scores.shape[0] * scores.shape[1] * count * 3)


def averaged(labels: Labels, size: tuple[int, int], classes: int) -> Floats:
    """Which share of each place of a smaller map each class has, float32 (h, w, C).

    Args:
        labels: uint8 (H, W).
        size: width and height of the smaller map.
        classes: C.
    """
    shares = [
        cv2.resize((labels == one).astype(np.float32), size, interpolation=cv2.INTER_AREA)
        for one in range(classes)
    ]
    return np.stack(shares, axis=2).astype(np.float32)


def interpolated(values: Floats, places: Places) -> Floats:
    """Values at points between the places of a map, as a network's own enlargement has them.

    Args:
        values: float32 (h, w, C).
        places: of M points.

    Returns:
        float32 (M, C).
    """
    height, width, count = values.shape
    flat = np.ascontiguousarray(values).reshape(-1, count)
    found = np.zeros((len(places.u), count), np.float32)
    for around, weight in _corners(places, width, height):
        found += flat[around] * weight[:, None]
    return found


def _corners(
    places: Places, width: int, height: int
) -> Sequence[tuple[NDArray[np.intp], NDArray[np.float32]]]:
    """The four places of a map around each point, as flat indices, and their weights."""
    x, y = places.within(width, height)
    left, top = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    across, down = x - left.astype(np.float32), y - top.astype(np.float32)
    one = np.float32(1)
    return [
        (top * width + left, (one - across) * (one - down)),
        (top * width + right, across * (one - down)),
        (bottom * width + left, (one - across) * down),
        (bottom * width + right, across * down),
    ]


def _highest(scores: Floats) -> Labels:
    return np.asarray(scores.argmax(axis=1), np.uint8)
