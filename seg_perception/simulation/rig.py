"""The cameras that the robot carries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seg_perception.core.types import Calibration
from seg_perception.simulation import vehicle_frames as frames
from seg_perception.simulation.camera import Poses, SimulatedCamera
from seg_perception.simulation.config import SimulationConfig
from seg_perception.simulation.shapes import Array
from seg_perception.simulation.trajectory import Trajectory

_FRONT = "front"
_MOUNTS = {
    _FRONT: frames.T_BASE_CAMERA,
    "left": frames.T_BASE_CAMERA_LEFT,
    "right": frames.T_BASE_CAMERA_RIGHT,
}


@dataclass(frozen=True)
class MountedCamera:
    """One camera of the robot.

    Attributes:
        name: `front`, `left` or `right`.
        camera: what it sees with.
        T_base_body: (4, 4), where its body frame sits.
        body_frame, frame: names of its body frame and its optical frame.
        image_topic, camera_info_topic, truth_topic: where its messages go.
    """

    name: str
    camera: SimulatedCamera
    T_base_body: Array
    body_frame: str
    frame: str
    image_topic: str
    camera_info_topic: str
    truth_topic: str

    @property
    def T_base_camera(self) -> Array:  # noqa: N802
        """Where its optical frame sits (4, 4)."""
        mount: Array = self.T_base_body @ frames.OPTICAL_FROM_BODY
        return mount

    def poses(self, trajectory: Trajectory) -> Poses:
        """T_world_camera (n, 4, 4), optical frame, at times (n,) of a drive."""

        def at(times: Array) -> Array:
            poses: Array = trajectory.poses(times) @ self.T_base_camera
            return poses

        return at


def mounted_cameras(config: SimulationConfig) -> tuple[MountedCamera, ...]:
    """The front camera, and those at the sides where the configuration has them.

    What the configuration calls `front` is called `left` and `right` there.
    """
    camera = SimulatedCamera(calibration(config), config.camera_readout_s)
    names = list(_MOUNTS) if config.side_cameras else [_FRONT]
    return tuple(_mounted(name, camera, config) for name in names)


def _mounted(name: str, camera: SimulatedCamera, config: SimulationConfig) -> MountedCamera:
    def named(text: str) -> str:
        return text.replace(_FRONT, name)

    return MountedCamera(
        name,
        camera,
        _MOUNTS[name],
        named(config.camera_body_frame),
        named(config.camera_frame),
        named(config.image_topic),
        named(config.camera_info_topic),
        named(config.camera_truth_topic),
    )


def calibration(config: SimulationConfig) -> Calibration:
    """The camera's lens: slightly barrel-shaped, its centre a little off the middle."""
    width, height = config.camera_width, config.camera_height
    focal = width / (2 * np.tan(config.camera_view_rad / 2))
    k = np.array(
        [
            [focal, 0, 0.5 * (width - 1) + 0.004 * width],
            [0, focal, 0.5 * (height - 1) - 0.003 * height],
            [0, 0, 1],
        ]
    )
    d = np.array([-0.11, 0.025, 0.0006, -0.0004, 0.0])
    return Calibration(width, height, k, "plumb_bob", d, p=np.hstack([k, np.zeros((3, 1))]))
