"""Random views of a labelled image: geometry by one affine warp, colour by look-up tables."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.datasets.folder import LabelledImage
from seg_perception.datasets.mapping import IGNORE
from seg_perception.training.config import AugmentationConfig

Rng = np.random.Generator
Image = NDArray[np.uint8]


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
    matrix = _view(sample.image.shape[:2], config, network, crop, rng)
    image = cv2.warpAffine(
        sample.image, matrix, crop, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    targets = cv2.warpAffine(
        sample.targets, matrix, crop, flags=cv2.INTER_NEAREST, borderValue=(IGNORE,)
    )
    return distort(np.asarray(image, np.uint8), config, rng), np.asarray(targets, np.uint8)


def distort(image: Image, config: AugmentationConfig, rng: Rng) -> Image:
    """Vary exposure, colour, focus and noise of a uint8 (H, W, 3) RGB image."""
    image = cv2.LUT(image, _tone_tables(config, rng)).astype(np.uint8)
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    saturation = (
        0.0
        if rng.random() < config.grey
        else rng.uniform(max(0.0, 1 - config.saturation), 1 + config.saturation)
    )
    image = np.asarray(cv2.addWeighted(image, saturation, grey, 1 - saturation, 0), np.uint8)
    if rng.random() < config.blur:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.4)), np.uint8)
    return _add_noise(image, rng.uniform(0, config.noise), rng)


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
    seen = np.array([width, height]) * np.abs(zoom)
    slack = np.maximum(seen - crop, 0) / 2
    centre = rng.uniform(-slack, slack)
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    offset = np.array([(crop[0] - 1) / 2, (crop[1] - 1) / 2]) + centre - linear @ middle
    return np.column_stack([linear, offset])


def _tone_tables(config: AugmentationConfig, rng: Rng) -> NDArray[np.uint8]:
    """uint8 (1, 256, 3): gamma, contrast, brightness and a gain per channel in one table."""
    value = np.linspace(0, 1, 256)[:, None]
    value = value ** np.exp(rng.uniform(-1, 1) * np.log(config.gamma))
    gain = rng.uniform(1 - config.contrast, 1 + config.contrast) * rng.uniform(
        1 - config.colour, 1 + config.colour, 3
    )
    value = (value - 0.5) * gain + 0.5 + rng.uniform(-config.brightness, config.brightness)
    return np.asarray(np.clip(value * 255, 0, 255).round(), np.uint8)[None]


def _add_noise(image: Image, deviation: float, rng: Rng) -> Image:
    noise = rng.standard_normal(image.shape[:2], np.float32)[..., None] * np.float32(
        255 * deviation
    )
    return np.asarray(np.clip(image + noise, 0, 255), np.uint8)
