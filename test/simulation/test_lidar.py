from __future__ import annotations

import numpy as np
import pytest

from seg_perception.simulation import rig
from seg_perception.simulation.lidar import POINT_TYPE


@pytest.fixture(scope="module")
def scan(world):
    return world.lidar.scan(world.scene, world.trajectory, rig.T_BASE_LIDAR, 0.1, [7])


def test_the_layout_is_that_of_ouster_ros():
    assert POINT_TYPE.itemsize == 48
    assert {n: POINT_TYPE.fields[n][1] for n in POINT_TYPE.names} == {
        "x": 0, "y": 4, "z": 8, "intensity": 16, "t": 20,
        "reflectivity": 24, "ring": 26, "ambient": 28, "range": 32,
    }  # fmt: skip


def test_each_column_has_its_own_time(scan):
    t = scan.points["t"].astype(np.int64)
    assert np.array_equal(t, np.broadcast_to(np.arange(256) * 100_000_000 // 256, t.shape))
    assert np.array_equal(scan.points["ring"][:, 5], np.arange(32))


def test_it_turns_clockwise_from_the_rear(scan):
    level = np.hypot(scan.points["x"], scan.points["y"])
    azimuth = np.arctan2(scan.points["y"], scan.points["x"])
    column = np.broadcast_to(np.arange(256), azimuth.shape)
    heard = level > 0
    expected = np.pi - 2 * np.pi * column / 256
    turned = np.angle(np.exp(1j * (azimuth - expected)))
    assert np.abs(turned[heard]).max() < 1e-4


def test_range_is_the_distance_in_millimetres(scan):
    xyz = np.stack([scan.points[n] for n in "xyz"], axis=-1).astype(float)
    assert np.abs(np.linalg.norm(xyz, axis=-1) * 1000 - scan.points["range"]).max() < 0.51


def test_points_belong_to_the_pose_of_their_own_column(world, scan):
    heard = scan.points["range"] > 0
    poses = world.trajectory.poses(0.1 + scan.points["t"][0] * 1e-9) @ rig.T_BASE_LIDAR
    xyz = np.stack([scan.points[n] for n in "xyz"], axis=-1).astype(float)
    placed = np.einsum("wij,hwj->hwi", poses[:, :3, :3], xyz) + poses[:, :3, 3]
    error = np.linalg.norm(placed - scan.xyz_world, axis=-1)[heard]
    assert error.max() < 6 * 0.012
    # With the pose of the first column alone the last columns would be a tenth of a metre off.
    first = xyz @ poses[0, :3, :3].T + poses[0, :3, 3]
    late = heard & (np.arange(256) > 200)
    assert np.median(np.linalg.norm(first - scan.xyz_world, axis=-1)[late]) > 0.05


def test_what_is_not_heard_is_zero_and_has_no_surface(scan):
    silent = scan.points["range"] == 0
    assert 0 < silent.mean() < 0.3
    assert np.all(scan.surface[silent] == 255)
    assert np.all(scan.surface[~silent] != 255)
    assert np.all(scan.points["x"][silent] == 0)
    assert np.all(scan.mover[silent] == -1)


def test_near_is_brighter_than_far(scan):
    heard = scan.points["range"] > 0
    near = heard & (scan.points["range"] < 6000)
    far = heard & (scan.points["range"] > 20000)
    intensity = scan.points["intensity"]
    assert intensity[near].mean() > 3 * intensity[far].mean()
