"""A stereo camera's depths: disparities with an error, what one eye does not see, a range."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.simulation.noise import Floats

# Steps of a pixel in which disparities are found.
_STEPS = 32
# Share of pixels in which nothing is matched, for want of texture.
_UNMATCHED = 0.01
_MILLIMETRES = np.float32(1000)


@dataclass(frozen=True)
class StereoDepth:
    """Two eyes side by side; depths are those of the left one, that takes the pictures.

    Attributes:
        focal_px: of both.
        baseline_m: between them.
        noise_px: standard error of a disparity.
        range_m: what is farther is not matched.
    """

    focal_px: float
    baseline_m: float
    noise_px: float
    range_m: float

    def measure(self, depth_m: Floats, seed: list[int]) -> NDArray[np.uint16]:
        """Depths as a driver sends them.

        Args:
            depth_m: float32 (h, w), along the optical axis; inf in the sky.
            seed: of the noise.

        Returns:
            uint16 (h, w), millimetres; 0 where nothing is measured.
        """
        rng = np.random.default_rng(seed)
        scale = np.float32(self.focal_px * self.baseline_m)
        exact = scale / depth_m
        missing = self._hidden(exact) | (rng.random(depth_m.shape, np.float32) < _UNMATCHED)
        found = exact + rng.standard_normal(depth_m.shape, np.float32) * np.float32(self.noise_px)
        found = np.rint(found * _STEPS) / np.float32(_STEPS)
        with np.errstate(divide="ignore"):
            metres = scale / np.maximum(found, 0)
        missing |= metres > np.float32(self.range_m)
        metres[missing] = 0
        millimetres: NDArray[np.uint16] = np.rint(metres * _MILLIMETRES).astype(np.uint16)
        return millimetres

    def _hidden(self, disparity: Floats) -> NDArray[np.bool_]:
        """What the right eye does not see: something to its right lies before it there."""
        column = np.arange(disparity.shape[1], dtype=np.float32) - disparity
        from_right = np.minimum.accumulate(column[:, ::-1], axis=1)[:, ::-1]
        hidden = np.zeros(disparity.shape, np.bool_)
        hidden[:, :-1] = from_right[:, 1:] < column[:, :-1]
        # And what lies beyond its picture.
        hidden |= column < 0
        return hidden
