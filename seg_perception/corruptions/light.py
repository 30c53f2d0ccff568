"""Too little light, too much of it, and air that scatters it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Rng = np.random.Generator

# Of 255: what hangs in the air is a little darker than the sky behind it.
_AIRLIGHT = 215.0


def expose(image: Image, factor: float) -> Image:
    """So many times the light, uint8 (H, W, 3); what is brighter than white is lost."""
    table = np.clip(np.arange(256) * factor, 0, 255).round().astype(np.uint8)
    return np.asarray(cv2.LUT(image, table), np.uint8)


def add_noise(image: Image, deviation: float, rng: Rng, *, colour: bool = True) -> Image:
    """Noise of a sensor at high gain, uint8 (H, W, 3).

    Args:
        image: the picture.
        deviation: of the noise; 1 is full scale.
        rng: draws it.
        colour: whether each channel has its own; else all three have the same.
    """
    if deviation <= 0:
        return image
    shape = image.shape if colour else (*image.shape[:2], 1)
    noise = rng.standard_normal(shape, np.float32) * np.float32(255 * deviation)
    return np.asarray(np.clip((image + noise).round(), 0, 255), np.uint8)


def darken(image: Image, factor: float, deviation: float, rng: Rng) -> Image:
    """Dusk: a small part of the light, and noise that did not get less with it."""
    return add_noise(expose(image, factor), deviation, rng)


def haze(image: Image, transmission: float) -> Image:
    """Air that lets through so much at the top of a picture, uint8 (H, W, 3), all at its foot.

    Koschmieder's law, I t + A (1 - t), with the height in the picture in distance's place, since
    pictures do not say how far away things are.
    """
    through = np.linspace(transmission, 1.0, len(image), dtype=np.float32)[:, None, None]
    hazy = image * through + np.float32(_AIRLIGHT) * (1 - through)
    return np.asarray(np.clip(hazy.round(), 0, 255), np.uint8)
