from __future__ import annotations

import numpy as np
import pytest

from seg_perception.simulation.terrain import GroundStyle, Terrain
from seg_perception.simulation.track import make_track
from seg_perception.simulation.trajectory import Slalom, Trajectory

TIMES = np.arange(0, 40, 0.05)


@pytest.fixture(scope="module")
def terrain():
    track = make_track(np.random.default_rng(4), 36.0)
    return Terrain(4, track, GroundStyle())


@pytest.fixture(scope="module")
def drive(terrain):
    track = make_track(np.random.default_rng(4), 36.0)
    return Trajectory(track, terrain, 1.0, 40.0)


def test_it_keeps_its_speed(drive):
    place = drive.poses(TIMES)[:, :2, 3]
    assert np.linalg.norm(np.diff(place, axis=0), axis=1) / 0.05 == pytest.approx(1.0, abs=0.02)


def test_it_sways_up_to_half_a_radian_a_second(drive):
    rate = [drive.motion(t).angular[2] for t in TIMES]
    assert 0.3 < np.max(np.abs(rate)) < 0.55


def test_rotations_are_rotations(drive):
    turn = drive.poses(TIMES)[:, :3, :3]
    identity = np.broadcast_to(np.eye(3), turn.shape)
    assert turn @ np.swapaxes(turn, 1, 2) == pytest.approx(identity, abs=1e-12)
    assert np.linalg.det(turn) == pytest.approx(1)


def test_all_four_wheels_stand_on_the_ground(drive, terrain):
    for x in (0.32, -0.32):
        for y in (0.28, -0.28):
            wheels = drive.poses(TIMES) @ [x, y, 0, 1]
            gap = wheels[:, 2] - terrain.height(wheels[:, 0], wheels[:, 1])
            assert np.abs(gap).max() < 0.05


def test_motion_is_the_change_of_the_pose(drive):
    moving = drive.motion(7.3)
    before, after = drive.poses(np.array([7.28, 7.32]))
    assert moving.linear == pytest.approx((after - before)[:3, 3] / 0.04, abs=0.01)
    turned = after[:3, :3] @ before[:3, :3].T
    about_z = np.arctan2(turned[1, 0], turned[0, 0]) / 0.04
    assert moving.angular[2] == pytest.approx(about_z, abs=0.01)


def test_a_robot_that_stands_still_does_not_move(terrain):
    track = make_track(np.random.default_rng(4), 36.0)
    parked = Trajectory(track, terrain, 0.0, 2.0)
    assert np.ptp(parked.poses(TIMES[:40]), axis=0).max() == 0
    assert parked.motion(1.0).linear == pytest.approx([0, 0, 0])


def test_weaving_turns_at_its_rate_both_ways(terrain):
    track = make_track(np.random.default_rng(4), 36.0)
    drive = Trajectory(track, terrain, 1.0, 10.0, Slalom(0.5))
    # In the middle of the first turns of 1.5 m each; the track itself bends a little.
    rates = [drive.motion(time_s).angular[2] for time_s in (0.75, 2.25, 3.75, 5.25)]
    assert rates == pytest.approx([0.5, -0.5, 0.5, -0.5], abs=0.13)
    speed = np.linalg.norm(drive.motion(0.75).linear[:2])
    assert speed == pytest.approx(1.0, abs=0.02)
