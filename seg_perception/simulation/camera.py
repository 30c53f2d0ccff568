"""A simulated camera: a lens, a shutter, a noisy chip."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.simulation.light import Light
from seg_perception.simulation.noise import Floats
from seg_perception.simulation.scene import Scene
from seg_perception.simulation.shapes import Array
from seg_perception.simulation.surfaces import SURFACES
from seg_perception.types import Calibration

_GRAIN = 0.007


@dataclass(frozen=True)
class Picture:
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

    def __init__(self, calibration: Calibration) -> None:
        """Send one ray through the middle of every pixel of the raw image.

        Args:
            calibration: `plumb_bob`, without roi and binning.
        """
        self.calibration = calibration
        u, v = np.meshgrid(np.arange(calibration.width), np.arange(calibration.height))
        pixels = np.stack([u, v], axis=2).reshape(-1, 1, 2).astype(np.float64)
        criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 60, 1e-12)
        flat = cv2.undistortPointsIter(pixels, calibration.k, calibration.d, None, None, criteria)
        rays = np.concatenate([flat.reshape(-1, 2), np.ones((flat.shape[0], 1))], axis=1)
        rays /= np.linalg.norm(rays, axis=1, keepdims=True)
        self._rays = rays.reshape(calibration.height, calibration.width, 3).astype(np.float32)
        corner = np.hypot(calibration.width, calibration.height) / 2
        away = np.hypot(u - calibration.width / 2, v - calibration.height / 2) / corner
        self._vignette = (1 - 0.22 * away**2)[..., None].astype(np.float32)

    def render(
        self, scene: Scene, T_world_camera: Array, time_s: float, light: Light, seed: list[int]
    ) -> Picture:
        """Take a picture.

        Args:
            scene: what is there.
            T_world_camera: (4, 4), optical frame.
            time_s: when.
            light: the weather.
            seed: of the chip's noise.
        """
        rotation = T_world_camera[:3, :3].astype(np.float32)
        directions = self._rays @ rotation.T
        origin = T_world_camera[:3, 3].astype(np.float32)
        origins = np.ascontiguousarray(np.broadcast_to(origin, directions.shape))
        times = np.full(directions.shape[1], time_s)
        hits = scene.cast(origins, directions, times)
        radiance = light.radiance(scene, hits, origins, directions, time_s)
        rgb = develop(radiance * self._vignette, light, np.random.default_rng(seed))
        return Picture(rgb, hits.surface, hits.distance)


def develop(radiance: Floats, light: Light, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Expose, blur slightly as a lens does, bend to display brightness, add noise.

    Args:
        radiance: float32 (h, w, 3), linear.
        light: knows the exposure and the white balance.
        rng: of the noise.

    Returns:
        uint8 (h, w, 3).
    """
    sharp = cv2.GaussianBlur(radiance, (3, 3), 0.55)
    metered = float(np.median(sharp[::8, ::8].mean(axis=2)))
    balance = np.array([1 + light.warmth, 1.0, 1 - light.warmth], np.float32)
    exposed = sharp * (balance * np.float32(light.exposure**2 / max(metered, 1e-3)))
    bent = cv2.sqrt(_shoulder(exposed))
    height, width = bent.shape[:2]
    grain = rng.standard_normal((height, width), np.float32)[..., None] * np.float32(_GRAIN)
    return np.clip((bent + grain) * 255, 0, 255).astype(np.uint8)


def _shoulder(linear: Floats) -> Floats:
    """Compress highlights towards white: x (1 + x / 2.5) / (1 + x), with x scaled to keep greys."""
    scaled: Floats = linear * np.float32(1.15)
    return scaled * (1 + scaled * np.float32(1 / 2.56)) / (1 + scaled)


def class_image(surface: NDArray[np.uint8], table: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Turn surface numbers into class ids by a table of `SURFACES.class_ids`."""
    labels: NDArray[np.uint8] = table[surface]
    return labels


def used_classes() -> frozenset[str]:
    """Names of all classes that a picture may hold."""
    return frozenset(SURFACES.class_names)
