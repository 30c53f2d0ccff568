"""The node looks at moments while it works: a sound camera fits, one that was turned no longer."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import pytest
from waiting import wait_until

from seg_perception.alignment.rotation_search import turn
from seg_perception.core.types import PointCloud
from seg_perception.geometry.transforms import StampedTransform
from seg_perception.io.pointcloud2 import encode_cloud
from seg_perception.io.transforms import encode_tf
from seg_perception.ros.qos import latched_profile

pytestmark = [pytest.mark.ros, pytest.mark.timeout(600)]

# What is looked at at the lowest priority waits long on a busy machine.
PATIENCE_S = 240.0

# 15 times the columns of the usual picture, 90 degrees wide.
WIDTH, HEIGHT, FOCAL = 240, 120, 120.0
COLUMNS, ROWS = 120, 40
NEAR_M, WALL_M = 5.0, 12.0
# Boxes before a wall: left, top, right, bottom, as slopes to the right and down, and their grey.
BOXES = (
    (-0.62, -0.22, -0.50, 0.24, 230),
    (-0.34, -0.05, -0.16, 0.12, 200),
    (-0.30, -0.25, -0.20, -0.13, 170),
    (-0.04, -0.20, 0.06, 0.22, 240),
    (0.14, 0.02, 0.30, 0.21, 190),
    (0.20, -0.24, 0.34, -0.10, 220),
    (0.46, -0.18, 0.58, 0.20, 210),
)


def seen(right, down):
    """Grey and depth (metre) along the camera's rays, float arrays of one shape."""
    grey, depth = np.full(right.shape, 60.0), np.full(right.shape, WALL_M)
    for left, top, far_right, bottom, bright in BOXES:
        inside = (right > left) & (right < far_right) & (down > top) & (down < bottom)
        grey[inside], depth[inside] = bright, NEAR_M
    return grey, depth


def picture():
    row, column = np.mgrid[:HEIGHT, :WIDTH]
    cx, cy = (WIDTH - 1) / 2, (HEIGHT - 1) / 2
    grey, _ = seen((column - cx) / FOCAL, (row - cy) / FOCAL)
    noisy = grey[..., None] + np.random.default_rng(0).normal(0, 5, (HEIGHT, WIDTH, 3))
    return noisy.clip(0, 255).astype(np.uint8)


def scan(stamp_ns):
    """The lidar sits where the camera does: x ahead, y to the left."""
    azimuth, elevation = np.meshgrid(
        np.linspace(0.66, -0.66, COLUMNS), np.linspace(0.3, -0.3, ROWS)
    )
    right, down = -np.tan(azimuth), -np.tan(elevation) / np.cos(azimuth)
    _, depth = seen(right, down)
    points = np.zeros((ROWS, COLUMNS), [(axis, "<f4") for axis in "xyz"])
    points["x"], points["y"], points["z"] = depth, -right * depth, -down * depth
    return encode_cloud(PointCloud(points, stamp_ns, "top"))


@dataclass
class Watched:
    """A node among its sensors, and what its diagnostics say of the watch."""

    node: object
    diagnostics: list

    def __post_init__(self):
        self.node.robot.cloud = scan
        self.numbers, self.picture = itertools.count(), picture()

    @property
    def says(self):
        """The newest value; nothing before the first."""
        for array in reversed(self.diagnostics):
            for value in (value for status in array.status for value in status.values):
                if value.key == "calibration of camera.front":
                    return value.value
        return ""

    def drive_until_it_says(self, *beginnings):
        """One moment after the other: one that comes while another is looked at is left out."""

        def says():
            if not self.says.startswith(beginnings):
                self.node.step(next(self.numbers), self.picture)
            return self.says.startswith(beginnings)

        wait_until(says, f"{beginnings} in the diagnostics", PATIENCE_S)


@pytest.fixture
def watched(start_node):
    node = start_node(calibration__interval_s=0.1, camera__front__frame_convention="optical")
    return Watched(node, node.robot.listen("/diagnostics", "diagnostic_msgs/msg/DiagnosticArray"))


def mounting(turned_deg):
    """What tf says of a camera that it takes as turned about its optical axes."""
    optical = np.array([[0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1.0]])
    T = optical @ turn(np.array(turned_deg, float))
    return encode_tf([StampedTransform("base", "front_optical", 0, T)])


def test_a_camera_fits_in_a_node_until_it_sits_elsewhere_than_tf_says(watched):
    watched.drive_until_it_says("pictures and scans fit; ")
    said = watched.says
    moments = int(said.removeprefix("pictures and scans fit; ").split()[0])
    assert moments >= 4
    assert said.endswith(f" {moments} moments, 0 searches")
    watched.node.robot.send("/tf_static", mounting((0, 1, 0)), latched_profile(10))
    # The search that the doubt starts takes seconds of a core, at the lowest priority.
    watched.drive_until_it_says("can't tell", "it has moved")
    streams = watched.node.account()
    assert streams["lidar.top"]["published"] >= moments + 1
