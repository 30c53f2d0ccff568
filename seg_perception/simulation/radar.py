"""A simulated 4D radar: range, two bearings, Doppler and power of a few hundred echoes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.simulation.config import SimulationConfig
from seg_perception.simulation.noise import Floats
from seg_perception.simulation.planes import dot, to_planes
from seg_perception.simulation.scene import Hits, Scene
from seg_perception.simulation.shapes import Array, Rng
from seg_perception.simulation.surfaces import SKY, SURFACES
from seg_perception.simulation.trajectory import Motion

MAX_RANGE_M = 90.0
MIN_RANGE_M = 0.6
_HALF_AZIMUTH_RAD, _HALF_ELEVATION_RAD = 1.0, 0.26
_AZIMUTH_CELLS, _ELEVATION_CELLS = 128, 20
_THRESHOLD_DB = 11.0

POINT_TYPE = np.dtype([(n, "<f4") for n in ("x", "y", "z", "range", "azimuth", "elevation", "doppler", "power")])


@dataclass(frozen=True)
class Scan:
    """One scan of the radar.

    Attributes:
        points: POINT_TYPE (n,), as measured; Doppler is positive for what recedes.
        surface: uint8 (n,), surface numbers; 255 for ghosts.
        mover: int8 (n,), which mover it was; -1 for none.
    """

    points: NDArray[Any]
    surface: NDArray[np.uint8]
    mover: NDArray[np.int8]


@dataclass(frozen=True)
class _Echoes:
    """True echoes before the receiver: direction (n, 3) in the radar frame, and the rest (n,)."""

    direction: Array
    distance: Array
    doppler: Array
    power_db: Array
    surface: NDArray[np.uint8]
    mover: NDArray[np.int8]


class SimulatedRadar:
    """Looks forward, an hour's hand to either side and a little up and down."""

    def __init__(self, config: SimulationConfig) -> None:
        """Take the noise from the configuration."""
        self._config = config

    def scan(
        self, scene: Scene, T_world_radar: Array, motion: Motion, time_s: float, seed: list[int]
    ) -> Scan:
        """Listen once.

        Args:
            scene: what is there.
            T_world_radar: (4, 4), x forward.
            motion: of the radar itself: its velocity at its own place.
            time_s: when.
            seed: of the noise.
        """
        rng = np.random.default_rng(seed)
        aimed = _aim(rng)
        directions = (aimed @ T_world_radar[:3, :3].T).astype(np.float32)
        origins = T_world_radar[None, None, :3, 3].astype(np.float32)
        hits = scene.cast(origins, directions, np.full(aimed.shape[1], time_s))
        echoes = self._listen(scene, hits, aimed, directions, motion, time_s, rng)
        return self._measure(_with_ghosts(echoes, rng, self._config.radar_false_alarms), rng)

    def _listen(
        self, scene: Scene, hits: Hits, aimed: Array, directions: Floats, motion: Motion, time_s: float, rng: Rng
    ) -> _Echoes:
        """Keep what is loud enough (fading as Swerling's case 1: exponential power)."""
        facing = np.abs(dot(hits.normal, to_planes(directions)))
        met = (hits.surface != SKY) & (hits.distance > MIN_RANGE_M) & (hits.distance < MAX_RANGE_M)
        distance = np.where(met, hits.distance, 1.0)
        power = 12.0 + SURFACES.radar_db[hits.surface] + 20 * np.log10(0.25 + 0.75 * facing)
        power = power - 26 * np.log10(distance / 10) + 10 * np.log10(rng.standard_exponential(met.shape) + 1e-6)
        row, column = np.nonzero(met & (power > _THRESHOLD_DB + rng.normal(0, 1.5, met.shape)))
        velocity = np.zeros((len(row), 3)) - motion.linear
        mover = hits.mover[row, column]
        for index in np.unique(mover[mover >= 0]):
            velocity[mover == index] += scene.movers[index].velocity(scene.track, scene.terrain, time_s)
        doppler = np.einsum("nc,nc->n", velocity, directions[row, column].astype(float))
        surface = hits.surface[row, column]
        return _Echoes(aimed[row, column], distance[row, column], doppler, power[row, column], surface, mover)

    def _measure(self, echoes: _Echoes, rng: Rng) -> Scan:
        """Bearing, range and Doppler with their errors."""
        config, count = self._config, len(echoes.distance)
        x, y, z = echoes.direction.T
        azimuth = np.arctan2(y, x) + rng.normal(0, 1, count) * config.radar_azimuth_noise_rad
        elevation = np.arcsin(np.clip(z, -1, 1)) + rng.normal(0, 1, count) * config.radar_elevation_noise_rad
        distance = np.maximum(echoes.distance + rng.normal(0, 1, count) * config.radar_range_noise_m, 0.1)
        doppler = echoes.doppler + rng.normal(0, 1, count) * config.radar_doppler_noise_mps
        level = distance * np.cos(elevation)
        columns = [level * np.cos(azimuth), level * np.sin(azimuth), distance * np.sin(elevation)]
        columns += [distance, azimuth, elevation, doppler, echoes.power_db]
        points = np.zeros(count, POINT_TYPE)
        for name, column in zip(POINT_TYPE.names or (), columns, strict=True):
            points[name] = column
        return Scan(points, echoes.surface, echoes.mover)


def _aim(rng: Rng) -> Array:
    """One direction (rows, columns, 3) in each resolution cell, at random within it."""
    shape = (_ELEVATION_CELLS, _AZIMUTH_CELLS)
    across = (np.arange(shape[1])[None] + rng.uniform(size=shape)) / shape[1] * 2 - 1
    up = (np.arange(shape[0])[:, None] + rng.uniform(size=shape)) / shape[0] * 2 - 1
    azimuth, elevation = across * _HALF_AZIMUTH_RAD, up * _HALF_ELEVATION_RAD
    level = np.cos(elevation)
    return np.stack([level * np.cos(azimuth), level * np.sin(azimuth), np.sin(elevation)], axis=2)


def _with_ghosts(echoes: _Echoes, rng: Rng, average: float) -> _Echoes:
    """Add false alarms: anywhere, at any speed, faint."""
    count = int(rng.poisson(average))
    azimuth = rng.uniform(-_HALF_AZIMUTH_RAD, _HALF_AZIMUTH_RAD, count)
    elevation = rng.uniform(-_HALF_ELEVATION_RAD, _HALF_ELEVATION_RAD, count)
    level = np.cos(elevation)
    direction = np.stack([level * np.cos(azimuth), level * np.sin(azimuth), np.sin(elevation)], axis=1)
    return _Echoes(
        np.concatenate([echoes.direction, direction]),
        np.append(echoes.distance, rng.uniform(2, 60, count)),
        np.append(echoes.doppler, rng.normal(0, 3, count)),
        np.append(echoes.power_db, _THRESHOLD_DB + rng.exponential(1.0, count)),
        np.append(echoes.surface, np.full(count, 255, np.uint8)),
        np.append(echoes.mover, np.full(count, -1, np.int8)),
    )
