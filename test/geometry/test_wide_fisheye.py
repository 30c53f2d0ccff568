"""A fisheye that looks past its own plane sees what lies there, and nothing twice."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seg_perception.core.types import Calibration
from seg_perception.geometry.camera import CameraModel
from seg_perception.geometry.fisheye_reach import fisheye_reach_deg
from seg_perception.geometry.rolling_shutter import RollingShutter

FOCAL, CX, CY = 183.0, 319.5, 239.5
K = np.array([[FOCAL, 0, CX], [0, FOCAL, CY], [0, 0, 1]])
K1 = 0.01
BENT = (0.08, -0.12, 0.05, -0.02)


def camera(angle_deg: float = 0.0, d: tuple[float, ...] = (K1, 0, 0, 0)) -> CameraModel:
    return CameraModel.from_calibration(
        Calibration(640, 480, K, "equidistant", np.array(d), fisheye_angle_deg=angle_deg)
    )


def at(angle_deg: float, around_deg: float = 0.0, distance: float = 5.0) -> list[float]:
    """A point at an angle from the axis, in a direction around it."""
    angle, around = math.radians(angle_deg), math.radians(around_deg)
    sine = math.sin(angle)
    return [
        distance * sine * math.cos(around),
        distance * sine * math.sin(around),
        distance * math.cos(angle),
    ]


def column(angle_deg: float) -> float:
    """theta (1 + k1 theta^2) f + cx."""
    angle = math.radians(angle_deg)
    return angle * (1 + K1 * angle**2) * FOCAL + CX


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rays_beside_and_behind_the_plane_are_imaged_where_the_model_says(dtype: type) -> None:
    angles = (0, 60, 89.9, 90, 92, 97)
    found = camera(98.0).project(np.array([at(a) for a in angles], dtype))
    assert found.valid.all()
    assert found.uv[:, 0] == pytest.approx([column(a) for a in angles], abs=1e-3)
    assert found.uv[:, 1] == pytest.approx(CY, abs=1e-3)
    # 183 x 1.693 x (1 + 0.01 x 2.866) + 319.5, worked out on paper.
    assert found.uv[5, 0] == pytest.approx(638.2, abs=0.05)
    assert found.depth == pytest.approx(5.0, rel=1e-6)


def test_without_the_parameter_it_ends_before_its_plane() -> None:
    points = np.array([at(a) for a in (89.4, 89.6, 92, 97)])
    assert camera().project(points).valid.tolist() == [True, False, False, False]


def test_its_picture_ends_at_the_angle_that_is_given() -> None:
    points = np.array([at(a) for a in (39, 41, 91, 93, 97)])
    assert camera(40.0).project(points).valid.tolist() == [True, False, False, False, False]
    assert camera(92.0).project(points).valid.tolist() == [True, True, True, False, False]


def test_before_its_plane_it_equals_opencv_and_itself_without_the_parameter() -> None:
    random = np.random.default_rng(1)
    xyz = random.uniform(-1, 1, (3000, 3)) * [5, 5, 0] + [0, 0, 3]
    expected = cv2.fisheye.projectPoints(
        xyz[None], np.zeros(3), np.zeros(3), K, np.array([K1, 0, 0, 0])
    )[0][0]
    wide, usual = camera(98.0).project(xyz), camera().project(xyz)
    assert wide.valid.sum() > 2000
    assert np.abs(wide.uv - expected)[wide.valid].max() < 1e-3
    assert wide.valid.tolist() == usual.valid.tolist()
    assert wide.uv[wide.valid] == pytest.approx(usual.uv[usual.valid], abs=1e-3)


@pytest.mark.parametrize("d", [(K1, 0, 0, 0), BENT])
@given(angle=st.floats(0, 180), around=st.floats(0, 360), distance=st.floats(0.1, 100))
def test_a_pixel_shows_only_what_lies_on_its_own_ray(
    d: tuple[float, ...], angle: float, around: float, distance: float
) -> None:
    lens = camera(120.0, d)
    point = np.array([at(angle, around, distance)])
    found = lens.project(point)
    if not found.valid[0]:
        return
    assert angle <= 120
    assert lens.unproject(found.uv.astype(float))[0] == pytest.approx(point[0] / distance, abs=2e-3)


@given(u=st.floats(0, 639), v=st.floats(0, 479))
def test_a_pixels_ray_leads_back_to_it(u: float, v: float) -> None:
    lens = camera(98.0)
    ray = lens.unproject(np.array([[u, v]]))
    has_ray = math.hypot(u - CX, v - CY) < column(98.0) - CX
    assert np.isfinite(ray).all() == has_ray
    if has_ray:
        assert np.linalg.norm(ray) == pytest.approx(1)
        assert lens.project(ray * 7.0).uv[0] == pytest.approx([u, v], abs=5e-3)


def test_nothing_broken_is_valid() -> None:
    xyz = np.array(
        [[0, 0, -5], [0, 0, 0], [np.nan, 0, 5], [0, np.inf, 5], [0, 0, np.nan], [0, 0, 5]]
    )
    assert camera(98.0).project(xyz).valid.tolist() == [False] * 5 + [True]


def test_a_rolling_shutter_sees_past_the_plane_too() -> None:
    moved = np.eye(4)
    moved[1, 3] = 0.2
    points = np.array([at(a) for a in (60, 92, 97, 99)])
    still = RollingShutter(np.eye(4), np.eye(4)).hits(camera(98.0), points)
    assert still.index.tolist() == [0, 1, 2]
    assert still.u == pytest.approx([column(a) for a in (60, 92, 97)], abs=1e-3)
    assert still.depth == pytest.approx([5, 5, 5])
    # The middle line of the image is exposed halfway of 0.2 m downwards.
    moving = RollingShutter(np.eye(4), moved).hits(camera(98.0), points[1:2])
    half = camera(98.0).project(points[1:2] + np.array([0, 0.2 * (moving.v[0] + 0.5) / 480, 0]))
    assert [moving.u[0], moving.v[0]] == pytest.approx(half.uv[0], abs=1e-2)


def test_how_far_an_image_reaches() -> None:
    corner = math.hypot(320 / FOCAL, 240 / FOCAL)
    angle = math.radians(fisheye_reach_deg(camera()))
    assert angle * (1 + K1 * angle**2) == pytest.approx(corner, abs=1e-6)
    assert math.degrees(angle) == pytest.approx(120.0, abs=0.1)
    pinhole = CameraModel.from_calibration(Calibration(640, 480, K))
    assert fisheye_reach_deg(pinhole) == 0
