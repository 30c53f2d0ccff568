"""Which axes a camera's frame has: what scans show, and what is labelled until they have."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seg_perception.config import Config
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import Calibration, LabelMap, PointCloud, PointStatus, SemanticCloud
from seg_perception.fusion.projection import Range
from seg_perception.geometry.camera import CameraModel
from seg_perception.geometry.transforms import TransformTree
from seg_perception.pipeline.frame_convention import (
    FEWEST_SCANS,
    MOST_SCANS,
    T_OPTICAL_BODY,
    Trial,
    decide,
    try_conventions,
)
from seg_perception.pipeline.perception import Perception

MS = 1_000_000
# Half angles of this image: atan(32 / 50) = 32.6 degrees across, atan(24 / 50) = 25.6 down.
WIDTH, HEIGHT, FOCAL = 64, 48, 50.0
LENS = Calibration(
    WIDTH,
    HEIGHT,
    np.array([[FOCAL, 0, WIDTH / 2 - 0.5], [0, FOCAL, HEIGHT / 2 - 0.5], [0, 0, 1]]),
)
SEEN, UNKNOWN = 0, 255
ONTOLOGY = Ontology.parse(
    {"name": "one", "classes": [{"id": SEEN, "name": "seen", "color": "#ff0000"}]}, "test"
)
UP = np.array([0.0, 0.0, 1.0])
RANGES = Range(0.3, 200.0)
BODY, OPTICAL = np.eye(4), np.linalg.inv(T_OPTICAL_BODY)


def rotation(roll: float, pitch: float, yaw: float) -> np.ndarray:
    """(4, 4) of angles in degrees: about x, then y, then z."""
    (cr, cp, cy), (sr, sp, sy) = (f(np.radians([roll, pitch, yaw])) for f in (np.cos, np.sin))
    about_x = [[1, 0, 0], [0, cr, -sr], [0, sr, cr]]
    about_y = [[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]]
    about_z = [[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]]
    T = np.eye(4)
    T[:3, :3] = np.array(about_z) @ about_y @ about_x
    return T


def rings(*elevations: float) -> np.ndarray:
    """A point for each degree of each ring, 10 m away, float32 (N, 3)."""
    azimuth, elevation = np.meshgrid(np.radians(np.arange(360)), np.radians(elevations))
    flat = np.cos(elevation)
    xyz = np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), np.sin(elevation)], axis=-1)
    return (10 * xyz.reshape(-1, 3)).astype(np.float32)


def seen(T_lidar_frame: np.ndarray, xyz: np.ndarray | None = None) -> Trial:
    """A turning lidar's scan before a camera whose frame sits so in it."""
    T = np.linalg.inv(T_lidar_frame)
    points = rings(0) if xyz is None else xyz
    return try_conventions(points, RANGES, CameraModel.from_calibration(LENS), T, T[:3, :3] @ UP)


def test_a_body_frame_read_as_an_optical_one_looks_at_the_zenith():
    # Whole degrees within 32.6 to either side: 65 points.
    found = seen(BODY)
    assert found.in_image == {"optical": 0, "body": 65}
    assert found.upright == pytest.approx({"optical": 0, "body": 1})
    assert decide([found] * FEWEST_SCANS).convention == "body"


def test_an_optical_frame_read_as_a_body_frame_looks_to_the_side():
    # The picture lies on its side there: 25.6 degrees to either side are 51 points.
    found = seen(OPTICAL)
    assert found.in_image == {"optical": 65, "body": 51}
    assert found.upright == pytest.approx({"optical": 1, "body": 0})
    assert decide([found] * FEWEST_SCANS).convention == "optical"


def test_beams_without_return_are_no_points():
    # They lie in the lidar itself, which sits where a body frame read as an optical one looks.
    above = np.eye(4)
    above[2, 3] = -0.5
    xyz = np.concatenate([rings(0), np.zeros((500, 3), np.float32), np.full((9, 3), np.nan, "f4")])
    found = seen(above, xyz)
    assert (found.tried, found.in_image["optical"]) == (360, 0)


