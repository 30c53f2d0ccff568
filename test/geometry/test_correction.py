"""A correction's numbers mean what the module says: axes, order, side, and the way back."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from seg_perception.core.errors import TransformError
from seg_perception.geometry.correction import (
    Correction,
    matrix_to_rpy,
    rpy_to_matrix,
    static_transform_publisher,
    urdf_origin,
)
from seg_perception.pipeline.frame_convention import T_OPTICAL_BODY

AHEAD = np.array([0.0, 0.0, 10.0, 1.0])


def moved(xyz: tuple[float, float, float], rpy: tuple[float, float, float]) -> np.ndarray:
    return Correction(xyz, rpy).T @ AHEAD


def test_xyz_moves_points_right_down_and_forward() -> None:
    np.testing.assert_allclose(moved((0.1, 0.2, 0.3), (0, 0, 0)), [0.1, 0.2, 10.3, 1])


def test_a_positive_roll_lets_what_lies_ahead_move_up_in_the_picture() -> None:
    x, y, z, _ = moved((0, 0, 0), (1, 0, 0))
    assert (x, y) == (0, pytest.approx(-10 * math.sin(math.radians(1))))
    assert z == pytest.approx(10 * math.cos(math.radians(1)))


def test_a_positive_pitch_lets_what_lies_ahead_move_to_the_right() -> None:
    x, y, _, _ = moved((0, 0, 0), (0, 1, 0))
    assert (x, y) == (pytest.approx(10 * math.sin(math.radians(1))), 0)


def test_a_positive_yaw_turns_the_picture_clockwise() -> None:
    right = Correction((0, 0, 0), (0, 0, 90)).T @ [1.0, 0, 5, 1]
    np.testing.assert_allclose(right, [0, 1, 5, 1], atol=1e-12)


def test_the_order_is_that_of_fixed_axes_and_turning_comes_before_moving() -> None:
    angles = 0.3, -0.7, 1.1
    np.testing.assert_allclose(
        rpy_to_matrix(*angles), Rotation.from_euler("xyz", angles).as_matrix(), atol=1e-15
    )
    T = Correction((1, 2, 3), (0, 90, 0)).T
    np.testing.assert_allclose(T @ [0, 0, 1, 1], [2, 2, 3, 1], atol=1e-12)


def test_roll_pitch_and_yaw_come_back() -> None:
    rng = np.random.default_rng(5)
    for roll, pitch, yaw in rng.uniform((-3.1, -1.5, -3.1), (3.1, 1.5, 3.1), (50, 3)):
        np.testing.assert_allclose(
            matrix_to_rpy(rpy_to_matrix(roll, pitch, yaw)), (roll, pitch, yaw), atol=1e-9
        )


@pytest.mark.parametrize("pitch", [90.0, -90.0])
def test_where_two_angles_are_one_the_rotation_still_comes_back(pitch: float) -> None:
    T = Correction((0, 0, 0), (20, pitch, 50)).T
    np.testing.assert_allclose(Correction.of_matrix(T).T, T, atol=1e-9)


def test_a_matrix_becomes_the_numbers_of_a_parameter_file() -> None:
    found = Correction.of_matrix(Correction.of([0.1, -0.2, 0.3], [1, -2, 3]).T)
    np.testing.assert_allclose(found.xyz_m, [0.1, -0.2, 0.3])
    np.testing.assert_allclose(found.rpy_deg, [1, -2, 3])


def test_what_is_found_on_top_of_a_correction_is_one_with_it() -> None:
    earlier, found = Correction((0.1, 0, 0), (0, 0, 90)), Correction((0, 0, 0.2), (0, 1, 0))
    both = found.after(earlier)
    T = np.array([[0, -1, 0, 0.4], [1, 0, 0, 0.5], [0, 0, 1, 0.6], [0, 0, 0, 1]], float)
    np.testing.assert_allclose(both.applied(T), found.applied(earlier.applied(T)), atol=1e-12)


def test_no_correction_leaves_the_very_transform() -> None:
    T = np.eye(4) + 0.1
    assert Correction.NONE.applied(T) is T
    assert Correction.of([0, 0, 0], [0, 0, 0]).is_none
    assert not Correction((0, 0, 0), (0, 0, 1e-9)).is_none


def test_the_angle_is_that_of_the_whole_turn() -> None:
    assert Correction((9, 9, 9), (0, -2.5, 0)).angle_deg == pytest.approx(2.5)


@pytest.mark.parametrize("axes", [np.eye(4), T_OPTICAL_BODY])
def test_the_mended_transform_of_tf_does_the_same_as_the_correction(axes: np.ndarray) -> None:
    correction = Correction((0.1, -0.05, 0.02), (1.0, -2.0, 0.5))
    T_parent_camera = Correction((1, 0, 2), (-100, 5, -80)).T
    T_parent_lidar = Correction((0, 0.3, 2.4), (0, 0, 15)).T
    before = axes @ np.linalg.inv(T_parent_camera) @ T_parent_lidar
    mended = correction.mounted(T_parent_camera, axes)
    after = axes @ np.linalg.inv(mended) @ T_parent_lidar
    np.testing.assert_allclose(after, correction.applied(before), atol=1e-12)


def test_the_line_for_other_nodes_names_metres_quaternion_and_frames() -> None:
    T = Correction((1, -2, 0.5), (0, 0, 90)).T
    line = static_transform_publisher("base_link", "camera", T)
    assert line == (
        "ros2 run tf2_ros static_transform_publisher --x 1.000000 --y -2.000000 --z 0.500000 "
        "--qx 0.000000000 --qy 0.000000000 --qz 0.707106781 --qw 0.707106781 "
        "--frame-id base_link --child-frame-id camera"
    )
    assert urdf_origin(T) == (
        '<origin xyz="1.000000 -2.000000 0.500000" rpy="0.000000000 0.000000000 1.570796327"/>'
    )


@pytest.mark.parametrize("bad", [np.eye(4) * 2, np.diag([1.0, 1, -1, 1]), np.full((4, 4), np.nan)])
def test_what_is_no_rigid_motion_is_refused(bad: np.ndarray) -> None:
    with pytest.raises(TransformError, match="expected a rotation"):
        Correction.of_matrix(bad)
