"""From directions before a camera to imaged slopes and back: by slopes, or by angles beyond them.

Slopes (X / Z, Y / Z) describe whatever lies before the plane of the camera. A fisheye that looks
past that plane images rays at right angles to its axis and behind: they have angles alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from seg_perception.geometry.distortion import DistortionModel, Equidistant
from seg_perception.geometry.radial_profile import Floats, RadialProfile

_NEAREST_M = 1e-3
_SMALLEST = 1e-12

Bent = tuple[Floats, Floats, NDArray[np.bool_] | None]


class FieldOfView(Protocol):
    """Which directions an image holds, and where."""

    def contains(self, columns: Floats) -> NDArray[np.bool_]:
        """Which points may be imaged, bool (N,), of float (3, N), metre: no other is."""

    def bend(self, x: Floats, y: Floats, z: Floats) -> Bent:
        """Imaged slopes of points, float (M,), metre; and which are imaged at all, None: all."""

    def distance(self, x: Floats, y: Floats, z: Floats) -> Floats:
        """How far points are for the question what hides what, float (M,), metre, above 0."""

    def rays(self, x: Floats, y: Floats, turn: NDArray[np.float64]) -> NDArray[np.float64]:
        """Rays of imaged slopes, float64 (M, 3), in the frame from which `turn`, (3, 3), leads."""


@dataclass(frozen=True, eq=False)
class SlopeField:
    """What lies before the plane of the camera; rays have z = 1, distances are along the axis.

    Attributes:
        distortion: how the lens bends rays.
        slopes: (x_min, x_max, y_min, y_max) of the rays that the image can hold.
    """

    distortion: DistortionModel
    slopes: tuple[float, float, float, float]

    def contains(self, columns: Floats) -> NDArray[np.bool_]:
        """By the box of slopes."""
        x, y, z = columns
        x_min, x_max, y_min, y_max = self.slopes
        near: NDArray[np.bool_] = z > _NEAREST_M
        near &= x >= x_min * z
        near &= x <= x_max * z
        near &= y >= y_min * z
        near &= y <= y_max * z
        return near

    def bend(self, x: Floats, y: Floats, z: Floats) -> Bent:
        """Beyond the distortion's limit rays would fold back."""
        x, y = x / z, y / z
        imaged_x, imaged_y = self.distortion.distort(x, y)
        within = x * x + y * y <= self.distortion.limit**2 if self._may_fold else None
        return imaged_x, imaged_y, within

    def distance(self, x: Floats, y: Floats, z: Floats) -> Floats:
        """Along the axis: the inverse is linear in the image of a plane."""
        del x, y
        return z

    def rays(self, x: Floats, y: Floats, turn: NDArray[np.float64]) -> NDArray[np.float64]:
        """NaN where no ray within the field of view leads."""
        x, y = self.distortion.undistort(x, y)
        rays = np.stack([x, y, np.ones_like(x)], axis=1) @ turn
        unit: NDArray[np.float64] = rays / rays[:, 2:]
        return unit

    @property
    def _may_fold(self) -> bool:
        x_min, x_max, y_min, y_max = self.slopes
        return self.distortion.limit < math.hypot(max(-x_min, x_max), max(-y_min, y_max))


class AngleField:
    """A fisheye that looks past its own plane; rays have length 1, distances are straight lines."""

    def __init__(self, lens: Equidistant, widest_rad: float, reach: float) -> None:
        """Follow the lens as far as its polynomial rises.

        Args:
            lens: gives the imaged radius of an angle.
            widest_rad: angle from the axis at which the picture ends.
            reach: imaged slope of the image's farthest corner.
        """
        self._lens = lens
        self._profile = RadialProfile.of_angles(lens.imaged, widest_rad, reach)
        self._widest_rad = self._profile.limit

    def contains(self, columns: Floats) -> NDArray[np.bool_]:
        """By the cone around the axis."""
        x, y, z = columns
        distance = self.distance(x, y, z)
        near: NDArray[np.bool_] = distance > _NEAREST_M
        near &= z >= math.cos(self._widest_rad) * distance
        return near

    def bend(self, x: Floats, y: Floats, z: Floats) -> Bent:
        """By the angle from the axis, 0 to pi."""
        radius = np.hypot(x, y)
        angle = np.arctan2(radius, z)
        scale = self._lens.imaged(angle) / np.maximum(radius, _SMALLEST)
        return x * scale, y * scale, angle <= self._widest_rad

    def distance(self, x: Floats, y: Floats, z: Floats) -> Floats:
        """From the camera's centre: along the axis it is 0 at right angles to it."""
        return np.sqrt(x * x + y * y + z * z)

    def rays(self, x: Floats, y: Floats, turn: NDArray[np.float64]) -> NDArray[np.float64]:
        """NaN where no ray within the field of view leads."""
        x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
        radius = np.hypot(x, y)
        table = self._profile
        angle = np.interp(radius, table.imaged, table.ideal, right=np.nan)
        sine = np.sin(angle) / np.maximum(radius, _SMALLEST)
        return np.stack([x * sine, y * sine, np.cos(angle)], axis=1) @ turn