def test_a_part_of_a_large_scan_is_tried():
    found = seen(BODY, np.tile(rings(0), (100, 1)))
    # Every 5th of 36,000: 4 = 36,000 // 8192, made odd.
    assert found.tried == 7200
    assert found.in_image["body"] == pytest.approx(65 / 360 * 7200, rel=0.02)


@settings(max_examples=60)
@given(
    yaw=st.floats(-180, 180),
    pitch=st.floats(-20, 20),
    roll=st.floats(-20, 20),
    convention=st.sampled_from(["optical", "body"]),
)
def test_where_a_camera_looks_does_not_matter(yaw, pitch, roll, convention):
    axes = OPTICAL if convention == "optical" else BODY
    found = seen(rotation(roll, pitch, yaw) @ axes, rings(-25, -15, -8, -4, -2, 0, 2, 5, 10, 15))
    assert decide([found] * FEWEST_SCANS).convention == convention


@pytest.mark.parametrize(
    ("T_lidar_frame", "words"),
    [
        (rotation(90, 0, 0) @ OPTICAL, "does not stand upright"),
        (rotation(-90, 0, 0) @ OPTICAL, "does not stand upright"),
        (rotation(90, 0, 0) @ BODY, "does not stand upright"),
        (rotation(0, 60, 0) @ OPTICAL, "does not stand upright"),
        (rotation(0, 90, 0) @ BODY, "does not stand upright"),
        (rotation(180, 0, 0) @ OPTICAL, "does not stand upright"),
    ],
    ids=["left side", "right side", "body, right side", "steep", "body, down", "upside down"],
)
def test_a_picture_that_does_not_stand_upright_is_not_decided(T_lidar_frame, words):
    decision = decide([seen(T_lidar_frame)] * FEWEST_SCANS)
    assert decision.convention is None
    assert words in decision.kind.text


def test_points_against_the_upright_reading_leave_it_open():
    # A camera that looks to the left, and a lidar that measures ahead only: z forward is where an
    # optical frame looks, x, which lies to the right of it, where a body frame does.
    ahead = rings(0)[np.r_[0:40, 320:360]]
    found = seen(rotation(0, 0, 90) @ OPTICAL, ahead)
    assert found.in_image["optical"] == 0
    assert found.in_image["body"] == 51
    assert_contradiction([found] * FEWEST_SCANS, "an optical frame (z forward)")
    # A frame with z up, under a roof of points: an optical frame looking up would see them.
    assert_contradiction(
        [seen(BODY, rings(0, 75, 80, 85))] * FEWEST_SCANS, "a body frame (x forward)"
    )


def assert_contradiction(trials, axes):
    decision = decide(trials)
    assert decision.convention is None
    assert decision.axes == axes
    assert "but the picture stands upright if it is {axes}" in decision.kind.text


def test_several_scans_and_enough_points_are_needed():
    enough = seen(BODY)
    too_few = decide([enough] * (FEWEST_SCANS - 1))
    assert (too_few.convention, too_few.scans) == (None, 4)
    assert "{scans} of {needed} scans were tried" in too_few.kind.text
    few = seen(BODY, rings(0)[::4])
    # 17 points a scan: 85 of five, 102 of six.
    assert few.in_image["body"] == 17
    decision = decide([few] * 5)
    assert decision.convention is None
    assert decision.figures.endswith("85 if it is a body frame")
    assert "{figures}: too few; check tf" in decision.kind.text
    assert decide([few] * 6).convention == "body"


PARAMETERS: dict[str, Any] = {
    "cameras": ["front"],
    "camera.front.image_topic": "/front/image_raw",
    "camera.front.frame_convention": "auto",
    "lidars": ["top"],
    "lidar.top.topic": "/top/points",
    "synchronizer.max_gap_s": 0.02,
}


