"""The baseline of a rectified pair: in P by ROS' convention, or in tf, or in both."""

from __future__ import annotations

from typing import Any

import numpy as np

from seg_perception.config import Config
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.types import Calibration
from seg_perception.geometry.transforms import TransformTree
from seg_perception.pipeline.stereo_baseline import StereoBaselines

P = np.array([[500, 0, 319.5, -60.0], [0, 500, 239.5, 0], [0, 0, 1, 0]])
RIGHT = Calibration(640, 480, P[:, :3], p=P)


def place(x: float, y: float = 0.0, turn_rad: float = 0.0) -> Any:
    T = np.eye(4)
    T[:2, 3] = x, y
    T[:2, :2] = [[np.cos(turn_rad), -np.sin(turn_rad)], [np.sin(turn_rad), np.cos(turn_rad)]]
    return T


def make(frames: dict[str, Any]) -> tuple[StereoBaselines, TransformTree, IssueLog]:
    """Frames as the right camera sees them."""
    cameras = {"left": "/l/image_rect", "right": "/r/image_rect"}
    parameters: dict[str, Any] = {"cameras": list(cameras)}
    for name, topic in cameras.items():
        parameters |= {f"camera.{name}.image_topic": topic, f"camera.{name}.rectified": True}
    tree, issues = TransformTree(), IssueLog()
    for name, T in frames.items():
        tree.set_static("right", name, T)
    config = Config.from_parameters(parameters)
    return StereoBaselines(config.cameras, tree, issues), tree, issues


def test_by_convention_both_name_the_left_frame_and_the_offset_counts() -> None:
    # Even if a third camera sits as far to the left of the left one.
    baselines, _, issues = make({"left": place(-0.12), "third": place(-0.24)})
    for camera in ("left", "right"):
        baselines.observe(camera, "left")
    assert baselines.resolve("right", RIGHT, 0) is RIGHT
    assert "0.120 m away, which is applied: its frame 'left' is that of camera left, too" in (
        issues.all()[0].sentence
    )


def test_a_frame_of_its_own_beside_the_left_one_has_the_baseline_in_tf() -> None:
    baselines, tree, issues = make({"lidar": place(-0.12, 0.5), "base": place(-0.12, 0, 1.5)})
    baselines.observe("left", "left")
    baselines.observe("right", "right")
    assert baselines.resolve("right", RIGHT, 0) is RIGHT, "what lies there is turned, or lower"
    tree.set_static("right", "left", place(-0.12))
    found = baselines.resolve("right", RIGHT, 0)
    np.testing.assert_array_equal(found.p, np.array(P) * [1, 1, 1, 0])
    assert baselines.resolve("right", RIGHT, 0) is found
    assert "tf has frame 'left': the baseline is in tf" in issues.all()[0].sentence
    # Its driver mends P.
    mended = Calibration(640, 480, P[:, :3], p=P * [1, 1, 1, 0])
    assert baselines.resolve("right", mended, 0) is mended
    assert issues.all() == []
