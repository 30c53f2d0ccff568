"""Points move to where they would be at the stamp."""

import math

import numpy as np
import pytest

from seg_perception.core.errors import TransformError
from seg_perception.core.types import NANOSECONDS, PointCloud
from seg_perception.geometry.deskew import deskew
from seg_perception.geometry.point_times import point_times
from seg_perception.geometry.transforms import TransformTree

STAMP_NS = 1_700_000_000 * NANOSECONDS
MS = 1_000_000


def cloud(
    field: str, kind: str, times: list[float], xyz: tuple[float, float, float] = (10, 0, 0)
) -> PointCloud:
    points = np.zeros((1, len(times)), [("x", "f4"), ("y", "f4"), ("z", "f4"), (field, kind)])
    points["x"], points["y"], points["z"] = xyz
    points[field] = times
    return PointCloud(points, STAMP_NS, "lidar")


def turning_robot(rate_rad_s: float, speed_mps: float = 0.0) -> TransformTree:
    tree = TransformTree()
    for ms in range(0, 210, 10):
        angle, distance = rate_rad_s * ms / 1000, speed_mps * ms / 1000
        T = np.eye(4)
        T[:2, :2] = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
        T[0, 3] = distance
        tree.set_timed("odom", "base", STAMP_NS + ms * MS, T)
    tree.set_static("base", "lidar", np.eye(4))
    return tree


def moved(tree: TransformTree, times_ms: list[float]) -> np.ndarray:
    scan = cloud("t", "u4", [t * MS for t in times_ms])
    offsets = point_times(scan).offsets_ns
    assert offsets is not None
    return deskew(scan, offsets, STAMP_NS, tree, "lidar", "odom")


def test_a_turning_sensor_sees_the_later_point_turned() -> None:
    xyz = moved(turning_robot(1.0), [0, 50, 100])
    expected = [[10 * math.cos(a), 10 * math.sin(a), 0] for a in (0, 0.05, 0.1)]
    assert np.abs(xyz - expected).max() < 10 * 0.1 / 64


def test_a_driving_sensor_sees_the_later_point_farther() -> None:
    xyz = moved(turning_robot(0.0, speed_mps=2.0), [0, 100])
    assert xyz[1, 0] - xyz[0, 0] == pytest.approx(0.2, abs=0.006)


def test_points_that_share_one_time_off_the_stamp_are_moved_too() -> None:
    xyz = moved(turning_robot(1.0), [100, 100])
    assert xyz[1].tolist() == pytest.approx([10 * math.cos(0.1), 10 * math.sin(0.1), 0], abs=1e-5)


def test_a_beam_without_return_stays_at_no_place() -> None:
    # At 20 m/s it would come to lie 2 m ahead, where it would hide what the camera sees.
    scan = cloud("t", "u4", [0, 100 * MS], (0, 0, 0))
    scan.points["x"][0, 0] = 10
    tree = turning_robot(0.0, speed_mps=20.0)
    xyz = deskew(scan, np.array([0, 100 * MS]), STAMP_NS, tree, "lidar", "odom")
    assert xyz[1].tolist() == [0, 0, 0]
    assert xyz[0, 0] == pytest.approx(10, abs=0.05)


def test_a_robot_at_rest_keeps_its_points_untouched() -> None:
    assert moved(turning_robot(0.0), [0, 100]).tolist() == [[10, 0, 0], [10, 0, 0]]


def test_every_point_moves_by_the_motion_of_its_own_time_in_whatever_order_they_come() -> None:
    # More points than are worked on at once, some at infinity or nowhere; each by its own pose.
    random, count = np.random.default_rng(0), 40_000
    scan = cloud("t", "u4", [0] * count)
    for axis in "xyz":
        scan.points[axis][0] = random.uniform(-50, 50, count)
    scan.points["z"][0, 7] = np.inf
    scan.points["x"][0, 8] = np.nan
    tree, steps = turning_robot(0.3, speed_mps=1.0), 60  # 0.03 rad in pieces of 0.5 mrad
    offsets = random.permutation(count).astype(np.int64) * (100 * MS // count)
    with np.errstate(all="raise"):
        xyz = deskew(scan, offsets, STAMP_NS, tree, "lidar", "odom")
    span_ns = (int(offsets.max()) + 1) / steps
    middles = np.rint((np.floor(offsets / span_ns) + 0.5) * span_ns).astype(np.int64)
    chosen = random.integers(10, count, 200)
    for index in chosen:
        T = tree.lookup("odom", "lidar", STAMP_NS + int(middles[index]))
        expected = T[:3, :3] @ scan.xyz[index].astype(float) + T[:3, 3]
        assert xyz[index].tolist() == pytest.approx(expected.tolist(), abs=2e-5)
    assert not np.isfinite(xyz[7:9]).all(axis=1).any()


def test_a_scan_beyond_the_known_motion_is_refused() -> None:
    with pytest.raises(TransformError):
        moved(turning_robot(1.0), [0, 300])
