"""Remembered labels over real DDS: published as what they are, and counted."""

import numpy as np
import pytest

from seg_perception.geometry.transforms import StampedTransform
from seg_perception.inference.bundle_writer import write_bundle
from seg_perception.io.messages import stamp_to_ns
from seg_perception.io.pointcloud2 import decode_cloud
from seg_perception.io.transforms import encode_tf

pytestmark = pytest.mark.ros

# A longer pause than that in which a robot's pace tells of jumps.
TURNED, ASIDE, TRIES = 20, 60, 20
STEP_NS = 100_000_000


@pytest.fixture
def bundle(colour_model, tmp_path):
    """Red and green stay where they are, blue moves."""
    return write_bundle(tmp_path / "moving", colour_model.with_movable(16, 8)).folder


@pytest.fixture
def stand(robot, monkeypatch):
    """Put the robot to a place (metre), looking back to where it came from."""

    def at(x, y):
        T = np.diag([-1.0, -1.0, 1.0, 1.0])
        T[:3, 3] = x, y, 0.05
        monkeypatch.setattr(
            robot, "pose", lambda ns: encode_tf([StampedTransform("odom", "base", ns, T)])
        )

    return at


def told(node, number):
    """Labels of a step's cloud, and what of them is marked as remembered."""
    node.step(number)
    stamp_ns = node.start_ns + number * STEP_NS
    cloud = next(c for c in reversed(node.clouds) if stamp_to_ns(c.header.stamp) == stamp_ns)
    points = decode_cloud(cloud).points.reshape(-1)
    return points["label"].tolist(), points["remembered"].tolist()


def test_a_place_behind_the_robot_has_the_label_that_was_seen_there(bundle, stand, start_node):
    node = start_node(segmentation__bundle=str(bundle), memory__enabled=True)
    assert told(node, 0) == ([0, 1, 2, 255], [0, 0, 0, 0])
    # Green lies behind the robot now. Clouds do not wait for the map to be filled.
    stand(0.05, 0.05)
    for number in range(TURNED, TURNED + TRIES):
        labels, remembered = told(node, number)
        if any(remembered):
            break
    assert (labels, remembered) == ([0, 1, 2, 1], [0, 0, 0, 1])
    # Blue stood there, and may have gone.
    stand(0.05, -1.95)
    assert told(node, ASIDE) == ([0, 1, 2, 255], [0, 0, 0, 0])
    published = node.account()["lidar.top"]["published"]
    points = node.summary["points"]["top"]
    assert points["remembered"] >= 1
    assert sum(points.values()) == 4 * published
