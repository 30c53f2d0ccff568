"""A simulated spinning lidar: every column is fired from where the robot is just then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.simulation.noise import Floats
from seg_perception.simulation.planes import dot, to_planes
from seg_perception.simulation.scene import Hits, Scene
from seg_perception.simulation.shapes import Array
from seg_perception.simulation.surfaces import SKY, SURFACES
from seg_perception.simulation.trajectory import Trajectory

MAX_RANGE_M = 100.0
MIN_RANGE_M = 0.5
_MISS_SHARE = 0.003
_ROUGH = np.float32(0.2)
"""Share of the light that comes back however the surface lies."""

POINT_TYPE = np.dtype(
    {
        "names": ["x", "y", "z", "intensity", "t", "reflectivity", "ring", "ambient", "range"],
        "formats": ["<f4", "<f4", "<f4", "<f4", "<u4", "<u2", "<u2", "<u2", "<u4"],
        "offsets": [0, 4, 8, 16, 20, 24, 26, 28, 32],
        "itemsize": 48,
    }
)
"""The layout of ouster-ros, padding included."""


@dataclass(frozen=True)
class LidarScan:
    """One turn of the lidar.

    Attributes:
        points: POINT_TYPE (beams, columns), top beam first, in the order of firing; all
            zero but `t` and `ring` where nothing came back.
        surface: uint8 (beams, columns), surface numbers; 255 where nothing came back.
        mover: int8 (beams, columns), which mover was met; -1 for none.
        xyz_world: float32 (beams, columns, 3), the places that were met, without noise.
    """

    points: NDArray[Any]
    surface: NDArray[np.uint8]
    mover: NDArray[np.int8]
    xyz_world: Floats


def towards(azimuth: Array, elevation: Array) -> Array:
    """Unit vectors, float64 (..., 3), x forward, y left, z up, of bearings (radian).

    Args:
        azimuth, elevation: float64, of shapes that broadcast together.
    """
    azimuth, elevation = np.broadcast_arrays(azimuth, elevation)
    level = np.cos(elevation)
    parts = [level * np.cos(azimuth), level * np.sin(azimuth), np.sin(elevation)]
    return np.stack(parts, axis=-1)


class SimulatedLidar:
    """Beams in a fan, turning clockwise from the rear, as an Ouster does."""

    def __init__(
        self, beams: int, columns: int, view_rad: float, period_ns: int, range_noise_m: float
    ) -> None:
        """Aim the beams.

        Args:
            beams: rows of a scan.
            columns: firings of a scan.
            view_rad: from the top beam to the bottom one, level in the middle.
            period_ns: duration of a scan.
            range_noise_m: standard deviation.
        """
        elevation = np.linspace(view_rad / 2, -view_rad / 2, beams, dtype=np.float64)[:, None]
        azimuth = np.pi - 2 * np.pi * np.arange(columns)[None] / columns
        self.directions = towards(azimuth, elevation).astype(np.float32)
        self.offsets_ns: NDArray[np.uint32] = (
            np.arange(columns, dtype=np.int64) * period_ns // columns
        ).astype(np.uint32)
        self._range_noise_m = range_noise_m

    def scan(
        self, scene: Scene, trajectory: Trajectory, mount: Array, start_s: float, seed: list[int]
    ) -> LidarScan:
        """Turn once.

        Args:
            scene: what is there.
            trajectory: where the robot is meanwhile.
            mount: T_base_lidar, float64 (4, 4).
            start_s: when the first column fires.
            seed: of the noise.
        """
        times = start_s + self.offsets_ns.astype(np.float64) * 1e-9
        poses = trajectory.poses(times) @ mount
        directions: Floats = np.einsum(
            "wij,hwj->hwi", poses[:, :3, :3].astype(np.float32), self.directions
        )
        origins = poses[None, :, :3, 3].astype(np.float32)
        hits = scene.cast(origins, directions, times)
        reach: Floats = np.where(np.isfinite(hits.distance), hits.distance, 0).astype(np.float32)
        points, heard = self._measure(hits, directions, np.random.default_rng(seed))
        surface = np.where(heard, hits.surface, np.uint8(255))
        mover = np.where(heard, hits.mover, np.int8(-1))
        return LidarScan(points, surface, mover, origins + reach[..., None] * directions)

    def _measure(
        self, hits: Hits, directions: Floats, rng: np.random.Generator
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """What the receiver reports: range with noise, signal strength, some misses."""
        shape = hits.distance.shape
        facing = np.abs(dot(hits.normal, to_planes(directions)))
        met = (hits.surface != SKY) & (hits.distance > MIN_RANGE_M) & (hits.distance < MAX_RANGE_M)
        reach = np.where(met, hits.distance, np.float32(1))
        returned = SURFACES.reflectivity[hits.surface] * (_ROUGH + (1 - _ROUGH) * facing)
        signal = returned * np.float32(900) / (reach * reach + np.float32(8))
        fading = rng.standard_exponential(shape, np.float32)
        heard = met & (signal > np.float32(0.035) * fading)
        heard &= rng.random(shape, np.float32) > _MISS_SHARE
        noise = rng.standard_normal(shape, np.float32) * np.float32(self._range_noise_m)
        distance = np.where(heard, reach + noise, np.float32(0))
        points = np.zeros(shape, POINT_TYPE)
        for axis, name in enumerate("xyz"):
            points[name] = distance * self.directions[..., axis]
        points["range"] = np.rint(distance * 1000)
        points["intensity"] = np.where(heard, np.rint(signal * 6), 0)
        points["reflectivity"] = np.where(heard, np.rint(returned * 200), 0)
        points["ambient"] = rng.integers(20, 60, shape) + np.where(hits.surface == SKY, 90, 0)
        points["t"] = self.offsets_ns
        points["ring"] = np.arange(shape[0])[:, None]
        return points, heard