class Rig:
    """A robot that turns in odom, its lidar, and cameras that look along its x axis."""

    def __init__(self, axes: np.ndarray = BODY, **parameters: Any) -> None:
        self.tree = TransformTree(buffer_s=60)
        for ms in range(0, 20_000, 100):
            turned = rotation(0, 0, ms * 0.02)
            self.tree.set_timed("odom", "base", ms * MS, turned)
        self.tree.set_static("base", "lidar", np.eye(4))
        self.mount(axes)
        flat = {**PARAMETERS, **{key.replace("__", "."): v for key, v in parameters.items()}}
        self.core = Perception(Config.from_parameters(flat), ONTOLOGY, self.tree)
        self.ms = 0

    def mount(self, axes: np.ndarray, frame: str = "camera") -> None:
        self.tree.set_static("base", frame, axes)

    def scan(self, xyz: np.ndarray | None = None, **frames: str) -> SemanticCloud:
        """A moment later: an image of each camera, by name its frame, and a scan."""
        self.ms += 100
        for name, frame in (frames or {"front": "camera"}).items():
            labels = np.full((HEIGHT, WIDTH), SEEN, np.uint8)
            sure = np.full_like(labels, 255)
            self.core.add_label_map(LabelMap(name, labels, sure, self.ms * MS, frame, LENS))
        xyz = rings(0) if xyz is None else xyz
        points = np.zeros((1, len(xyz)), [(axis, "f4") for axis in "xyz"])
        for column, axis in enumerate("xyz"):
            points[axis] = xyz[:, column]
        return self.core.label("top", PointCloud(points, self.ms * MS, "lidar"))

    @property
    def found(self) -> dict[str, str]:
        return self._said("convention_found")

    @property
    def open(self) -> dict[str, str]:
        return self._said("no_convention")

    def _said(self, code: str) -> dict[str, str]:
        issues = [issue for issue in self.core.issues.all() if issue.code == code]
        return {issue.stream.removeprefix("camera."): issue.sentence for issue in issues}


def labelled(semantic: SemanticCloud) -> int:
    return semantic.count(PointStatus.LABELLED)


@pytest.mark.parametrize("axes", [OPTICAL, BODY], ids=["optical", "body"])
def test_nothing_is_labelled_until_it_is_decided_and_all_is_as_told_from_then(axes):
    rig = Rig(axes)
    name = "body" if axes is BODY else "optical"
    told = Rig(axes, camera__front__frame_convention=name)
    for n in range(1, 5):
        semantic = rig.scan()
        told.scan()
        assert semantic.count(PointStatus.NO_CONVENTION) == 360
        assert set(semantic.labels.tolist()) == {UNKNOWN}
        assert rig.found == {}
        assert f"{n} of 5 scans were tried" in rig.open["front"]
    found, expected = rig.scan(), told.scan()
    assert labelled(expected) == 65
    np.testing.assert_array_equal(found.status, expected.status)
    np.testing.assert_array_equal(found.confidence, expected.confidence)
    assert rig.open == {}
    assert "'camera' is taken for a" in rig.found["front"]
    assert rig.core.accounting.points()["top"][PointStatus.NO_CONVENTION] == 4 * 360


def test_what_can_not_be_told_stays_open_and_says_what_to_set():
    rig = Rig(rotation(90, 0, 0) @ OPTICAL)
    for _ in range(2 * MOST_SCANS):
        assert labelled(rig.scan()) == 0
    words = rig.open["front"]
    assert f"of {360 * MOST_SCANS} points of {MOST_SCANS} scans" in words
    assert words.endswith("set camera.front.frame_convention to optical or body")


def test_a_lidar_that_leans_does_not_matter_where_the_fixed_frame_is_known():
    rig = Rig(BODY)
    rig.tree.set_static("base", "lidar", rotation(0, 60, 0))
    upright = (rotation(0, -60, 0)[:3, :3] @ rings(0).T).T.astype(np.float32)
    for _ in range(FEWEST_SCANS):
        semantic = rig.scan(upright)
    assert labelled(semantic) == 65
    at_rest = Rig(BODY, transforms__fixed_frame="")
    at_rest.tree.set_static("base", "lidar", rotation(0, 60, 0))
    for _ in range(FEWEST_SCANS):
        semantic = at_rest.scan(upright)
    assert semantic.count(PointStatus.NO_CONVENTION) == 360


def depth_points(*, body: bool = False) -> np.ndarray:
    """A point before every pixel, 2 m off, in an optical or a body frame, float32 (N, 3)."""
    v, u = np.mgrid[:HEIGHT, :WIDTH].reshape(2, -1)
    x, y = (u - (WIDTH / 2 - 0.5)) / FOCAL, (v - (HEIGHT / 2 - 0.5)) / FOCAL
    xyz = 2 * np.stack([x, y, np.ones_like(x)], axis=1)
    return (xyz @ T_OPTICAL_BODY[:3, :3] if body else xyz).astype(np.float32)


