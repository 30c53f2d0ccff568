"""How sure a point's label is: the network's word, times the chance that it speaks of this point.

    confidence = network * on_label * visible

`network` is what the network says of the pixel, faded by the time between cloud and image.
`on_label` is the chance that the point's true pixel lies on the same side of the nearest label
boundary, given how uncertain its pixel is: by lens and rounding, by calibration where its error
is given, and by the motion during the uncertainty of time. `visible` is the chance that the camera
sees the point and not something before it: a hidden point that gets the right label gets it by
luck. The coefficients are fitted on simulated truth by `python -m bench.transfer_quality.fit`.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.config import TransferConfig
from seg_perception.fusion.projection import ProjectedPoints
from seg_perception.fusion.view import QUARTERS, View

# The logistic function of 1.702 x differs from the normal distribution's by less than 0.01.
_LOGISTIC = np.float32(1.702)
_STEPS, _FARTHEST = 128, 8


class Confidence:
    """Weighs the labels that one view gives to one cloud."""

    def __init__(self, view: View, config: TransferConfig) -> None:
        """Prepare tables: what depends on few values is not computed for every point."""
        image = view.prepared
        self._width = view.camera.width
        self._network = image.label_map.confidence.reshape(-1)
        self._boundary = image.boundary_distance.reshape(-1)
        self._network_table = _network_table(view, config)
        self._visible_table = _visible_table(config)
        focal_px = view.camera.fx
        self._steady_px = math.hypot(config.pixel_sigma_px, focal_px * view.angle_sigma_rad)
        self._offset_px_m = np.float32(focal_px * view.offset_sigma_m)
        self._on_label_table = _same_side(np.arange(256, dtype=np.float32), self._steady_px)

    def of(self, points: ProjectedPoints, far: NDArray[np.float32]) -> NDArray[np.float32]:
        """Confidence of the labels of M points, 0 to 1.

        Args:
            points: the points in the image.
            far: float32 (M,), how many times as far as its surroundings each lies.

        Returns:
            float32 (M,).
        """
        pixel = points.pixel(self._width)
        result = _looked_up(self._network.take(pixel), self._network_table)
        result *= self._on_label(self._boundary.take(pixel), points)
        result *= self._visible_table.take(_steps(far))
        return result

    def _on_label(
        self, quarters: NDArray[np.uint8], points: ProjectedPoints
    ) -> NDArray[np.float32]:
        """Chance that the true pixel lies on this side of a boundary so many quarters off."""
        if self._offset_px_m == 0:
            return _looked_up(quarters, self._on_label_table)
        sigma_px = np.hypot(self._offset_px_m / points.depth, np.float32(self._steady_px))
        return _same_side(quarters.astype(np.float32), sigma_px)


def _same_side(
    quarters: NDArray[np.float32], sigma_px: NDArray[np.float32] | float
) -> NDArray[np.float32]:
    odds_against = np.exp(-quarters * (_LOGISTIC / QUARTERS) / np.float32(sigma_px))
    odds_against += np.float32(1)
    chance: NDArray[np.float32] = np.reciprocal(odds_against, out=odds_against)
    return chance


def _steps(far: NDArray[np.float32]) -> NDArray[np.intp]:
    """The entry of a table for each relative depth: a power of every point would take too long."""
    steps: NDArray[np.intp] = np.minimum(far * np.float32(_STEPS), _STEPS * _FARTHEST - 1).astype(
        np.intp
    )
    return steps


def _visible_table(config: TransferConfig) -> NDArray[np.float32]:
    """Chance that a point is visible, for each step of its relative depth."""
    far = (np.arange(_STEPS * _FARTHEST) + 0.5) / _STEPS
    chance = chance_visible(far, config.occlusion_midpoint_ratio, config.occlusion_steepness)
    return chance.astype(np.float32)


def chance_visible(
    far: NDArray[np.float64], midpoint: float, steepness: float
) -> NDArray[np.float64]:
    """Chance that the camera sees a point so many times as far as its surroundings.

    A straight line in the logarithms of odds and relative depth, as simulated truth shows.

    Args:
        far: float64 (n,), the relative depths.
        midpoint: relative depth at which both are as likely.
        steepness: of the line.

    Returns:
        float64 (n,), 0 to 1.
    """
    chance: NDArray[np.float64] = 1 / (1 + (far / midpoint) ** steepness)
    return chance


def _network_table(view: View, config: TransferConfig) -> NDArray[np.float32]:
    """Weight of each confidence 0 to 255, faded by the time between cloud and image."""
    faded = 0.5 ** (abs(view.time_gap_s) / config.time_gap_half_life_s)
    return np.linspace(0, faded, 256, dtype=np.float32)


def _looked_up(values: NDArray[np.uint8], table: NDArray[np.float32]) -> NDArray[np.float32]:
    found: NDArray[np.float32] = np.zeros(len(values), np.float32)
    if len(values) > 0:
        cv2.LUT(values, table, found.reshape(-1, 1))
    return found
