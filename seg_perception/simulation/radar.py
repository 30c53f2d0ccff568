"""A simulated 4D radar: range, two bearings, Doppler and power of a few hundred echoes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.simulation.config import SimulationConfig
from seg_perception.simulation.lidar import towards
from seg_perception.simulation.noise import Floats
from seg_perception.simulation.planes import dot, to_planes
from seg_perception.simulation.scene import Hits, Scene
from seg_perception.simulation.shapes import Array, Rng
from seg_perception.simulation.surfaces import SKY, SURFACES
from seg_perception.simulation.trajectory import RobotState

MAX_RANGE_M = 90.0
MIN_RANGE_M = 0.6
_HALF_AZIMUTH_RAD, _HALF_ELEVATION_RAD = 1.0, 0.26
_AZIMUTH_CELLS, _ELEVATION_CELLS = 128, 20
_THRESHOLD_DB = 11.0
_GHOST = 255

_FIELDS = ("x", "y", "z", "range", "azimuth", "elevation", "doppler", "power")
POINT_TYPE = np.dtype([(name, "<f4") for name in _FIELDS])


@dataclass(frozen=True)
class RadarReturns:
    """One scan of the radar.

    Attributes:
        points: POINT_TYPE (n,), as measured; Doppler is positive for what recedes.
        surface: uint8 (n,), surface numbers; 255 for ghosts.
        mover: int8 (n,), which mover it was; -1 for none.
        xyz_world: float32 (n, 3), where the echoes come from; NaN for ghosts.
    """

    points: NDArray[Any]
    surface: NDArray[np.uint8]
    mover: NDArray[np.int8]
    xyz_world: Floats


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
        self, scene: Scene, T_world_radar: Array, motion: RobotState, time_s: float, seed: list[int]
    ) -> RadarReturns:
        """Listen once.

        Args:
            scene: what is there.
            T_world_radar: float64 (4, 4), x forward.
            motion: of the radar itself: its velocity at its own place.
            time_s: when.
            seed: of the noise.
        """
        rng = np.random.default_rng(seed)
        aimed = _aim(rng)
        directions = (aimed @ T_world_radar[:3, :3].T).astype(np.float32)
        origins = T_world_radar[None, None, :3, 3].astype(np.float32)
        hits = scene.cast(origins, directions, np.full(aimed.shape[1], time_s))
        receding = _receding(scene, hits, directions, motion, time_s)
        echoes = self._listen(hits, aimed, directions, receding, rng)
        everything = _with_ghosts(echoes, rng, self._config.radar_false_alarms)
        return self._measure(everything, T_world_radar, rng)

    def _listen(
        self, hits: Hits, aimed: Array, directions: Floats, receding: Array, rng: Rng
    ) -> _Echoes:
        """Keep what is loud enough (fading as Swerling's case 1: exponential power)."""
        facing = np.abs(dot(hits.normal, to_planes(directions)))
        met = (hits.surface != SKY) & (hits.distance > MIN_RANGE_M) & (hits.distance < MAX_RANGE_M)
        distance = np.where(met, hits.distance, 1.0)
        power = 12.0 + SURFACES.radar_db[hits.surface] + 20 * np.log10(0.25 + 0.75 * facing)
        power -= 26 * np.log10(distance / 10)
        power = power + 10 * np.log10(rng.standard_exponential(met.shape) + 1e-6)
        heard = met & (power > _THRESHOLD_DB + rng.normal(0, 1.5, met.shape))
        place = np.nonzero(heard)
        return _Echoes(
            direction=aimed[place],
            distance=distance[place],
            doppler=receding[place],
            power_db=power[place],
            surface=hits.surface[place],
            mover=hits.mover[place],
        )

    def _measure(self, echoes: _Echoes, T_world_radar: Array, rng: Rng) -> RadarReturns:
        """Bearing, range and Doppler with their errors."""
        config, error = self._config, rng.normal(0, 1, (4, len(echoes.distance)))
        x, y, z = echoes.direction.T
        azimuth = np.arctan2(y, x) + error[0] * config.radar_azimuth_noise_rad
        elevation = np.arcsin(np.clip(z, -1, 1)) + error[1] * config.radar_elevation_noise_rad
        distance = np.maximum(echoes.distance + error[2] * config.radar_range_noise_m, 0.1)
        doppler = echoes.doppler + error[3] * config.radar_doppler_noise_mps
        xyz = distance[:, None] * towards(azimuth, elevation)
        columns = (*xyz.T, distance, azimuth, elevation, doppler, echoes.power_db)
        points = np.zeros(len(distance), POINT_TYPE)
        for name, column in zip(_FIELDS, columns, strict=True):
            points[name] = column
        xyz_world = _places(echoes, T_world_radar)
        return RadarReturns(points, echoes.surface, echoes.mover, xyz_world)


def _places(echoes: _Echoes, T_world_radar: Array) -> Floats:
    local = echoes.direction * echoes.distance[:, None]
    xyz = local @ T_world_radar[:3, :3].T + T_world_radar[:3, 3]
    xyz[echoes.surface == _GHOST] = np.nan
    places: Floats = xyz.astype(np.float32)
    return places


def _receding(
    scene: Scene, hits: Hits, directions: Floats, motion: RobotState, time_s: float
) -> Array:
    """How fast (h, w) what the rays met moves away from the radar, metre a second."""
    speed: Array = -(directions.astype(float) @ motion.linear)
    for index, mover in enumerate(scene.movers):
        velocity = mover.velocity(scene.track, scene.terrain, time_s)
        met = hits.mover == index
        speed[met] += directions[met] @ velocity
    return speed


def _aim(rng: Rng) -> Array:
    """One direction (rows, columns, 3) in each resolution cell, at random within it."""
    shape = (_ELEVATION_CELLS, _AZIMUTH_CELLS)
    across = (np.arange(shape[1])[None] + rng.uniform(size=shape)) / shape[1] * 2 - 1
    up = (np.arange(shape[0])[:, None] + rng.uniform(size=shape)) / shape[0] * 2 - 1
    azimuth, elevation = across * _HALF_AZIMUTH_RAD, up * _HALF_ELEVATION_RAD
    return towards(azimuth, elevation)


def _with_ghosts(echoes: _Echoes, rng: Rng, average: float) -> _Echoes:
    """Add false alarms: anywhere, at any speed, faint."""
    count = int(rng.poisson(average))
    azimuth = rng.uniform(-_HALF_AZIMUTH_RAD, _HALF_AZIMUTH_RAD, count)
    elevation = rng.uniform(-_HALF_ELEVATION_RAD, _HALF_ELEVATION_RAD, count)
    return _Echoes(
        np.concatenate([echoes.direction, towards(azimuth, elevation)]),
        np.append(echoes.distance, rng.uniform(2, 60, count)),
        np.append(echoes.doppler, rng.normal(0, 3, count)),
        np.append(echoes.power_db, _THRESHOLD_DB + rng.exponential(1.0, count)),
        np.append(echoes.surface, np.full(count, _GHOST, np.uint8)),
        np.append(echoes.mover, np.full(count, -1, np.int8)),
    )
