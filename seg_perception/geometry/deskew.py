"""A scan is not a moment: each point is moved to where it would be at the cloud's stamp."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.types import PointCloud
from seg_perception.geometry.quaternion import rotation_angle
from seg_perception.geometry.transforms import TransformTree

_STEP_RAD = 5e-4
_STEP_M = 5e-3
_MAX_STEPS = 64


def deskew(
    cloud: PointCloud,
    offsets_ns: NDArray[np.int64],
    time_ns: int,
    transforms: TransformTree,
    sensor_frame: str,
    fixed_frame: str,
) -> NDArray[np.float32]:
    """Move every point to the sensor's pose at `time_ns`, the corrected stamp of the cloud.

    The scan is cut into steps in which the sensor turns less than 0.5 mrad and moves less
    than 5 mm (64 steps at most), each moved as a rigid piece. A beam without return, whose
    coordinates are all 0, is at no place and stays so.

    Returns:
        float32 (N, 3), metre, sensor frame at `time_ns`.

    Raises:
        TransformError: the sensor's pose in the fixed frame is not known for the whole scan.
    """
    first, last = int(offsets_ns.min()), int(offsets_ns.max())
    T_sensor_fixed = np.linalg.inv(transforms.lookup(fixed_frame, sensor_frame, time_ns))

    def motion(offset_ns: float) -> NDArray[np.float64]:
        pose = transforms.lookup(fixed_frame, sensor_frame, time_ns + round(offset_ns))
        moved: NDArray[np.float64] = T_sensor_fixed @ pose
        return moved

    T_first, T_last = motion(first), motion(last)
    if _step_count(np.eye(4), T_first) == _step_count(np.eye(4), T_last) == 0:
        return cloud.xyz
    steps = max(1, _step_count(T_first, T_last))
    span_ns = (last - first + 1) / steps
    xyz = cloud.xyz
    moved = _move_pieces(
        xyz,
        ((offsets_ns - first) / span_ns).astype(np.uint8),
        [motion(first + (step + 0.5) * span_ns) for step in range(steps)],
    )
    x, y, z = xyz.T
    moved[(x == 0) & (y == 0) & (z == 0)] = 0
    return moved


def _step_count(T_first: NDArray[np.float64], T_last: NDArray[np.float64]) -> int:
    T = np.linalg.inv(T_first) @ T_last
    angle = rotation_angle(T[:3, :3])
    distance = float(np.linalg.norm(T[:3, 3]))
    if angle < _STEP_RAD and distance < _STEP_M:
        return 0
    return min(_MAX_STEPS, math.ceil(max(angle / _STEP_RAD, distance / _STEP_M)))


def _move_pieces(
    xyz: NDArray[np.float32], piece: NDArray[np.uint8], motions: list[NDArray[np.float64]]
) -> NDArray[np.float32]:
    order = np.argsort(piece, kind="stable")
    ends = np.cumsum(np.bincount(piece, minlength=len(motions)))
    sorted_xyz = xyz[order]
    start = 0
    for end, T in zip(ends, motions, strict=True):
        rigid = T.astype(np.float32)
        sorted_xyz[start:end] = sorted_xyz[start:end] @ rigid[:3, :3].T + rigid[:3, 3]
        start = end
    moved = np.empty_like(sorted_xyz)
    moved[order] = sorted_xyz
    return moved
