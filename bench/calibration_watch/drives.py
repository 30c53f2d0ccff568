"""Simulated drives, of which only the moments are made that somebody looks at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.types import NANOSECONDS
from seg_perception.simulation import rig
from seg_perception.simulation.config import SimulationConfig
from seg_perception.simulation.world import World

# Pictures and scans come when they come: a picture at most so long before its scan (second).
_BEFORE_S = 0.05
_TF_REACH_S, _TF_STEP_S = 0.3, 0.02


@dataclass(frozen=True, eq=False)
class Glimpse:
    """A picture of each camera, the scan beside them, and where the robot was around them.

    Attributes:
        images: uint8 (C, h, w, 3), RGB, of all cameras at once.
        image_ns, scan_ns: their stamps.
        points: the scan, in the layout of ouster-ros.
        pose_ns: int64 (P,).
        poses: float64 (P, 4, 4), T_odom_base.
    """

    images: NDArray[np.uint8]
    image_ns: int
    scan_ns: int
    points: NDArray[Any]
    pose_ns: NDArray[np.int64]
    poses: NDArray[np.float64]


def glimpses(folder: Path, config: SimulationConfig, every_s: float) -> Iterator[Glimpse]:
    """One glimpse in so many seconds of a drive; kept in a folder, since they take long."""
    world: World | None = None
    name = f"{config.scene}_{config.traffic}_{config.seed}_{config.speed_mps:g}"
    cameras = "_three_cameras" if config.side_cameras else ""
    place = folder / f"{name}_{config.lidar_beams}_{config.camera_width}{cameras}"
    place.mkdir(parents=True, exist_ok=True)
    for number in range(int(config.duration_s / every_s)):
        path = place / f"{number:04d}_{every_s:g}.npz"
        if not path.exists():
            world = world or World(config)
            np.savez(path, **vars(_glimpse(world, _slowest_turn(world, number * every_s), number)))
        stored = np.load(path)
        yield Glimpse(**{key: value if value.ndim else int(value) for key, value in stored.items()})


def _slowest_turn(world: World, since_s: float) -> float:
    """When the robot turns least within a second: the watch waits for that."""
    times = since_s + 0.5 + np.arange(0, 1, 0.1)
    return float(min(times, key=lambda s: np.linalg.norm(world.trajectory.motion(s).angular)))


def _glimpse(world: World, time_s: float, number: int) -> Glimpse:
    config = world.config
    random = np.random.default_rng([config.seed, number])
    image_s = time_s - random.uniform(0, _BEFORE_S)
    seed = [config.seed, number]
    pictures = [
        mounted.camera.render(
            world.scene, mounted.poses(world.trajectory), image_s, world.light, [*seed, *which]
        )
        for mounted, which in zip(world.cameras, ([], [1], [2]), strict=False)
    ]
    scan = world.lidar.scan(world.scene, world.trajectory, rig.T_BASE_LIDAR, time_s, seed)
    pose_s = np.arange(time_s - _TF_REACH_S, time_s + _TF_REACH_S, _TF_STEP_S)
    return Glimpse(
        images=np.stack([picture.rgb for picture in pictures]),
        image_ns=config.stamp_ns + round(image_s * NANOSECONDS),
        scan_ns=config.stamp_ns + round(time_s * NANOSECONDS),
        points=scan.points,
        pose_ns=config.stamp_ns + np.rint(pose_s * NANOSECONDS).astype(np.int64),
        poses=world.trajectory.poses(pose_s),
    )
