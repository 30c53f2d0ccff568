"""What sits on the glass in front of a camera."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Rng = np.random.Generator

_MUD_RGB = (74.0, 62.0, 50.0)
# Mud on the glass is out of focus: its rim is as wide as this share of the picture.
_RIM = 0.02
# How coarse its patches are, columns and rows.
_PATCHES = (12, 7)


def rain_drops(image: Image, count: int, rng: Rng) -> Image:
    """Drops on the glass, each of which shows the scene small, upside down and out of focus.

    Args:
        image: uint8 (H, W, 3).
        count: of the drops; their radii are 1.5 to 6 % of the width.
        rng: places them.
    """
    height, width = image.shape[:2]
    upside_down = cv2.flip(cv2.GaussianBlur(image, (0, 0), width / 60), 0)
    shown = image.astype(np.float32)
    for _ in range(count):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        radius = rng.uniform(0.015, 0.06) * width
        alpha = _disc((height, width), (x, y), radius)[..., None]
        shown = shown * (1 - alpha) + upside_down * alpha
    return np.asarray(np.clip(shown.round(), 0, 255), np.uint8)


def dirt(image: Image, share: float, rng: Rng) -> Image:
    """Mud over a share of the glass, in patches with soft rims.

    Args:
        image: uint8 (H, W, 3).
        share: of the picture that is covered, 0 to 1.
        rng: places it.
    """
    height, width = image.shape[:2]
    field = cv2.resize(
        rng.standard_normal(_PATCHES[::-1], np.float32),
        (width, height),
        interpolation=cv2.INTER_CUBIC,
    )
    covered = (field > np.quantile(field, 1 - share)).astype(np.float32)
    alpha = cv2.GaussianBlur(covered, (0, 0), max(_RIM * width / 2, 0.5))[..., None]
    shown = image * (1 - alpha) + np.array(_MUD_RGB, np.float32) * alpha
    return np.asarray(np.clip(shown.round(), 0, 255), np.uint8)


def _disc(
    shape: tuple[int, int], centre: tuple[float, float], radius: float
) -> NDArray[np.float32]:
    """1 within three quarters of a radius, 0 outside, float32 (H, W)."""
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    distance = np.hypot(columns - centre[0], rows - centre[1]) / radius
    return np.clip((1 - distance) * 4, 0, 1).astype(np.float32)
