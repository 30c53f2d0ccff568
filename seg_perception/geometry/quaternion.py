"""Unit quaternions (x, y, z, w), as ROS orders them, and rotation matrices."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import TransformError

Quaternion = tuple[float, float, float, float]

_NEARLY_PARALLEL = 0.9995


def quaternion_to_matrix(x: float, y: float, z: float, w: float) -> NDArray[np.float64]:
    """Rotation matrix of a quaternion, which is normalised first.

    Returns:
        float64 (3, 3).

    Raises:
        TransformError: a quaternion of length zero, or one that is not finite.
    """
    x, y, z, w = normalised(x, y, z, w)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def quaternions_to_matrices(q: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation matrices of unit quaternions, float64 (N, 4): float64 (N, 3, 3)."""
    x, y, z, w = q.T
    matrices = np.empty((len(q), 3, 3))
    matrices[:, 0] = np.stack(
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)], 1
    )
    matrices[:, 1] = np.stack(
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)], 1
    )
    matrices[:, 2] = np.stack(
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)], 1
    )
    return matrices


def normalised(x: float, y: float, z: float, w: float) -> Quaternion:
    """The quaternion at unit length.

    Raises:
        TransformError: a quaternion of length zero, or one that is not finite.
    """
    length = math.sqrt(x * x + y * y + z * z + w * w)
    if not math.isfinite(length) or length < 1e-9:
        msg = (
            f"quaternion ({x}, {y}, {z}, {w}): expected a finite one of length 1; "
            "mend the publisher of this transform"
        )
        raise TransformError(msg)
    return x / length, y / length, z / length, w / length


def matrix_to_quaternion(rotation: NDArray[np.float64]) -> Quaternion:
    """The quaternion of a rotation, by its largest component (Shepperd 1978).

    Args:
        rotation: float64 (3, 3).
    """
    m = rotation.tolist()
    xx, yy, zz = m[0][0], m[1][1], m[2][2]
    squares = (1 + xx - yy - zz, 1 - xx + yy - zz, 1 - xx - yy + zz, 1 + xx + yy + zz)
    largest = max(range(4), key=squares.__getitem__)
    columns = (
        (squares[0], m[1][0] + m[0][1], m[0][2] + m[2][0], m[2][1] - m[1][2]),
        (m[1][0] + m[0][1], squares[1], m[2][1] + m[1][2], m[0][2] - m[2][0]),
        (m[0][2] + m[2][0], m[2][1] + m[1][2], squares[2], m[1][0] - m[0][1]),
        (m[2][1] - m[1][2], m[0][2] - m[2][0], m[1][0] - m[0][1], squares[3]),
    )
    return normalised(*columns[largest])


def rotation_angle(rotation: NDArray[np.float64]) -> float:
    """Angle (rad) by which a rotation, float64 (3, 3), turns."""
    return math.acos(min(1.0, max(-1.0, (float(np.trace(rotation)) - 1) / 2)))


def slerp(a: Quaternion, b: Quaternion, share: float) -> Quaternion:
    """The rotation a `share` of the shorter way from a to b."""
    dot = sum(p * q for p, q in zip(a, b, strict=True))
    sign = 1.0 if dot >= 0 else -1.0
    dot = abs(dot)
    if dot > _NEARLY_PARALLEL:
        weight_a, weight_b = 1 - share, share
    else:
        angle = math.acos(dot)
        weight_a = math.sin((1 - share) * angle) / math.sin(angle)
        weight_b = math.sin(share * angle) / math.sin(angle)
    weight_b *= sign
    mixed = (weight_a * p + weight_b * q for p, q in zip(a, b, strict=True))
    return normalised(*mixed)


def slerp_all(
    a: NDArray[np.float64], b: NDArray[np.float64], share: NDArray[np.float64]
) -> NDArray[np.float64]:
    """As `slerp`, for many pairs at once.

    Args:
        a, b: float64 (N, 4), unit quaternions.
        share: float64 (N,), of the way from a to b.

    Returns:
        float64 (N, 4), unit quaternions.
    """
    dot = np.einsum("ij,ij->i", a, b)
    sign, dot = np.where(dot >= 0, 1.0, -1.0), np.abs(dot)
    straight = dot > _NEARLY_PARALLEL
    angle = np.arccos(np.where(straight, 0.0, dot))
    weight_a = np.where(straight, 1 - share, np.sin((1 - share) * angle) / np.sin(angle))
    weight_b = np.where(straight, share, np.sin(share * angle) / np.sin(angle)) * sign
    mixed = weight_a[:, None] * a + weight_b[:, None] * b
    unit: NDArray[np.float64] = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
    return unit
