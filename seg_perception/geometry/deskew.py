"""A sweep is not a moment: each point is moved to where it would be at the cloud's stamp."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from seg_perception.geometry.transforms import TransformTree
from seg_perception.types import NANOSECONDS, PointCloud

# Drivers' names of the per-point time: Ouster, Velodyne, Hesai and Robosense, Nebula.
TIME_FIELDS = ("t", "time", "timestamp", "time_stamp")
_LONGEST_SWEEP_NS = NANOSECONDS
_STEP_RAD = 5e-4
_STEP_M = 5e-3
_MAX_STEPS = 64


def point_offsets_ns(cloud: PointCloud) -> NDArray[np.int64] | None:
    """Time of each point relative to the cloud's stamp.

    Integer fields count nanoseconds, floating ones seconds; values of the stamp's own
    magnitude are absolute. Points whose time is not finite get the stamp.

    Returns:
        int64 (N,), or None when the cloud has no time field of one number, or one that spans
        more than a second or lies more than a second off the stamp (another clock, another
        unit).
    """
    name = time_field(cloud)
    if name is None or len(cloud) == 0:
        return None
    offsets = _relative_ns(cloud.points[name].reshape(-1), cloud.stamp_ns)
    return offsets if np.abs(offsets).max() <= _LONGEST_SWEEP_NS else None


def time_field(cloud: PointCloud) -> str | None:
    """The field that holds the time of each point; None where there is none of one number."""
    layout = cloud.points.dtype
    return next((n for n in TIME_FIELDS if n in cloud.fields and not layout[n].shape), None)


def deskew(
    cloud: PointCloud,
    offsets_ns: NDArray[np.int64],
    time_ns: int,
    transforms: TransformTree,
    sensor_frame: str,
    fixed_frame: str,
) -> NDArray[np.float32]:
    """Move every point to the sensor's pose at `time_ns`, the corrected stamp of the cloud.

    The sweep is cut into steps in which the sensor turns less than 0.5 mrad and moves less
    than 5 mm (64 steps at most), each moved as a rigid piece.

    Returns:
        float32 (N, 3), metre, sensor frame at `time_ns`.

    Raises:
        TransformError: the sensor's pose in the fixed frame is not known for the whole sweep.
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
    return _move_pieces(
        cloud.xyz,
        ((offsets_ns - first) / span_ns).astype(np.uint8),
        [motion(first + (step + 0.5) * span_ns) for step in range(steps)],
    )


def _relative_ns(values: NDArray[np.generic], stamp_ns: int) -> NDArray[np.int64]:
    times = _nanoseconds(values, stamp_ns)
    is_absolute = times.max() > _LONGEST_SWEEP_NS
    # Returns that were not measured often carry the time 0.
    return np.where(times == 0, 0, times - stamp_ns) if is_absolute else times


def _nanoseconds(values: NDArray[np.generic], stamp_ns: int) -> NDArray[np.int64]:
    if np.issubdtype(values.dtype, np.integer):
        return values.astype(np.int64)
    seconds = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    scale = 1.0 if seconds.max() > stamp_ns / 2 > 0 else float(NANOSECONDS)
    return np.rint(seconds * scale).astype(np.int64)


def _step_count(T_first: NDArray[np.float64], T_last: NDArray[np.float64]) -> int:
    T = np.linalg.inv(T_first) @ T_last
    angle = math.acos(min(1.0, max(-1.0, (float(np.trace(T[:3, :3])) - 1) / 2)))
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
