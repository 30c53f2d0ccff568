"""Random views of a labelled image, by one affine warp; objects pasted from one into another."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.datasets.folder import LabelledImage
from seg_perception.datasets.mapping import IGNORE
from seg_perception.training.config import AugmentationConfig
from seg_perception.training.photometric_augmentation import Image, Rng, augment_photometry

_LEAST_PIXELS = 40


def augment(
    sample: LabelledImage,
    config: AugmentationConfig,
    network: tuple[int, int],
    crop: tuple[int, int],
    rng: Rng,
) -> tuple[Image, Image]:
    """Draw one view.

    Args:
        sample: of any size; it is seen stretched to the network's size, as in serving.
        config: how strongly to vary.
        network: width, height that is served.
        crop: width, height of the view.
        rng: decides everything.

    Returns:
        uint8 (h, w, 3) RGB and uint8 (h, w) targets, 255 outside the image.
    """
    size = (sample.image.shape[0], sample.image.shape[1])
    matrix = _view(size, config, network, crop, rng)
    image = cv2.warpAffine(
        sample.image, matrix, crop, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    targets = cv2.warpAffine(
        sample.targets, matrix, crop, flags=cv2.INTER_NEAREST, borderValue=(IGNORE,)
    )
    return augment_photometry(np.asarray(image, np.uint8), config, rng), np.asarray(
        targets, np.uint8
    )


def paste(view: tuple[Image, Image], donor: tuple[Image, Image], target: int) -> None:
    """Copy the pixels of a target from one view into another of the same size, in place.

    Ghiasi et al., "Simple Copy-Paste is a Strong Data Augmentation Method", CVPR 2021.
    A view that shows too few of them is left out: a crumb teaches nothing.

    Args:
        view, donor: uint8 (h, w, 3) RGB and uint8 (h, w) targets each.
        target: id of what is copied.
    """
    chosen = donor[1] == target
    if np.count_nonzero(chosen) >= _LEAST_PIXELS:
        for mine, theirs in zip(view, donor, strict=True):
            mine[chosen] = theirs[chosen]


def _view(
    size: tuple[int, int],
    config: AugmentationConfig,
    network: tuple[int, int],
    crop: tuple[int, int],
    rng: Rng,
) -> NDArray[np.float64]:
    """The 2x3 matrix from source pixels to pixels of the view."""
    height, width = size
    scale = np.exp(rng.uniform(*np.log(config.scale)))
    aspect = np.exp(rng.uniform(-0.5, 0.5) * np.log(config.aspect))
    flip = -1.0 if rng.random() < 0.5 else 1.0
    zoom = np.array(
        [flip * scale * aspect * network[0] / width, scale / aspect * network[1] / height]
    )
    angle = rng.uniform(-config.rotation_rad, config.rotation_rad)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn * zoom
    extent = np.array([width, height]) * np.abs(zoom)
    slack = np.maximum(extent - crop, 0) / 2
    centre = rng.uniform(-slack, slack)
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    offset = np.array([(crop[0] - 1) / 2, (crop[1] - 1) / 2]) + centre - linear @ middle
    return np.column_stack([linear, offset])
