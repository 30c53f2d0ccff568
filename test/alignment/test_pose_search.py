"""Boxes at many depths: moves and turns can be told from each other, and from nothing."""

from dataclasses import replace

import numpy as np
import pytest
from boxes import boxes, observation

from seg_perception.alignment.evidence import Evidence
from seg_perception.alignment.pose import COMPONENTS, NONE, change_of, turned
from seg_perception.alignment.pose_search import quantile, search_pose
from seg_perception.alignment.rotation_search import turn

# The camera turns by this in one step of the offsets, one way or the other by turns.
A_STEP_DEG = 0.4
SIGMA = 0.3


@pytest.fixture(scope="module")
def moments():
    return [observation(*boxes(seed, 18, (3.0, 25.0))) for seed in range(8)]


def turning(seen, late_steps):
    """The same moments of a turning camera whose stamps are late by so many steps."""
    return [
        replace(
            one, T_camera_lidar=np.stack([_yawed(sign * (k + late_steps)) for k in range(-3, 4)])
        )
        for one, sign in zip(seen, [1, -1] * len(seen), strict=False)
    ]


def _yawed(steps):
    return turn(np.array([0.0, A_STEP_DEG * steps, 0.0]))


def planted(seen, values):
    change = np.linalg.inv(change_of(np.array(values)))
    return [replace(one, T_camera_lidar=change @ one.T_camera_lidar) for one in seen]


def found(seen, *, with_clock):
    return search_pose(Evidence(seen), NONE, NONE, SIGMA, with_clock=with_clock)


def test_a_move_a_turn_and_a_late_clock_are_told_apart(moments):
    values = (0.0, 0.8, 0.0, 0.10, 0.0, 0.0, 0.0)
    pose = found(planted(turning(moments, 2), values), with_clock=True)
    assert pose.is_sure
    assert pose.gain > 5
    assert set(np.array(COMPONENTS)[pose.known]) >= {"yaw", "right", "clock"}
    assert pose.values[:3] == pytest.approx([0, 0.8, 0], abs=0.15)
    assert pose.values[3:6] == pytest.approx([0.10, 0, 0], abs=0.03)
    assert pose.values[6] == pytest.approx(-2, abs=0.3)
    assert (np.abs(pose.values[:6] - values[:6]) <= np.maximum(pose.interval[:6], 0.02)).all()


def test_of_a_sound_calibration_nothing_is_known_to_be_off(moments):
    pose = found(turning(moments, 0), with_clock=True)
    assert not pose.known.any()
    assert not pose.values.any()
    assert (pose.interval > 0).all()


def test_without_several_offsets_there_is_no_clock(moments):
    pose = found(planted(moments, (0.0, 0.0, 0.0, 0.0, 0.10, 0.0, 0.0)), with_clock=False)
    assert (pose.values[6], pose.interval[6]) == (0, 0)
    assert pose.values[4] == pytest.approx(0.10, abs=0.03)


def test_where_all_is_equally_far_moves_and_turns_are_not_told_apart():
    """A plane 10 m ahead: 10 cm to the right are 0.57 degrees of yaw."""
    seen = [observation(*boxes(seed)) for seed in range(6)]
    pose = found(planted(seen, (0.0, 0.0, 0.0, 0.10, 0.0, 0.0, 0.0)), with_clock=False)
    assert not (pose.is_sure and pose.known[3] and pose.known[1])


def test_a_turn_after_a_pose_is_a_pose():
    values = np.array([1.0, -2.0, 0.5, 0.1, 0.2, -0.1, 3.0])
    by_deg = np.array([0.3, 0.4, -0.2])
    both = turned(values, by_deg)
    assert change_of(both) == pytest.approx(turn(by_deg) @ change_of(values))
    assert both[6] == 3.0


@pytest.mark.parametrize(("moments_seen", "students_t"), [(4, 3.182), (8, 2.365), (24, 2.069)])
def test_few_moments_widen_intervals_as_student_has_it(moments_seen, students_t):
    assert quantile(moments_seen) == pytest.approx(students_t, abs=0.06)
