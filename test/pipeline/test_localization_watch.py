"""Jumps of a robot's place, told from what robots do."""

import numpy as np
import pytest

from seg_perception.pipeline.localization_watch import LocalizationWatch

MS = 1_000_000


def pose(x=0.0, y=0.0, yaw_deg=0.0):
    yaw = np.radians(yaw_deg)
    T = np.eye(4)
    T[:2, :2] = [[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]]
    T[:2, 3] = x, y
    return T


def jumps(poses, by_odometry=None, period_ms=100):
    watch = LocalizationWatch()
    odometry = by_odometry or [None] * len(poses)
    both = zip(poses, odometry, strict=True)
    return [n for n, (T, by) in enumerate(both) if watch.jumps(n * period_ms * MS, T, by)]


def along(speeds_mps, yaw_deg=0.0):
    return [pose(x, yaw_deg=yaw_deg * n) for n, x in enumerate(np.cumsum(speeds_mps) * 0.1)]


def test_robots_that_drive_brake_and_turn_do_not_jump():
    assert jumps(along([15.0] * 20)) == []
    # From 10 m/s to rest in 1.5 s; and a turn of 70 degrees a second that begins at once.
    assert jumps(along([*np.linspace(10, 0, 15), *[0.0] * 5])) == []
    assert jumps([pose(yaw_deg=7 * max(0, n - 5)) for n in range(20)]) == []


@pytest.mark.parametrize("offset", [pose(2), pose(0, 2), pose(yaw_deg=10), pose(2, 0, 10)])
def test_two_metres_or_ten_degrees_are_a_jump(offset):
    drive = along([1.0] * 20)
    assert jumps([*drive[:10], *(offset @ T for T in drive[10:])]) == [10]


def test_the_odometry_is_the_judge_where_it_has_a_frame_of_its_own():
    drive = along([1.0] * 40)
    # A correction in small steps, as a localisation at 1 Hz makes it when it is interpolated.
    glide = [pose(0, min(2.0, max(0.0, 0.2 * (n - 10)))) @ T for n, T in enumerate(drive)]
    assert jumps(glide, drive)[0] in range(12, 15)
    # Odometry that drifts by 5 % of the way is corrected all the time.
    drifted = [pose(1.05 * T[0, 3]) for T in drive]
    assert jumps(drive, drifted) == []
    # What the odometry says too is no jump, however fast.
    leap = [pose(T[0, 3] + 5 * (n > 20)) for n, T in enumerate(drive)]
    assert jumps(leap, leap) == []


def test_after_a_gap_nothing_is_judged():
    assert jumps([pose(n * 4.0) for n in range(6)], period_ms=2500) == []
    watch = LocalizationWatch()
    for stamp_ms, x in ((0, 0.0), (100, 0.1), (1900, 9.0)):
        assert not watch.jumps(stamp_ms * MS, pose(x))
