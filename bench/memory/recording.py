"""Simulated drives with exact truth, step by step: rendered once, then read from disk."""

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
from seg_perception.simulation.shapes import Array
from seg_perception.simulation.trajectory import Trajectory
from seg_perception.simulation.world import World

STAMP_NS = 1_750_000_000_000_000_000
CAMERAS = ("front", "left", "right")
STEP_S = 0.2
DRIVE_S, AWAY_S = 30.0, 60.0
_REVISIT_S = 5.0
SPEED_MPS = 1.5
_MARGIN_S, _TF_STEP_S = 0.4, 0.02


@dataclass(frozen=True)
class Step:
    """A fifth of a second of a drive.

    Attributes:
        time_s: when the scan starts and the pictures are taken.
        rgb: uint8 (3, h, w, 3), of the front, left and right camera.
        labels: uint8 (3, h, w), exact.
        points: structured (beams, columns), as the lidar's driver sends them.
        truth: uint8 (beams, columns), class ids; unknown where nothing came back.
        moving: bool (beams, columns), of somebody who moves.
    """

    time_s: float
    rgb: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    points: NDArray[Any]
    truth: NDArray[np.uint8]
    moving: NDArray[np.bool_]

    @property
    def stamp_ns(self) -> int:
        """The same as a stamp."""
        return STAMP_NS + round(self.time_s * NANOSECONDS)


@dataclass(frozen=True)
class Recording:
    """A drive of half a minute, and five seconds of the same way a minute after its start.

    Attributes:
        folder: holds a file for each step.
        config: what was simulated.
    """

    folder: Path
    config: SimulationConfig

    @property
    def times_s(self) -> list[float]:
        """Of all steps."""
        drive = np.arange(round(DRIVE_S / STEP_S)) * STEP_S
        revisit = AWAY_S + np.arange(round(_REVISIT_S / STEP_S)) * STEP_S
        return [*map(float, drive), *map(float, revisit)]

    @property
    def poses(self) -> tuple[Array, Array]:
        """Times (n,), second, and T_odom_base (n, 4, 4) at 50 Hz, as they were."""
        with np.load(self.folder / "poses.npz") as file:
            return file["time_s"], file["T_odom_base"]

    def steps(self) -> Iterator[Step]:
        """All of them, in order."""
        for time_s in self.times_s:
            with np.load(self._path(time_s)) as file:
                yield Step(time_s, **file)

    def record(self) -> None:
        """Render what is not there yet."""
        if all(self._path(time_s).exists() for time_s in self.times_s):
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        world = World(self.config)
        path = _Revisit(world.trajectory)
        times = [
            start + np.arange(-_MARGIN_S, length + _MARGIN_S, _TF_STEP_S)
            for start, length in ((0.0, DRIVE_S), (AWAY_S, _REVISIT_S))
        ]
        every = np.concatenate(times)
        np.savez(self.folder / "poses.npz", time_s=every, T_odom_base=path.poses(every))
        for time_s in self.times_s:
            if not (file := self._path(time_s)).exists():
                unfinished = file.with_suffix(".part.npz")
                np.savez(unfinished, **_measure(world, path, time_s))
                unfinished.rename(file)

    def _path(self, time_s: float) -> Path:
        return self.folder / f"{round(1e3 * time_s):06d}.npz"


def recording(seed: int, cache: Path) -> Recording:
    """The drive of a world, not rendered yet where the cache lacks it."""
    config = SimulationConfig(
        seed=seed,
        duration_s=DRIVE_S + 2,
        speed_mps=SPEED_MPS,
        camera_width=512,
        camera_height=288,
        side_cameras=True,
    )
    return Recording(cache / f"world_{seed}", config)


class _Revisit(Trajectory):
    """A drive whose way begins again after a minute, as at the end of a loop."""

    def __init__(self, drive: Trajectory) -> None:
        self._drive = drive

    def poses(self, time_s: Array) -> Array:
        """T_world_base (n, 4, 4) at times (n,), second."""
        times = np.atleast_1d(time_s)
        again = times > AWAY_S - 2 * _MARGIN_S
        return self._drive.poses(np.where(again, times - AWAY_S, times))


def _measure(world: World, path: Trajectory, time_s: float) -> dict[str, NDArray[Any]]:
    seed = [world.config.seed, round(1e3 * time_s)]
    pictures = [
        mounted.camera.render(world.scene, mounted.poses(path), time_s, world.light, [*seed, k])
        for k, mounted in enumerate(world.cameras)
    ]
    scan = world.lidar.scan(world.scene, path, rig.T_BASE_LIDAR, time_s, seed)
    return {
        "rgb": np.stack([picture.rgb for picture in pictures]),
        "labels": world.class_ids[np.stack([picture.surface for picture in pictures])],
        "points": scan.points,
        "truth": world.class_ids[scan.surface],
        "moving": scan.mover >= 0,
    }
