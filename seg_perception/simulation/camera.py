"""A simulated camera: a distortion model, a shutter, a noisy chip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.types import Calibration
from seg_perception.simulation.light import Light, Rays
from seg_perception.simulation.noise import Floats
from seg_perception.simulation.planes import to_planes
from seg_perception.simulation.scene import Scene
from seg_perception.simulation.shapes import Array

_GRAIN = 0.008
Poses = Callable[[Array], Array]


@dataclass(frozen=True)
class Rendering:
    """What a camera saw.

    Attributes:
        rgb: uint8 (h, w, 3).
        surface: uint8 (h, w), numbers of surfaces, exact.
        distance: float32 (h, w), along each ray (metre); inf in the sky.
    """

    rgb: NDArray[np.uint8]
    surface: NDArray[np.uint8]
    distance: Floats


class SimulatedCamera:
    """A pinhole camera with radial and tangential distortion."""

    def __init__(self, calibration: Calibration, readout_s: float = 0.0) -> None:
        """Send one ray through the middle of every pixel of the raw image.

        Args:
            calibration: `plumb_bob`, without roi and binning.
            readout_s: from the first row's exposure to the last one's; 0 is a global shutter.
        """
        self.calibration = calibration
        self.readout_s = readout_s
        self._rays = _pixel_rays(calibration)
        self._vignette = _vignette(calibration.width, calibration.height)

    def render(
        self, scene: Scene, T_world_camera: Poses, time_s: float, light: Light, seed: list[int]
    ) -> Rendering:
        """Take a picture.

        Args:
            scene: what is there.
            T_world_camera: poses (n, 4, 4) of the optical frame at times (n,).
            time_s: when its first row is exposed.
            light: the weather.
            seed: of the chip's noise.
        """
        times = self.row_times_s(time_s)
        poses = T_world_camera(times).astype(np.float32)
        origins = poses[:, None, :3, 3]
        directions = np.matmul(self._rays, poses[:, :3, :3].transpose(0, 2, 1))
        hits = scene.cast(origins, directions, times[:, None])
        rays = Rays(np.moveaxis(origins, 2, 0), to_planes(directions))
        pixel_rad = 1 / self.calibration.k[0, 0]
        radiance = light.radiance(scene, hits, rays, time_s, pixel_rad)
        radiance *= self._vignette
        rgb = _develop(radiance, light, np.random.default_rng(seed))
        return Rendering(rgb, hits.surface, hits.distance)

    def depth_m(self, rendering: Rendering) -> Floats:
        """How far along the optical axis its pixels show something, float32 (h, w), metre."""
        return rendering.distance * self._rays[..., 2]

    def row_times_s(self, time_s: float) -> Array:
        """When the rows are exposed: float64 (h,), or (1,) where all are at once."""
        if self.readout_s == 0:
            return np.array([time_s])
        rows = self.calibration.height
        return time_s + self.readout_s * np.arange(rows) / (rows - 1)


def _pixel_rays(calibration: Calibration) -> Floats:
    """Unit vectors (h, w, 3) through the pixels' centres: the distortion inverted in steps."""
    width, height = calibration.width, calibration.height
    u, v = np.meshgrid(np.arange(width), np.arange(height))
    pixels = np.stack([u, v], axis=2).reshape(-1, 1, 2).astype(np.float64)
    criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 60, 1e-12)
    intrinsics = (calibration.k, calibration.d)
    flat = cv2.undistortPointsIter(pixels, *intrinsics, np.eye(3), np.eye(3), criteria)
    rays = np.concatenate([flat.reshape(-1, 2), np.ones((len(flat), 1))], axis=1)
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    return np.asarray(rays.reshape(height, width, 3), np.float32)


def _vignette(width: int, height: int) -> Floats:
    u, v = np.meshgrid(np.arange(width) - width / 2, np.arange(height) - height / 2)
    away = np.hypot(u, v) / np.hypot(width / 2, height / 2)
    return np.asarray(1 - 0.2 * away**2, np.float32)


def _develop(radiance: Floats, light: Light, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Expose, blur slightly as a lens does, bend to display brightness, add noise.

    Args:
        radiance: float32 (3, h, w), linear.
        light: knows the exposure and the white balance.
        rng: of the noise.

    Returns:
        uint8 (h, w, 3).
    """
    metered = float(np.median(radiance[:, ::8, ::8].mean(axis=0)))
    gain = light.exposure**2 / max(metered, 1e-3)
    grain = rng.standard_normal(radiance.shape[1:], np.float32) * np.float32(_GRAIN)
    developed = []
    for plane, balance in zip(radiance, (1 + light.warmth, 1.0, 1 - light.warmth), strict=True):
        blurred = cv2.GaussianBlur(plane, (3, 3), 0.55)
        bent = cv2.sqrt(_film(blurred * np.float32(gain * balance))) + grain
        developed.append(cv2.convertScaleAbs(np.maximum(bent, 0), alpha=255))
    return np.asarray(cv2.merge(developed), np.uint8)


def _film(linear: Floats) -> Floats:
    """Darker shadows, softer lights (S. Hill's and K. Narkowicz's fit of the ACES curve)."""
    x = linear * np.float32(1.05)
    bent = (x * (np.float32(2.51) * x + np.float32(0.03))) / (
        x * (np.float32(2.43) * x + np.float32(0.59)) + np.float32(0.14)
    )
    return np.asarray(bent, np.float32)
