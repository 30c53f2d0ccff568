"""Clouds are drawn as the robot drives, whichever way their sensor is mounted."""

import numpy as np
import pytest

from seg_perception.geometry.transforms import TransformTree
from seg_perception.outputs.heading import heading

LEFT = np.array([[0, -1, 0, 1], [1, 0, 0, 0], [0, 0, 1, 2], [0, 0, 0, 1]], np.float64)
# Columns: where a camera's right, down and ahead lie in the sensor's frame, which looks back.
OPTICAL_BACK = np.array([[0, 0, -1, 0], [1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]], np.float64)
BODY_LEFT = np.array([[0, -1, 0, 5], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], np.float64)
AHEAD_DOWN = np.array([[1, 0, 0, 0], [0, -1, 0, 0], [0, 0, -1, 0], [0, 0, 0, 1]], np.float64)


@pytest.mark.parametrize("body", ["base_link", "a200/base_link", "base_footprint"])
def test_the_body_s_frame_comes_first(body):
    tree = TransformTree()
    tree.set_static(body, "lidar", LEFT)
    tree.set_static("lidar", "camera", OPTICAL_BACK)
    np.testing.assert_allclose(heading(tree, "lidar", "camera", 5), LEFT)


@pytest.mark.parametrize(
    ("camera", "point", "drawn"),
    [
        # What the camera sees ahead is ahead; height stays.
        (OPTICAL_BACK, [-3, 0, 1], [3, 0, 1]),
        (OPTICAL_BACK, [-3, 2, 1], [3, -2, 1]),
        (BODY_LEFT, [0, 4, 0], [4, 0, 0]),
        # One that looks at the ground says nothing.
        (AHEAD_DOWN, [1, 2, 3], [1, 2, 3]),
    ],
)
def test_else_it_is_where_the_camera_looks(camera, point, drawn):
    tree = TransformTree()
    tree.set_static("lidar", "camera", camera)
    T = heading(tree, "lidar", "camera", 5)
    np.testing.assert_allclose((T @ [*point, 1])[:3], drawn, atol=1e-12)


def test_where_nothing_is_known_a_cloud_stays_as_it_is():
    tree = TransformTree()
    tree.set_static("base_link", "elsewhere", LEFT)
    for camera in ("", "camera"):
        np.testing.assert_array_equal(heading(tree, "lidar", camera, 5), np.eye(4))
