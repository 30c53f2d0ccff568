"""The robot's frames: where its sensors sit, and how their axes lie (REP-103, REP-105)."""

from __future__ import annotations

import numpy as np

from seg_perception.simulation.shapes import Array

OPTICAL_FROM_BODY: Array = np.array(
    [[0.0, 0.0, 1.0, 0.0], [-1.0, 0.0, 0.0, 0.0], [0.0, -1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
)
"""T_body_optical: z forward, x right, y down, seen from x forward, y left, z up."""


def rotation(roll_rad: float, pitch_rad: float, yaw_rad: float) -> Array:
    """Rotation (3, 3) by roll about x, then pitch about y, then yaw about z (REP-103)."""
    cr, sr = np.cos(roll_rad), np.sin(roll_rad)
    cp, sp = np.cos(pitch_rad), np.sin(pitch_rad)
    cy, sy = np.cos(yaw_rad), np.sin(yaw_rad)
    about_x = np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
    about_y = np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
    about_z = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
    turned: Array = about_z @ about_y @ about_x
    return turned


def pose_matrix(position: Array, roll_rad: float, pitch_rad: float, yaw_rad: float) -> Array:
    """A pose (4, 4) from a position (3,) in metres and angles."""
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
