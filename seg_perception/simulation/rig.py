"""The robot's frames and cameras: where sensors sit, how their axes lie (REP-103, REP-105)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seg_perception.core.types import Calibration
from seg_perception.simulation.camera import Poses, SimulatedCamera
from seg_perception.simulation.config import SimulationConfig
from seg_perception.simulation.shapes import Array
from seg_perception.simulation.trajectory import Trajectory

OPTICAL_FROM_BODY: Array = np.array(
    [[0.0, 0.0, 1.0, 0.0], [-1.0, 0.0, 0.0, 0.0], [0.0, -1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
)
"""T_body_optical: z forward, x right, y down, seen from x forward, y left, z up."""


def rotation(roll_rad: float, pitch_rad: float, yaw_rad: float) -> Array:
    """Rotation, float64 (3, 3), by roll about x, then pitch about y, then yaw about z (REP-103)."""
    cr, sr = np.cos(roll_rad), np.sin(roll_rad)
    cp, sp = np.cos(pitch_rad), np.sin(pitch_rad)
    cy, sy = np.cos(yaw_rad), np.sin(yaw_rad)
    about_x = np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
    about_y = np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
    about_z = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
    turned: Array = about_z @ about_y @ about_x
    return turned


def pose_matrix(position: Array, roll_rad: float, pitch_rad: float, yaw_rad: float) -> Array:
    """A pose, float64 (4, 4), from a position (3,) in metres and angles in radians."""
    matrix = np.eye(4)
    matrix[:3, :3] = rotation(roll_rad, pitch_rad, yaw_rad)
    matrix[:3, 3] = position
    return matrix


T_BASE_CAMERA: Array = pose_matrix(np.array([0.32, 0.0, 0.92]), 0.0, 0.05, 0.0)
"""The front camera's body frame: at the bow, looking three degrees down."""

T_BASE_CAMERA_LEFT: Array = pose_matrix(np.array([0.22, 0.2, 0.94]), 0.0, 0.05, 1.05)
T_BASE_CAMERA_RIGHT: Array = pose_matrix(np.array([0.22, -0.2, 0.94]), 0.0, 0.05, -1.05)
"""The side cameras' body frames: turned by sixty degrees, so that their views overlap."""

T_BASE_LIDAR: Array = pose_matrix(np.array([0.0, 0.0, 1.18]), 0.0, 0.0, 0.0)
"""The lidar on the mast."""

T_BASE_RADAR: Array = pose_matrix(np.array([0.45, 0.0, 0.62]), 0.0, 0.0, 0.0)
"""The radar below the camera."""


_FRONT = "front"
_MOUNTS = {
    _FRONT: T_BASE_CAMERA,
    "left": T_BASE_CAMERA_LEFT,
    "right": T_BASE_CAMERA_RIGHT,
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
        """Where its optical frame sits, float64 (4, 4), metre."""
        mount: Array = self.T_base_body @ OPTICAL_FROM_BODY
        return mount

    def poses(self, trajectory: Trajectory) -> Poses:
        """T_world_camera, float64 (n, 4, 4), optical frame, at times (n,), second, of a drive."""

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
    """The camera's calibration: slightly barrel-shaped, its centre a little off the middle."""
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
