"""A correction in the robot file moves points before a camera, whoever asks, and is said."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from seg_perception.config import Config
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import Calibration, LabelMap, PointCloud
from seg_perception.geometry.transforms import TransformTree
from seg_perception.pipeline.ego_motion import EgoMotion
from seg_perception.pipeline.frame_convention import (
    FEWEST_SCANS,
    T_OPTICAL_BODY,
    FrameConventionDetector,
)
from seg_perception.pipeline.perception import Perception
from seg_perception.pipeline.sensor_state import SensorState
from seg_perception.pipeline.stereo_baseline import StereoBaselines

MS = 1_000_000
WIDTH, HEIGHT, FOCAL = 64, 48, 50.0
K = np.array([[FOCAL, 0, WIDTH / 2 - 0.5], [0, FOCAL, HEIGHT / 2 - 0.5], [0, 0, 1]])
LEFT, RIGHT = 0, 1
ONTOLOGY = Ontology.parse(
    {
        "name": "sides",
        "classes": [
            {"id": LEFT, "name": "left", "color": "#ff0000"},
            {"id": RIGHT, "name": "right", "color": "#00ff00"},
        ],
    },
    "test",
)
# About y, which points down: what lies ahead moves to the right.
RIGHTWARDS = {"correction_rpy_deg": [0.0, 3.0, 0.0]}


def config(**camera: Any) -> Config:
    return Config.from_parameters(
        {
            "cameras": ["front"],
            "camera.front.image_topic": "/camera/image_raw",
            "lidars": ["top"],
            "lidar.top.topic": "/lidar/points",
            "transforms.fixed_frame": "",
            **{f"camera.front.{key}": value for key, value in camera.items()},
        }
    )


def tree(T_lidar_camera: np.ndarray | None = None) -> TransformTree:
    """The camera looks along the lidar's x from the same place; its frame is an optical one."""
    transforms = TransformTree()
    T = np.linalg.inv(T_OPTICAL_BODY) if T_lidar_camera is None else T_lidar_camera
    transforms.set_static("lidar", "camera", T)
    return transforms


