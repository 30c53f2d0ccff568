"""A scan of 131,072 points to one moment, against moving them as one rigid body."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bench.rows import BenchRow, compare
from bench.transfer import full_turn
from seg_perception.core.types import PointCloud
from seg_perception.geometry.deskew import deskew
from seg_perception.geometry.transforms import TransformTree

_BEAMS, _COLUMNS = 128, 1024
_STAMP_NS, _MS, _TURN_MS = 10**18, 1_000_000, 100
_RECORD = {"names": list("xyz"), "formats": ["<f4"] * 3, "offsets": [0, 4, 8], "itemsize": 48}


def run() -> list[BenchRow]:
    """Measure a turning lidar on a robot that drives and turns: 64 pieces, beams row by row."""
    points = np.zeros((_BEAMS, _COLUMNS), np.dtype(_RECORD))
    for axis, values in zip("xyz", full_turn().T, strict=True):
        points[axis] = values.reshape(points.shape)
    cloud = PointCloud(points, _STAMP_NS, "lidar")
    columns = np.arange(_COLUMNS, dtype=np.int64) * (_TURN_MS * _MS // _COLUMNS)
    offsets_ns = np.tile(columns, _BEAMS)
    tree = _drive()
    rigid = tree.lookup("odom", "lidar", _STAMP_NS).astype(np.float32)

    def once() -> NDArray[np.float32]:
        moved: NDArray[np.float32] = cloud.xyz @ rigid[:3, :3].T + rigid[:3, 3]
        return moved

    return [
        compare(
            "deskew, 131,072 points",
            lambda: deskew(cloud, offsets_ns, _STAMP_NS, tree, "lidar", "odom"),
            once,
            budget=4.0,
            name="one matrix for all points",
        )
    ]


def _drive() -> TransformTree:
    """1.5 m/s and 0.5 rad/s, odometry at 100 Hz, a lidar 1.8 m above the ground."""
    tree = TransformTree()
    mounted = np.eye(4)
    mounted[2, 3] = 1.8
    tree.set_static("base", "lidar", mounted)
    for ms in range(-10, _TURN_MS + 20, 10):
        angle, T = 5e-4 * ms, np.eye(4)
        T[:2, :2] = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
        T[0, 3] = 1.5e-3 * ms
        tree.set_timed("odom", "base", _STAMP_NS + ms * _MS, T)
    return tree
