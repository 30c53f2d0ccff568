"""What moves is told from what rests, however the robot moves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seg_perception.fusion.doppler import (
    AT_REST,
    MOVING,
    UNKNOWN,
    doppler_at_rest,
    moving,
    seems_reversed,
)

SPEED = np.array([2.0, 0.0, 0.0])


def told(xyz, doppler, velocity=SPEED, sigma_rad=0.0, threshold=0.5) -> list[int]:
    xyz = np.float32(xyz).reshape(-1, 3)
    sigmas = np.full(len(xyz), sigma_rad)
    return moving(xyz, np.float32(doppler), velocity, sigmas, threshold).tolist()


def test_things_at_rest_come_nearer_as_fast_as_the_robot_drives_towards_them() -> None:
    ahead, aside, behind, slantwise = [10, 0, 0], [0, 5, 0], [-10, 0, 0], [3, 4, 0]
    xyz = np.float32([ahead, aside, behind, slantwise])
    assert doppler_at_rest(xyz, SPEED) == pytest.approx([-2, 0, 2, -1.2])
    assert told(xyz, [-2, 0, 2, -1.2]) == [AT_REST] * 4
    # One who walks away ahead, one who comes from aside, one overtaking, one at our own speed.
    assert told(xyz, [-0.8, -1, 0.5, 0]) == [MOVING] * 4


def test_a_bearing_that_is_not_exact_excuses_what_it_changes() -> None:
    # At right angles an error of 0.2 rad turns 0.4 m/s of the robot's 2 m/s into Doppler.
    assert told([0, 5, 0], [-0.8]) == [MOVING]
    assert told([0, 5, 0], [-0.8], sigma_rad=0.2) == [AT_REST]
    assert told([5, 0, 0], [-1.2], sigma_rad=0.2) == [MOVING]


def test_what_has_no_doppler_or_no_place_is_not_known() -> None:
    assert told([[1, 0, 0], [np.nan, 0, 0]], [np.nan, 1.0]) == [UNKNOWN] * 2
    assert told(np.zeros((0, 3)), []) == []


@given(
    velocity=st.tuples(*[st.floats(-5, 5)] * 3),
    seed=st.integers(0, 1000),
)
def test_a_world_at_rest_is_at_rest(velocity: tuple[float, ...], seed: int) -> None:
    xyz = np.random.default_rng(seed).normal(size=(50, 3)).astype(np.float32) * 10
    doppler = doppler_at_rest(xyz, np.array(velocity)).astype(np.float32)
    assert set(told(xyz, doppler, np.array(velocity))) == {AT_REST}


def test_a_doppler_of_the_other_sign_is_noticed_while_the_robot_moves() -> None:
    xyz = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32) * 10
    away = doppler_at_rest(xyz, SPEED).astype(np.float32)
    assert seems_reversed(xyz, -away, SPEED)
    assert not seems_reversed(xyz, away, SPEED)
    assert not seems_reversed(xyz, -away, SPEED * 0)
    assert not seems_reversed(xyz[:5], -away[:5], SPEED)
