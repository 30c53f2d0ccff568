"""Observations of simulated drives with exact truth: rendered once, then read from disk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import seg_perception.simulation
from bench.transfer_quality.conditions import DRIVES, Drive
from seg_perception.core.types import NANOSECONDS, Calibration
from seg_perception.simulation import rig
from seg_perception.simulation.camera import SimulatedCamera
from seg_perception.simulation.config import SimulationConfig
from seg_perception.simulation.lidar import SimulatedLidar
from seg_perception.simulation.rig import calibration, mounted_cameras
from seg_perception.simulation.streams import radar_pose
from seg_perception.simulation.trajectory import Slalom, Trajectory
from seg_perception.simulation.visibility import Places, visible_surface
from seg_perception.simulation.world import World

Array = NDArray[np.float64]

STAMP_NS = 1_750_000_000_000_000_000
SWEEP_S = 0.1
CAMERAS = ("front", "left", "right")
RADAR = "radar"
_TF_MARGIN_S, _TF_STEP_S = 0.2, 0.02
_SPEED_MPS, _CURVATURE_RADPM, _TURN_M = 1.0, 0.5, 1.5
_TURNS_APART = 7


@dataclass(frozen=True)
class Plan:
    """What is recorded.

    Attributes:
        seed: of the forest.
        observations: places along the track.
        beams: of the lidars, one recording for each.
        columns: firings of a scan.
        width, height: of the pictures.
    """

    seed: int
    observations: int = 2
    beams: tuple[int, ...] = (32, 128)
    columns: int = 1024
    width: int = 960
    height: int = 540


@dataclass(frozen=True)
class Truth:
    """What is true of the points of one sensor.

    Attributes:
        points: the sensor's structured points (n,), as measured.
        labels: uint8 (n,), class ids; unknown where there is nothing (ghosts, no return).
        measured: bool (n,), something came back.
        uv: float32 (cameras, n, 2), where each camera's picture shows it; NaN out of view.
        visible: bool (cameras, n), it does show it.
    """

    points: NDArray[Any]
    labels: NDArray[np.uint8]
    measured: NDArray[np.bool_]
    uv: NDArray[np.float32]
    visible: NDArray[np.bool_]


@dataclass(frozen=True)
class Observation:
    """One place, one drive: pictures of three cameras, a scan of each lidar, a radar scan.

    Attributes:
        number: seed of the forest and number of the observation in it.
        drive: how the robot moved.
        picture_s: when the pictures' first row is exposed, after the scan's start.
        rgb: uint8 (cameras, h, w, 3).
        labels: uint8 (cameras, h, w), exact.
        tf_s: float64 (k,), after the scan's start, and
        T_odom_base: float64 (k, 4, 4).
        sensors: by `lidar32`, `lidar128`, `radar`.
        calibration: of all cameras.
    """

    number: tuple[int, int]
    drive: Drive
    picture_s: float
    rgb: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    tf_s: Array
    T_odom_base: NDArray[np.float64]
    sensors: dict[str, Truth]
    calibration: Calibration


@lru_cache(maxsize=1)
def mounts() -> Array:
    """T_base_camera (cameras, 4, 4), optical frames, in the order of CAMERAS."""
    cameras = mounted_cameras(
        SimulationConfig(side_cameras=True, camera_width=16, camera_height=16)
    )
    return np.stack([mounted.T_base_camera for mounted in cameras])


def record(plan: Plan, cache: Path) -> Iterator[Observation]:
    """All observations of a forest, from the cache where they are there.

    Args:
        plan: which.
        cache: gets a file for each observation, named after all that decides its content.
    """
    scene: _Scene | None = None
    for number in range(plan.observations):
        for drive in DRIVES:
            path = cache / f"{_key(plan, number, drive)}.npz"
            if not path.exists():
                scene = scene or _Scene(plan)
                _save(path, scene.arrays(number, drive))
            yield _load(path, (plan.seed, number), drive, _config(plan))


class _Standing(Trajectory):
    """A robot that stopped in the middle of a drive."""

    def __init__(self, drive: Trajectory, time_s: float) -> None:
        self._pose = drive.pose(time_s)

    def poses(self, time_s: Array) -> Array:
        """The one pose (n, 4, 4), whenever."""
        return np.broadcast_to(self._pose, (len(np.atleast_1d(time_s)), 4, 4))


class _Scene:
    """One forest and the robot in it."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._world = World(_config(plan))
        seconds = _TURN_M * _TURNS_APART * (plan.observations + 1) / _SPEED_MPS
        self._drive = Trajectory(
            self._world.scene.track,
            self._world.scene.terrain,
            _SPEED_MPS,
            seconds,
            Slalom(_CURVATURE_RADPM, _TURN_M),
        )

    def arrays(self, number: int, drive: Drive) -> dict[str, NDArray[Any]]:
        """Everything about one observation, by name."""
        # The middle of a turn, lefts and rights by turns.
        middle_s = (number * _TURNS_APART + 1.5) * _TURN_M / _SPEED_MPS
        start_s = middle_s - SWEEP_S / 2
        path = self._drive if drive.turning else _Standing(self._drive, middle_s)
        arrays = {}
        picture_s = SWEEP_S / 2 + drive.picture_after_s
        cameras = [_camera(mounted.camera, drive) for mounted in self._world.cameras]
        seed = [self._plan.seed, number]
        shots = [
            camera.render(
                self._world.scene,
                mounted.poses(path),
                start_s + picture_s,
                self._world.light,
                [*seed, index],
            )
            for index, (mounted, camera) in enumerate(
                zip(self._world.cameras, cameras, strict=True)
            )
        ]
        arrays["rgb"] = np.stack([shot.rgb for shot in shots])
        arrays["labels"] = self._world.class_ids[np.stack([shot.surface for shot in shots])]
        arrays["tf_s"] = np.arange(-_TF_MARGIN_S, SWEEP_S + _TF_MARGIN_S, _TF_STEP_S)
        arrays["T_odom_base"] = path.poses(start_s + arrays["tf_s"])
        for name, measured in self._measure(path, start_s, seed).items():
            points, surface, places = measured
            seen = [
                visible_surface(
                    self._world.scene, camera, mounted.poses(path), start_s + picture_s, places
                )
                for mounted, camera in zip(self._world.cameras, cameras, strict=True)
            ]
            arrays[f"{name}.points"] = points
            arrays[f"{name}.labels"] = self._world.class_ids[surface]
            arrays[f"{name}.uv"] = np.stack([each.uv for each in seen])
            arrays[f"{name}.visible"] = np.stack([each.visible for each in seen])
        return arrays

    def _measure(
        self, path: Trajectory, start_s: float, seed: list[int]
    ) -> dict[str, tuple[NDArray[Any], NDArray[np.uint8], Places]]:
        plan, config, scene = self._plan, self._world.config, self._world.scene
        measured = {}
        for beams in plan.beams:
            lidar = SimulatedLidar(
                beams,
                plan.columns,
                config.lidar_view_rad,
                round(SWEEP_S * NANOSECONDS),
                config.lidar_range_noise_m,
            )
            scan = lidar.scan(scene, path, rig.T_BASE_LIDAR, start_s, [*seed, beams])
            points = scan.points.reshape(-1)
            fired_s = start_s + points["t"] * 1e-9
            places = Places(scan.xyz_world.reshape(-1, 3), scan.mover.reshape(-1), fired_s)
            measured[f"lidar{beams}"] = points, scan.surface.reshape(-1), places
        # The radar hears everything at once, when the lidar passes the front.
        time_s = start_s + SWEEP_S / 2
        pose, moving = radar_pose(path, time_s)
        scan = self._world.radar.scan(scene, pose, moving, time_s, [*seed, 1])
        heard_s = np.full(len(scan.points), time_s)
        measured[RADAR] = scan.points, scan.surface, Places(scan.xyz_world, scan.mover, heard_s)
        return measured


