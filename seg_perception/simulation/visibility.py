"""Which places of the world a camera sees, and in which pixel: the truth of label transfer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.geometry.camera import CameraModel
from seg_perception.simulation.camera import Poses, SimulatedCamera
from seg_perception.simulation.noise import Floats
from seg_perception.simulation.scene import Scene
from seg_perception.simulation.shapes import Array

_SAME_PLACE_M = 0.06
_ROUNDS = 3


@dataclass(frozen=True)
class Places:
    """Places on things of the world.

    Attributes:
        xyz_world: float32 (n, 3), metre, when they were met.
        mover: int8 (n,), which mover they are on; -1 for none.
        time_s: float64 (n,), when they were met: movers are elsewhere at other times.
    """

    xyz_world: Floats
    mover: NDArray[np.int8]
    time_s: Array


@dataclass(frozen=True)
class VisibleSurface:
    """What one picture shows of some places.

    Attributes:
        uv: float32 (n, 2), pixel; NaN out of view.
        visible: bool (n,), in view with nothing in the way.
    """

    uv: Floats
    visible: NDArray[np.bool_]


def visible_surface(
    scene: Scene, camera: SimulatedCamera, T_world_camera: Poses, time_s: float, places: Places
) -> VisibleSurface:
    """Send a ray from the camera to each place at the time when its row is exposed.

    The row depends on the time and the time on the row: three rounds settle it, since a
    place hardly moves over the image during one read-out.

    Args:
        scene: what is in the way.
        camera: calibration and shutter.
        T_world_camera: poses (n, 4, 4) of the optical frame at times (n,).
        time_s: when the picture's first row is exposed.
        places: what is looked for.
    """
    model = CameraModel.from_calibration(camera.calibration)
    times: NDArray[np.float64] = np.full(len(places.xyz_world), time_s)
    for _ in range(_ROUNDS if camera.readout_s > 0 else 1):
        xyz = _moved(scene, places, times)
        poses = _poses(T_world_camera, times)
        local = np.einsum("nij,ni->nj", poses[:, :3, :3], xyz - poses[:, :3, 3])
        projection = model.project(local)
        row = np.nan_to_num(projection.uv[:, 1], nan=0.0)
        times = time_s + camera.readout_s * row / max(camera.calibration.height - 1, 1)
    visible = np.zeros(len(xyz), np.bool_)
    index = np.flatnonzero(projection.valid)
    visible[index] = _reached(scene, poses[index, :3, 3], xyz[index], times[index])
    return VisibleSurface(projection.uv, visible)


def _moved(scene: Scene, places: Places, times: Array) -> Array:
    """Where places are at other times: those on movers go with them."""
    xyz = places.xyz_world.astype(float)
    for index, mover in enumerate(scene.movers):
        on = np.flatnonzero(places.mover == index)
        before, yaw_before = mover.pose(scene.track, scene.terrain, places.time_s[on])
        after, yaw_after = mover.pose(scene.track, scene.terrain, times[on])
        offset, turn = xyz[on] - before, yaw_after - yaw_before
        cos, sin = np.cos(turn), np.sin(turn)
        x, y, z = offset.T
        xyz[on] = after + np.stack([cos * x - sin * y, sin * x + cos * y, z], axis=1)
    return xyz


def _poses(T_world_camera: Poses, times: Array) -> Array:
    """One pose for each time; those that many share are asked for once."""
    if len(times) == 0:
        return np.zeros((0, 4, 4))
    if np.ptp(times) == 0:
        return np.broadcast_to(T_world_camera(times[:1]), (len(times), 4, 4))
    return T_world_camera(times)


def _reached(scene: Scene, eyes: Array, xyz: Array, times: Array) -> NDArray[np.bool_]:
    offset = xyz - eyes
    distance = np.linalg.norm(offset, axis=1)
    directions = (offset / distance[:, None])[None].astype(np.float32)
    reach = scene.distances(eyes[None].astype(np.float32), directions, times)[0]
    reached: NDArray[np.bool_] = reach > distance - _SAME_PLACE_M
    return reached
