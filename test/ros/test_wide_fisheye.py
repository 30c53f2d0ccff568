"""A node whose camera looks past its own plane labels what lies there."""

from dataclasses import replace

import numpy as np
import pytest

pytestmark = pytest.mark.ros
# 4 px a radian: 97 degrees to the left are 6.8 px from the middle of 16 columns.
K = np.array([4.0, 0, 7.5, 0, 4.0, 3.5, 0, 0, 1])
D = np.array([1e-9, 0, 0, 0])


def beside(angle_deg):
    angle = np.radians(angle_deg)
    return 4 * float(np.cos(angle)), 4 * float(np.sin(angle)), 0.0


@pytest.fixture
def fisheye(robot, monkeypatch):
    """The robot's camera is one, and its scan has points around it."""
    usual = robot.camera_info

    def camera_info(stamp_ns, scale=1):
        return replace(usual(stamp_ns, scale), k=K, d=D, distortion_model="equidistant")

    monkeypatch.setattr(robot, "camera_info", camera_info)
    monkeypatch.setattr(robot, "POINTS", tuple(beside(a) for a in (60, 97, -97, 120)))
    return robot


def test_points_behind_the_plane_are_labelled_where_the_angle_is_known(start_node, fisheye):
    running = start_node(camera__front__fisheye_angle_deg=100.0)
    running.step(0)
    assert running.last_labels() == [0, 0, 2, 255]
    running.account()


def test_without_it_they_are_out_of_view(start_node, fisheye):
    running = start_node()
    running.step(0)
    assert running.last_labels() == [0, 255, 255, 255]
    running.account()