def _camera(camera: SimulatedCamera, drive: Drive) -> SimulatedCamera:
    return SimulatedCamera(camera.calibration, drive.readout_s)


def _config(plan: Plan) -> SimulationConfig:
    return SimulationConfig(
        seed=plan.seed,
        camera_width=plan.width,
        camera_height=plan.height,
        side_cameras=True,
        speed_mps=_SPEED_MPS,
    )


def _key(plan: Plan, number: int, drive: Drive) -> str:
    """Changes with the simulator's code, with this file, and with what is recorded."""
    sources = sorted(Path(seg_perception.simulation.__file__).parent.glob("*.py"))
    digest = hashlib.sha256()
    for source in (*sources, Path(__file__)):
        digest.update(source.read_bytes())
    digest.update(repr((asdict(plan), number, asdict(drive))).encode())
    return f"seed{plan.seed}_{number}_{drive.name}_{digest.hexdigest()[:12]}"


def _save(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        np.savez(file, **arrays)
    unfinished.rename(path)


def _load(
    path: Path, number: tuple[int, int], drive: Drive, config: SimulationConfig
) -> Observation:
    with np.load(path) as file:
        arrays = dict(file)
    names = {name.partition(".")[0] for name in arrays if "." in name}
    return Observation(
        number,
        drive,
        SWEEP_S / 2 + drive.picture_after_s,
        arrays["rgb"],
        arrays["labels"],
        arrays["tf_s"],
        arrays["T_odom_base"],
        {name: _truth(name, arrays) for name in names},
        calibration(config),
    )


def _truth(name: str, arrays: dict[str, NDArray[Any]]) -> Truth:
    points = arrays[f"{name}.points"]
    return Truth(
        points,
        arrays[f"{name}.labels"],
        points["range"] > 0,
        arrays[f"{name}.uv"],
        arrays[f"{name}.visible"],
    )
