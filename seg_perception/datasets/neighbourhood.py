"""Hold out whole neighbourhoods of look-alike images, not single images.

Frames of a drive resemble each other, so a random hold-out measures memory. Look
at small thumbnails, cluster them, hold out whole clusters, and leave out of the
training every image that lies too close to a held-out one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

THUMBNAIL = (32, 18)


@dataclass(frozen=True)
class HoldOut:
    """Which images go where; indices into the images given.

    Attributes:
        train: may be learnt from.
        validation: whole clusters.
        dropped: of other clusters, but nearer than the margin to a held-out image.
    """

    train: tuple[int, ...]
    validation: tuple[int, ...]
    dropped: tuple[int, ...]


def describe(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What an image looks like from afar: structure free of exposure, and colour.

    Args:
        image: uint8 (H, W, 3), RGB.

    Returns:
        float32 (1728,): normalised lightness and the two colour axes of CIELAB of a
        32x18 thumbnail.
    """
    small = cv2.resize(image, THUMBNAIL, interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32)
    light = lab[..., 0]
    light = (light - light.mean()) / (light.std() + 5)
    return np.concatenate([light.ravel(), (lab[..., 1:].ravel() - 128) / 20])


def hold_out(
    descriptors: NDArray[np.float32], clusters: int, every: int, margin: float, seed: int = 0
) -> HoldOut:
    """Split by k-means clusters: every `every`-th cluster, from the largest down, is held out.

    Args:
        descriptors: float32 (N, D), one row an image.
        clusters: number of neighbourhoods.
        every: one cluster in this many is held out.
        margin: root mean square distance under which a training image is dropped.
        seed: of the clustering.
    """
    labels = _cluster(descriptors, clusters, seed)
    order = np.argsort(-np.bincount(labels, minlength=clusters), kind="stable")
    held = np.isin(labels, order[every // 2 :: every])
    near = _nearest(descriptors, descriptors[held]) < margin
    return HoldOut(_indices(~held & ~near), _indices(held), _indices(~held & near))


def _cluster(descriptors: NDArray[np.float32], clusters: int, seed: int) -> NDArray[np.int32]:
    cv2.setRNGSeed(seed)
    stop = (cv2.TERM_CRITERIA_MAX_ITER + cv2.TERM_CRITERIA_EPS, 100, 1e-4)
    _, labels, _ = cv2.kmeans(descriptors, clusters, None, stop, 5, cv2.KMEANS_PP_CENTERS)  # type: ignore[call-overload]
    return np.asarray(labels[:, 0], np.int32)


def _nearest(descriptors: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.array(
        [np.sqrt(((others - row) ** 2).mean(axis=1)).min() for row in descriptors], np.float32
    )


def _indices(chosen: Sequence[bool] | NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(int(index) for index in np.flatnonzero(chosen))
