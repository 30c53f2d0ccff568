"""A correction of where a camera sits, applied on top of tf.

    T_camera_lidar = correction @ T_camera_lidar_of_tf

Both sides lead into the camera's optical frame (x right, y down, z forward) as tf or
`frame_id` names it, after `frame_convention` and before a rectification. The correction maps
points from where tf has them in that frame to where they are: R(rpy) p + xyz with
R = Rz(yaw) Ry(pitch) Rx(roll), ROS' order about fixed axes. So a positive *roll* (about x, right)
lets what lies ahead move up in the picture, a positive *pitch* (about y, down) to the right, and a
positive *yaw* (about z, forward) turns it clockwise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import TransformError
from seg_perception.geometry.quaternion import matrix_to_quaternion, rotation_angle

Matrix = NDArray[np.float64]

_ROUNDING = 1e-3
# Below this cosine of the pitch, roll and yaw turn about the same axis.
_LOCKED = 1e-9


@dataclass(frozen=True)
class Correction:
    """What is added to the place and the orientation of a camera.

    Attributes:
        xyz_m: of points, along the optical axes.
        rpy_deg: about the same axes, fixed.
    """

    xyz_m: tuple[float, float, float] = (0.0, 0.0, 0.0)
    rpy_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)

    NONE: ClassVar[Correction]

    @classmethod
    def of(cls, xyz_m: Sequence[float], rpy_deg: Sequence[float]) -> Correction:
        """Of two lists of three numbers, as they stand in a parameter file."""
        (x, y, z), (roll, pitch, yaw) = xyz_m, rpy_deg
        return cls((x, y, z), (roll, pitch, yaw))

    @classmethod
    def of_matrix(cls, T: Matrix) -> Correction:
        """The correction that `T`, float64 (4, 4), metre, is; pitch lies within 90 degrees.

        Raises:
            TransformError: `T` is not a rigid motion.
        """
        _expect_rigid(T)
        (x, y, z), (roll, pitch, yaw) = T[:3, 3].tolist(), matrix_to_rpy(T[:3, :3])
        return cls((x, y, z), (math.degrees(roll), math.degrees(pitch), math.degrees(yaw)))

    @property
    def is_none(self) -> bool:
        """Whether nothing is corrected."""
        return not any(self.xyz_m) and not any(self.rpy_deg)

    @property
    def angle_deg(self) -> float:
        """By how much it turns, about whatever axis."""
        return math.degrees(rotation_angle(self.T[:3, :3]))

    @property
    def T(self) -> Matrix:  # noqa: N802
        """float64 (4, 4), metre: points of the optical frame as tf has them to where they are."""
        T = np.eye(4)
        if not self.is_none:
            T[:3, :3] = rpy_to_matrix(*map(math.radians, self.rpy_deg))
            T[:3, 3] = self.xyz_m
        return T

    def applied(self, T_camera_lidar: Matrix) -> Matrix:
        """A transform into the optical frame, float64 (4, 4), corrected; none: the same object."""
        return T_camera_lidar if self.is_none else self.T @ T_camera_lidar

    def after(self, earlier: Correction) -> Correction:
        """Both in one: what was found on top of an `earlier` correction that was applied then."""
        return Correction.of_matrix(self.T @ earlier.T)

    def mounted(self, T_parent_camera: Matrix, T_optical_camera: Matrix) -> Matrix:
        """The transform to publish in place of a camera's, so that no correction is needed.

        Args:
            T_parent_camera: float64 (4, 4), the camera's frame in its parent, as tf has it.
            T_optical_camera: float64 (4, 4), axes of the camera's frame: identity where that is
                an optical one, `T_OPTICAL_BODY` where it is a body frame.

        Returns:
            float64 (4, 4), T_parent_camera.
        """
        if self.is_none:
            return T_parent_camera
        back: Matrix = T_optical_camera.T @ np.linalg.inv(self.T) @ T_optical_camera
        return T_parent_camera @ back


Correction.NONE = Correction()


def rpy_to_matrix(roll_rad: float, pitch_rad: float, yaw_rad: float) -> Matrix:
    """Rz(yaw) Ry(pitch) Rx(roll), float64 (3, 3): ROS' fixed-axis order, as URDF has it."""
    (cr, sr), (cp, sp), (cy, sy) = (
        (math.cos(angle), math.sin(angle)) for angle in (roll_rad, pitch_rad, yaw_rad)
    )
    return np.array(
        [
            [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
            [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
            [-sp, cp * sr, cp * cr],
        ]
    )


def matrix_to_rpy(rotation: Matrix) -> tuple[float, float, float]:
    """Roll, pitch and yaw (rad) of a rotation, float64 (3, 3); pitch lies within a right angle.

    Where pitch is a right angle, roll and yaw are one turn: it is given to yaw.
    """
    m = rotation.tolist()
    cos_pitch = math.hypot(m[0][0], m[1][0])
    pitch = math.atan2(-m[2][0], cos_pitch)
    if cos_pitch < _LOCKED:
        return 0.0, pitch, math.atan2(-m[0][1], m[1][1])
    return math.atan2(m[2][1], m[2][2]), pitch, math.atan2(m[1][0], m[0][0])


def static_transform_publisher(parent: str, child: str, T_parent_child: Matrix) -> str:
    """The command that publishes a static transform, float64 (4, 4), metre."""
    x, y, z = (f"{value:.6f}" for value in T_parent_child[:3, 3] + 0.0)
    qx, qy, qz, qw = (f"{v + 0.0:.9f}" for v in matrix_to_quaternion(T_parent_child[:3, :3]))
    return (
        f"ros2 run tf2_ros static_transform_publisher --x {x} --y {y} --z {z} "
        f"--qx {qx} --qy {qy} --qz {qz} --qw {qw} --frame-id {parent} --child-frame-id {child}"
    )


def urdf_origin(T_parent_child: Matrix) -> str:
    """A URDF joint's origin, of float64 (4, 4), metre."""
    xyz = " ".join(f"{value + 0.0:.6f}" for value in T_parent_child[:3, 3])
    rpy = " ".join(f"{value + 0.0:.9f}" for value in matrix_to_rpy(T_parent_child[:3, :3]))
    return f'<origin xyz="{xyz}" rpy="{rpy}"/>'


def _expect_rigid(T: Matrix) -> None:
    rotation = T[:3, :3]
    if (
        T.shape != (4, 4)
        or not np.isfinite(T).all()
        or np.abs(rotation @ rotation.T - np.eye(3)).max() > _ROUNDING
        or np.linalg.det(rotation) < 0
    ):
        msg = f"correction: expected a rotation and a translation, (4, 4), got {T.tolist()}"
        raise TransformError(msg)