def label_map(calibration: Calibration | None = None) -> LabelMap:
    labels = np.full((HEIGHT, WIDTH), LEFT, np.uint8)
    labels[:, WIDTH // 2 :] = RIGHT
    lens = calibration or Calibration(WIDTH, HEIGHT, K)
    return LabelMap("front", labels, np.full_like(labels, 255), 100 * MS, "camera", lens)


def cloud(*angles_deg: float) -> PointCloud:
    """Points 10 m away, so far to the left of straight ahead."""
    points = np.zeros((1, len(angles_deg)), [(name, "f4") for name in "xyz"])
    points["x"], points["y"] = (10 * f(np.radians(angles_deg)) for f in (np.cos, np.sin))
    return PointCloud(points, 100 * MS, "lidar")


def labels(settings: Config, transforms: TransformTree, *angles_deg: float) -> list[int]:
    core = Perception(settings, ONTOLOGY, transforms)
    core.add_label_map(label_map())
    return core.label("top", cloud(*angles_deg)).labels.tolist()


def test_points_are_labelled_where_the_correction_places_them():
    # 2 degrees to the left move to 1 degree to the right; 4 stay on the left by 1.
    assert labels(config(), tree(), 2.0, 4.0) == [LEFT, LEFT]
    assert labels(config(**RIGHTWARDS), tree(), 2.0, 4.0) == [RIGHT, LEFT]


def test_a_body_frame_is_corrected_about_the_same_axes_as_an_optical_one():
    settings = config(**RIGHTWARDS, frame_convention="body")
    assert labels(settings, tree(np.eye(4)), 2.0, 4.0) == [RIGHT, LEFT]


@pytest.mark.parametrize("convention", ["optical", "body"])
def test_a_convention_that_is_found_is_the_corrected_frames(convention: str):
    T = np.linalg.inv(T_OPTICAL_BODY) if convention == "optical" else np.eye(4)
    core = Perception(config(**RIGHTWARDS, frame_convention="auto"), ONTOLOGY, tree(T))
    core.add_label_map(label_map())
    around = cloud(*np.arange(0.0, 360.0, 0.5))
    for _ in range(FEWEST_SCANS):
        core.label("top", around)
    assert core.motion.conventions.of("front") == convention
    assert core.label("top", cloud(2.0, 4.0)).labels.tolist() == [RIGHT, LEFT]


def test_a_large_correction_mends_a_camera_that_tf_has_on_its_side():
    # Turned by 90 degrees about z, forward: neither reading of tf stands upright by itself.
    quarter = np.eye(4)
    quarter[:2, :2] = [[0, -1], [1, 0]]
    core = Perception(
        config(correction_rpy_deg=[0.0, 0.0, 90.0], frame_convention="auto"),
        ONTOLOGY,
        tree(np.linalg.inv(T_OPTICAL_BODY) @ quarter),
    )
    core.add_label_map(label_map())
    for _ in range(FEWEST_SCANS):
        core.label("top", cloud(*np.arange(0.0, 360.0, 0.5)))
    assert core.motion.conventions.of("front") == "optical"


def test_what_moves_points_is_metres_along_the_optical_axes():
    motion = EgoMotion(
        config(correction_xyz_m=[0.1, 0.2, 0.3]),
        tree(),
        FrameConventionDetector(config(correction_xyz_m=[0.1, 0.2, 0.3]), IssueLog()),
    )
    scan = motion.scan("top", cloud(0.0))
    moved = motion.T_camera_cloud(label_map(), scan) @ [10.0, 0, 0, 1]
    np.testing.assert_allclose(moved, [0.1, 0.2, 10.3, 1], atol=1e-12)


def test_every_line_of_a_rolling_shutter_is_corrected():
    settings = config(**RIGHTWARDS, readout_s=0.02).model_copy(
        update={"transforms": Config().transforms.model_copy(update={"fixed_frame": "odom"})}
    )
    transforms = tree()
    for ms in range(0, 201, 20):
        transforms.set_timed("odom", "lidar", ms * MS, np.eye(4))
    motion = EgoMotion(settings, transforms, FrameConventionDetector(settings, IssueLog()))
    scan = motion.scan("top", cloud(0.0))
    shutter = motion.shutter(label_map(), scan)
    assert shutter is not None
    T = motion.T_camera_cloud(label_map(), scan)
    assert math.degrees(math.asin(T[0, 0])) == pytest.approx(3)
    np.testing.assert_allclose(shutter.T_first, T, atol=1e-12)
    np.testing.assert_allclose(shutter.T_last, T, atol=1e-12)


def test_no_correction_is_the_very_transform_of_tf():
    motion = EgoMotion(config(), tree(), FrameConventionDetector(config(), IssueLog()))
    scan = motion.scan("top", cloud(0.0))
    found = motion.T_camera_cloud(label_map(), scan)
    assert found.tobytes() == tree().lookup("camera", "lidar", 0).tobytes()


def test_it_can_be_changed_while_the_node_works():
    core = Perception(config(), ONTOLOGY, tree())
    core.add_label_map(label_map())
    assert core.label("top", cloud(2.0)).labels.tolist() == [LEFT]
    core.reconfigure(config(**RIGHTWARDS))
    assert core.label("top", cloud(2.0)).labels.tolist() == [RIGHT]
    assert [i.code for i in core.issues.all()] == ["extrinsics_corrected"]
    core.reconfigure(config())
    assert core.label("top", cloud(2.0)).labels.tolist() == [LEFT]
    assert core.issues.all() == []


def test_it_is_said_with_its_numbers():
    issues = IssueLog()
    SensorState(
        config(correction_xyz_m=[0.0, -0.02, 0.1], correction_rpy_deg=[0.5, 0.0, -1.25]), issues
    )
    (issue,) = issues.all()
    assert (issue.stream, issue.level) == ("camera.front", "note")
    assert "turned by 0.5, 0, -1.25 degrees" in issue.sentence
    assert "moved by 0, -0.02, 0.1 m" in issue.sentence


def test_the_baseline_of_a_rectified_pair_is_found_by_tf_as_it_is_and_then_corrected():
    # The right camera of a pair: P puts it 0.2 m to the right of the left one, and tf, too.
    transforms, right = tree(), np.eye(4)
    right[0, 3] = 0.2
    transforms.set_static("camera", "right", right)
    settings = config(**RIGHTWARDS, rectified=True, frame_id="right")
    sent = Calibration(WIDTH, HEIGHT, K, p=np.hstack([K, [[-FOCAL * 0.2], [0], [0]]]))
    resolved = StereoBaselines(settings.cameras, transforms, IssueLog()).resolve("front", sent, 0)
    assert resolved.p[0, 3] == 0
    core = Perception(settings, ONTOLOGY, transforms)
    core.add_label_map(label_map(resolved))
    # From 0.2 m to the right, what lies 10 m ahead is 1.15 degrees to the left, and moves by 3.
    assert core.label("top", cloud(0.0, 1.0, 2.5)).labels.tolist() == [RIGHT, RIGHT, LEFT]


def test_an_offset_in_p_counts_from_the_corrected_first_camera():
    # P holds the baseline, tf does not: what lies ahead is 1.15 degrees to the left of the right
    # camera, and the correction, of the frame that tf names, moves it by 3 to the right.
    sent = Calibration(WIDTH, HEIGHT, K, p=np.hstack([K, [[-FOCAL * 0.2], [0], [0]]]))
    for parameters, expected in (({}, LEFT), (RIGHTWARDS, RIGHT)):
        core = Perception(config(**parameters, rectified=True), ONTOLOGY, tree())
        core.add_label_map(label_map(sent))
        assert core.label("top", cloud(0.0)).labels.tolist() == [expected]
