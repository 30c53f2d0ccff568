"""Moments of simulated drives, whose calibration and clocks are exact: rendered once, then read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.calibration.recordings import Moments
from seg_perception.alignment.depth_edges import depth_edges
from seg_perception.alignment.edge_maps import edge_maps
from seg_perception.alignment.edge_points import EdgePoints
from seg_perception.alignment.observation import Observation
from seg_perception.alignment.reflectivity_edges import reflectivity_edges
from seg_perception.core.types import NANOSECONDS, PointCloud
from seg_perception.simulation import rig
from seg_perception.simulation.config import SimulationConfig
from seg_perception.simulation.lidar import LidarScan, SimulatedLidar
from seg_perception.simulation.rig import MountedCamera
from seg_perception.simulation.trajectory import Trajectory
from seg_perception.simulation.world import World

Arrays = dict[str, NDArray[Any]]

BEAMS = (32, 128)
CAMERAS = ("front", "left", "right")
SEEDS = (1, 2, 3)
# A minute of driving, and the moments that are looked at by default.
_SECONDS, _MOMENTS = 60.0, 24
# The camera's own clock and the lidar's do not beat together: pictures are so much later.
_PICTURE_AFTER_S = 0.03
# Offsets of the camera's clock of which the pose is kept.
STEP_S, STEPS = 0.01, 24
_COLUMNS = 1024


def moments(folder: Path, seed: int, beams: int, camera: str) -> Moments:
    """What a camera and a lidar of one drive saw, in the order of time."""
    path = folder / f"world_{seed}.npz"
    if not path.exists():
        _save(path, _arrays(_config(seed)))
    calibration = rig.calibration(_config(seed))
    with np.load(path) as file:
        kept = {name: file[name] for name in file.files if name.startswith((camera, str(beams)))}
    return [
        Observation(
            camera=camera,
            lidar=f"lidar{beams}",
            picture=picture,
            maps=edge_maps(picture),
            calibration=calibration,
            rectified=False,
            sensor_px=(1.0, 1.0),
            depth_edges=_edges(kept, f"{beams}.depth", at),
            reflectivity_edges=_edges(kept, f"{beams}.reflectivity", at),
            T_camera_lidar=kept[f"{camera}.T"][at],
            frames=("camera", "lidar"),
        )
        for at, picture in enumerate(kept[f"{camera}.pictures"])
    ]


def late(seen: Moments, clock_s: float, reach_s: float) -> Moments:
    """The same moments with the camera's stamps off by a multiple of `STEP_S`.

    Their poses are those of offsets from -`reach_s` to it that would be tried.
    """
    middle, reach = STEPS + round(clock_s / STEP_S), round(reach_s / STEP_S)
    kept = slice(middle - reach, middle + reach + 1)
    return [replace(one, T_camera_lidar=one.T_camera_lidar[kept]) for one in seen]


def _config(seed: int) -> SimulationConfig:
    return SimulationConfig(
        seed=seed,
        duration_s=_SECONDS,
        speed_mps=1.5,
        camera_width=640,
        camera_height=360,
        side_cameras=True,
    )


def _arrays(config: SimulationConfig) -> Arrays:
    world = World(config)
    arrays: dict[str, list[Any]] = {}
    for index, time_s in enumerate(np.linspace(1, _SECONDS - 1, _MOMENTS)):
        for number, mounted in enumerate(world.cameras):
            seed = [config.seed, number, index]
            poses = mounted.poses(world.trajectory)
            shot_s = time_s + _PICTURE_AFTER_S
            shot = mounted.camera.render(world.scene, poses, shot_s, world.light, seed)
            arrays.setdefault(f"{mounted.name}.pictures", []).append(shot.rgb)
            poses_T = _poses(world.trajectory, mounted, float(time_s))
            arrays.setdefault(f"{mounted.name}.T", []).append(poses_T)
        for beams in BEAMS:
            for kind, edges in _scanned(world, float(time_s), beams, index).items():
                for part in ("edge", "outside"):
                    name = f"{beams}.{kind}.{part}"
                    arrays.setdefault(name, []).append(getattr(edges, part))
    counts = {
        f"{name.rpartition('.')[0]}.count": np.array([len(part) for part in parts])
        for name, parts in arrays.items()
        if name.endswith("edge")
    }
    joined = {
        name: np.concatenate(parts) if name[0].isdigit() else np.stack(parts)
        for name, parts in arrays.items()
    }
    return joined | counts


def _poses(drive: Trajectory, mounted: MountedCamera, time_s: float) -> NDArray[np.float64]:
    """T_camera_lidar for each offset that the camera's clock could have, float64 (K, 4, 4)."""
    times = time_s + _PICTURE_AFTER_S + STEP_S * np.arange(-STEPS, STEPS + 1)
    T_world_lidar = drive.pose(time_s) @ rig.T_BASE_LIDAR
    T_camera_world = np.linalg.inv(mounted.poses(drive)(times))
    T: NDArray[np.float64] = T_camera_world @ T_world_lidar
    return T


def _scanned(world: World, time_s: float, beams: int, index: int) -> dict[str, EdgePoints]:
    config = world.config
    lidar = SimulatedLidar(
        beams,
        _COLUMNS,
        config.lidar_view_rad,
        NANOSECONDS // config.lidar_rate_hz,
        config.lidar_range_noise_m,
    )
    seed = [config.seed, beams, index]
    scan = lidar.scan(world.scene, world.trajectory, rig.T_BASE_LIDAR, time_s, seed)
    cloud = PointCloud(scan.points, 0, "lidar", is_dense=True)
    xyz = _at_once(scan, world.trajectory, time_s)
    return {
        "depth": depth_edges(cloud, xyz),
        "reflectivity": reflectivity_edges(cloud, xyz),
    }


def _at_once(scan: LidarScan, drive: Trajectory, time_s: float) -> NDArray[np.float32]:
    """The points as if measured at once, at the scan's stamp: float32 (N, 3)."""
    points = scan.points.reshape(-1)
    fired, column = np.unique(points["t"], return_inverse=True)
    poses = drive.poses(time_s + fired * 1e-9) @ rig.T_BASE_LIDAR
    T = np.linalg.inv(drive.pose(time_s) @ rig.T_BASE_LIDAR) @ poses
    xyz = np.stack([points[axis] for axis in "xyz"], axis=1).astype(np.float64)
    moved = np.einsum("nij,nj->ni", T[column, :3, :3], xyz) + T[column, :3, 3]
    moved[~(points["range"] > 0)] = 0
    at_once: NDArray[np.float32] = moved.astype(np.float32)
    return at_once


def _edges(kept: Arrays, name: str, at: int) -> EdgePoints:
    ends = np.cumsum(kept[f"{name}.count"])
    part = slice(int(ends[at] - kept[f"{name}.count"][at]), int(ends[at]))
    return EdgePoints(kept[f"{name}.edge"][part], kept[f"{name}.outside"][part])


def _save(path: Path, arrays: Arrays) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        np.savez(file, **arrays)
    unfinished.rename(path)
