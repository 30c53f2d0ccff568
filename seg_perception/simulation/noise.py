"""Seamless fractal noise: the texture of everything that grew or weathered."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_LONGEST = 32_000
"""OpenCV refuses to remap lines longer than a signed short."""


class NoiseTexture:
    """Fractal noise over the plane, repeating at every unit of `u` and `v`."""

    def __init__(self, seed: int, roughness: float, size: int = 512) -> None:
        """Make one texture.

        Args:
            seed: the same seed gives the same texture.
            roughness: the amplitude falls as frequency to the power of minus this;
                1 is grainy, 2 is soft.
            size: texels along each side.
        """
        self._texture = fractal_texture(seed, roughness, size)

    def sample(self, u: Floats, v: Floats) -> Floats:
        """Look the noise up.

        Args:
            u, v: float32 (h, w), position in periods; any finite value, h below 32,767.

        Returns:
            float32 (h, w), mean 0 and standard deviation 1, within -2.5 to 2.5.
        """
        if u.size == 0:
            return u
        size = self._texture.shape[0]
        column = (u - np.floor(u)) * np.float32(size)
        row = (v - np.floor(v)) * np.float32(size)
        pieces = u.shape[1] // _LONGEST + 1
        columns, rows = (np.array_split(m, pieces, axis=1) for m in (column, row))
        sampled = [self._look_up(c, r) for c, r in zip(columns, rows, strict=True)]
        return np.concatenate(sampled, axis=1) if pieces > 1 else sampled[0]

    def _look_up(self, column: Floats, row: Floats) -> Floats:
        wrapped = cv2.remap(
            self._texture, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP
        )
        return np.asarray(wrapped, np.float32)


@lru_cache(maxsize=8)
def noise_texture(seed: int, roughness: float) -> NoiseTexture:
    """Share the textures: each is made once."""
    return NoiseTexture(seed, roughness)


def fractal_texture(seed: int, roughness: float, size: int, stretch: float = 1.0) -> Floats:
    """White noise filtered to a power law in the frequency domain, which makes it repeat.

    Args:
        seed: the same seed gives the same texture.
        roughness: the amplitude falls as frequency to the power of minus this.
        size: texels along each side.
        stretch: how much longer than wide its features are, along rows' numbers.

    Returns:
        float32 (size, size), mean 0 and standard deviation 1, within -2.5 to 2.5.
    """
    white = np.random.default_rng(seed).standard_normal((size, size))
    along = np.fft.fftfreq(size)[:, None] * stretch
    frequency = np.hypot(along, np.fft.rfftfreq(size)[None, :]) * size
    amplitude = np.where(frequency > 0, np.maximum(frequency, 1.0) ** -roughness, 0.0)
    texture = np.fft.irfft2(np.fft.rfft2(white) * amplitude, s=(size, size))
    return np.asarray(np.clip(texture / texture.std(), -2.5, 2.5), np.float32)