@pytest.mark.parametrize("name", ["optical", "body"])
def test_the_points_alone_tell_the_axes_of_a_cloud_in_the_cameras_own_frame(name):
    rig = Rig(transforms__fixed_frame="", lidar__top__frame_id="camera")
    for _ in range(FEWEST_SCANS):
        semantic = rig.scan(depth_points(body=name == "body"))
    assert labelled(semantic) == WIDTH * HEIGHT
    assert (
        f"'camera' is taken for a{'n' if name == 'optical' else ''} {name} frame"
        in (rig.found["front"])
    )


def test_points_in_the_cameras_own_frame_that_fit_both_ways_tell_nothing():
    rig = Rig(transforms__fixed_frame="", lidar__top__frame_id="camera")
    both = np.concatenate([depth_points(), depth_points(body=True)])
    for _ in range(FEWEST_SCANS):
        semantic = rig.scan(both)
    assert labelled(semantic) == 0
    assert "neither of which is ten times the other" in rig.open["front"]


def test_up_is_against_y_of_a_sensors_frame_that_is_called_optical():
    # Two frames of one housing: z of the depth's points forward, and y down.
    rig = Rig(OPTICAL, transforms__fixed_frame="", lidar__top__frame_id="depth_optical")
    rig.tree.set_static("base", "depth_optical", OPTICAL)
    for _ in range(FEWEST_SCANS):
        semantic = rig.scan(depth_points())
    assert labelled(semantic) == WIDTH * HEIGHT
    assert "an optical frame" in rig.found["front"]


def test_a_jump_of_the_clock_forgets_nothing_about_frames():
    rig = Rig()
    for _ in range(FEWEST_SCANS):
        rig.scan()
    words = rig.found
    rig.core.reset()
    for ms in range(0, 2000, 100):
        rig.tree.set_timed("odom", "base", ms * MS, rotation(0, 0, 0))
    rig.ms = 0
    assert labelled(rig.scan()) == 65
    assert rig.found == words


@pytest.mark.parametrize("frame", ["camera", "camera_optical"])
def test_a_camera_mounted_otherwise_is_tested_anew(frame):
    rig = Rig()
    for _ in range(FEWEST_SCANS):
        rig.scan()
    rig.mount(OPTICAL, frame)
    # One scan shows that it sits otherwise, so it takes one more.
    for _ in range(FEWEST_SCANS):
        assert rig.scan(front=frame).count(PointStatus.NO_CONVENTION) == 360
    assert labelled(rig.scan(front=frame)) == 65
    assert "is taken for an optical frame" in rig.found["front"]


def test_a_calibration_that_turns_a_little_is_no_other_mounting():
    rig = Rig()
    for _ in range(FEWEST_SCANS):
        rig.scan()
    rig.mount(rotation(0, 5, 20))
    assert labelled(rig.scan()) > 60


def test_each_camera_is_decided_for_itself():
    rig = Rig(
        cameras=["front", "back"],
        camera__back__image_topic="/back/image_raw",
        camera__back__frame_convention="auto",
    )
    rig.mount(rotation(0, 0, 180) @ OPTICAL, "back_optical")
    for _ in range(FEWEST_SCANS):
        semantic = rig.scan(front="camera")
    assert labelled(semantic) == 65
    assert set(rig.found) == {"front"}
    # Beside the camera that is decided, points may lie before the one that is not.
    semantic = rig.scan(front="camera", back="back_optical")
    assert (labelled(semantic), semantic.count(PointStatus.NO_CONVENTION)) == (65, 295)
    for _ in range(FEWEST_SCANS - 1):
        semantic = rig.scan(front="camera", back="back_optical")
    assert labelled(semantic) == 2 * 65
    assert "an optical frame" in rig.found["back"]


def test_a_lens_or_a_transform_that_is_missing_is_said_instead():
    rig = Rig()
    assert rig.scan(front="nowhere").count(PointStatus.NO_TRANSFORM) == 360
    assert rig.open == {}
