"""What a drive's sink keeps, and what it says of pictures and scans that it can't place."""

import numpy as np
import pytest

from seg_perception.config import Config
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.types import (
    Calibration,
    CameraFrame,
    LabelMap,
    PointCloud,
    PointStatus,
    SemanticCloud,
)
from seg_perception.geometry.transforms import TransformTree
from seg_perception.open_vocabulary.geometry.agreement import Agreement
from seg_perception.open_vocabulary.geometry.drive import DriveSink, Place
from seg_perception.pipeline.ego_motion import EgoMotion
from seg_perception.pipeline.frame_convention import FrameConventionDetector
from test.open_vocabulary.test_geometry import ONTOLOGY

SECOND = 1_000_000_000
XYZ = np.dtype([(name, "<f4") for name in "xyz"])


def config(max_voxels: int) -> Config:
    camera = {"image_topic": "/image", "frame_convention": "optical"}
    return Config.model_validate(
        {
            "cameras": {"front": camera},
            "lidars": {"top": {"topic": "/points"}},
            "transforms": {"fixed_frame": "odom"},
            "map": {"max_voxels": max_voxels},
        }
    )


def started(max_voxels: int = 1000, last_s: int = 10) -> DriveSink:
    """A lidar that drives a metre a second along x, the camera in it, known until a second."""
    chosen = config(max_voxels)
    tree = TransformTree(buffer_s=20.0)
    for second in range(last_s + 1):
        T = np.eye(4)
        T[0, 3] = second
        tree.set_timed("odom", "lidar", second * SECOND, T)
    tree.set_static("lidar", "camera", np.eye(4))
    sink = DriveSink(chosen, ONTOLOGY, Agreement(voxel_m=0.5))
    sink.follow(EgoMotion(chosen, tree, FrameConventionDetector(chosen, IssueLog())))
    return sink


def picture(sink: DriveSink, second: int, *, known: bool = True) -> None:
    k = np.array([[100.0, 0, 30], [0, 100, 20], [0, 0, 1]])
    lens = Calibration(60, 40, k, p=np.hstack([k, np.zeros((3, 1))])) if known else None
    labels = np.zeros((40, 60), np.uint8)
    label_map = LabelMap("front", labels, labels, second * SECOND, "camera", lens)
    image = np.zeros((40, 60, 3), np.uint8)
    frame = CameraFrame("front", image, second * SECOND, "camera")
    sink.write_label_map(label_map, frame, second * SECOND)


def scan(sink: DriveSink, second: int, points: int = 1) -> None:
    cloud = np.zeros((1, points), XYZ)
    cloud["z"] = 1 + np.arange(points)
    semantic = SemanticCloud(
        "top",
        PointCloud(cloud, second * SECOND, "lidar"),
        np.full(points, 3, np.uint8),
        np.ones(points, np.float32),
        np.full(points, PointStatus.LABELLED, np.uint8),
        np.zeros(points, np.uint8),
        ("front",),
    )
    sink.write_cloud(semantic, second * SECOND)


def test_a_picture_is_placed_by_the_next_scan_and_the_others_have_their_reason():
    sink = started()
    picture(sink, 1)
    scan(sink, 2)
    picture(sink, 3, known=False)
    scan(sink, 3)
    picture(sink, 4)
    sink.finish()
    first, blind, last = (sink.places[f"front_{n * SECOND}"] for n in (1, 3, 4))
    assert isinstance(first, Place)
    assert first.view.T_camera_cloud[0, 3] == pytest.approx(-1)
    assert blind == "no camera_info came"
    assert last == "no labelled scan came after it, by which it could be placed"
    assert sink.views == 2
    assert sink.issues.all() == []


def test_a_scan_without_a_pose_is_said_and_so_is_its_picture():
    sink = started(last_s=2)
    scan(sink, 1)
    picture(sink, 8)
    scan(sink, 8)
    scan(sink, 9)
    sink.finish()
    (issue,) = sink.issues.all()
    assert (issue.code, issue.stream, issue.count) == ("not_mapped", "lidar.top", 2)
    assert isinstance(sink.places[f"front_{8 * SECOND}"], str)
    assert sink.views == 1


def test_a_map_that_is_full_says_what_gave_way():
    sink = started(max_voxels=8)
    scan(sink, 1, points=12)
    sink.finish()
    (issue,) = sink.issues.all()
    assert issue.code == "voxels_gone"
    # A full map gives up what is too much, and an eighth of itself.
    assert issue.sentence.startswith("the map of the drive was full: 5 voxels")
