"""A scan is not a moment: each point is moved to where it would be at the cloud's stamp."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.types import PointCloud
from seg_perception.geometry.quaternion import rotation_angle
from seg_perception.geometry.transforms import TransformTree

_STEP_RAD = 5e-4
_STEP_M = 5e-3
_MAX_STEPS = 64
_BLOCK = 1 << 14


@dataclass(frozen=True, eq=False)
class ScanMotion:
    """How a sensor moved during a scan: rigid pieces of equal time.

    Attributes:
        span_ns: time of a piece.
        pieces: float64 (steps, 4, 4), from the sensor's frame in each piece into that at the
            scan's stamp; (0, 4, 4): it was at rest.
    """

    span_ns: float
    pieces: NDArray[np.float64]

    def equals(self, other: ScanMotion) -> bool:
        """Whether it is the same to the last digit."""
        return self.span_ns == other.span_ns and np.array_equal(self.pieces, other.pieces)

    def moved(self, xyz: NDArray[np.float32], offsets_ns: NDArray[np.int64]) -> NDArray[np.float32]:
        """The points as if measured at the scan's stamp.

        Args:
            xyz: float32 (N, 3), metre, sensor frame.
            offsets_ns: int64 (N,), time of each point relative to the stamp.

        Returns:
            float32 (N, 3), metre, sensor frame at the scan's stamp.
        """
        if not len(self.pieces):
            return xyz
        return _move_pieces(xyz, offsets_ns, self.span_ns, self.pieces)


AT_REST = ScanMotion(0.0, np.empty((0, 4, 4)))


def scan_motion(
    offsets_ns: NDArray[np.int64],
    time_ns: int,
    transforms: TransformTree,
    sensor_frame: str,
    fixed_frame: str,
) -> ScanMotion:
    """How the sensor moves during a scan whose corrected stamp is `time_ns`.

    The scan is cut into steps in which the sensor turns less than 0.5 mrad and moves less
    than 5 mm (64 steps at most), each moved as a rigid piece. A beam without return, whose
    coordinates are all 0, is at no place and stays so.

    Args:
        offsets_ns: int64 (N,), time of each point relative to the stamp.
        time_ns: see above.
        transforms: all that are known.
        sensor_frame, fixed_frame: what moves, and where.

    Raises:
        TransformError: the sensor's pose in the fixed frame is not known for the whole scan.
    """
    first, last = int(offsets_ns.min()), int(offsets_ns.max())
    T_sensor_fixed = np.linalg.inv(transforms.lookup(fixed_frame, sensor_frame, time_ns))

    def motions(moments_ns: NDArray[np.float64]) -> NDArray[np.float64]:
        stamps_ns = time_ns + np.rint(moments_ns).astype(np.int64)
        poses = transforms.lookup_all(fixed_frame, sensor_frame, stamps_ns)
        moved: NDArray[np.float64] = T_sensor_fixed @ poses
        return moved

    T_first, T_last = motions(np.array([first, last], np.float64))
    if _step_count(np.eye(4), T_first) == _step_count(np.eye(4), T_last) == 0:
        return AT_REST
    steps = max(1, _step_count(T_first, T_last))
    span_ns = (last - first + 1) / steps
    return ScanMotion(
        span_ns, motions(first + (np.arange(steps, dtype=np.float64) + 0.5) * span_ns)
    )


def deskew(
    cloud: PointCloud,
    offsets_ns: NDArray[np.int64],
    time_ns: int,
    transforms: TransformTree,
    sensor_frame: str,
    fixed_frame: str,
) -> NDArray[np.float32]:
    """Move every point to the sensor's pose at `time_ns`, the corrected stamp of the cloud.

    Returns:
        float32 (N, 3), metre, sensor frame at `time_ns`.

    Raises:
        TransformError: as `scan_motion`, whose arguments these are.
    """
    motion = scan_motion(offsets_ns, time_ns, transforms, sensor_frame, fixed_frame)
    return motion.moved(cloud.xyz, offsets_ns)


def _step_count(T_first: NDArray[np.float64], T_last: NDArray[np.float64]) -> int:
    T = np.linalg.inv(T_first) @ T_last
    angle = rotation_angle(T[:3, :3])
    distance = float(np.linalg.norm(T[:3, 3]))
    if angle < _STEP_RAD and distance < _STEP_M:
        return 0
    return min(_MAX_STEPS, math.ceil(max(angle / _STEP_RAD, distance / _STEP_M)))


def _move_pieces(
    xyz: NDArray[np.float32],
    offsets_ns: NDArray[np.int64],
    span_ns: float,
    motions: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Each point by the motion, float64 (steps, 4, 4), of its piece; what is at no place stays."""
    first = offsets_ns.min()
    tables = np.zeros((3, 4, 256), np.float32)
    tables[..., : len(motions)] = np.moveaxis(motions[:, :3], 0, -1)
    moved = np.empty((len(xyz), 3), np.float32)
    for start in range(0, len(xyz), _BLOCK):
        block = slice(start, start + _BLOCK)
        piece = ((offsets_ns[block] - first) / span_ns).astype(np.uint8)
        moved[block] = _move_block(np.ascontiguousarray(xyz[block].T), piece[None], tables)
    return moved


def _move_block(
    coordinates: NDArray[np.float32], piece: NDArray[np.uint8], tables: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Few points at a time, float32 (3, M), so that all that is made of them stays in the cache.

    Args:
        coordinates: x, y and z of the points (metre).
        piece: uint8 (1, M).
        tables: float32 (3, 4, 256), the upper rows of each piece's motion.

    Returns:
        float32 (M, 3), metre.
    """
    moved = np.empty_like(coordinates)
    with np.errstate(invalid="ignore"):  # A point at infinity is nowhere once it has turned.
        for axis, rows in enumerate(tables):
            *turned, shifted = (cv2.LUT(piece, row)[0] for row in rows)
            for factor, coordinate in zip(turned, coordinates, strict=True):
                factor *= coordinate  # noqa: PLW2901 (in place: it is an array)
            np.add(turned[0], turned[1], out=moved[axis])
            moved[axis] += turned[2]
            moved[axis] += shifted
    moved[:, ~coordinates.any(axis=0)] = 0
    return np.asarray(moved.T)
