"""Which cameras a cloud waits for."""

from __future__ import annotations

import numpy as np
import pytest

from seg_perception.config import Config
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.types import Calibration, LabelMap, PointCloud
from seg_perception.fusion.view import PreparedLabelMap
from seg_perception.geometry.transforms import TransformTree
from seg_perception.pipeline.ego_motion import EgoMotion
from seg_perception.pipeline.frame_convention import T_OPTICAL_BODY, FrameConventionDetector
from seg_perception.pipeline.seeing_cameras import SeeingCameras
from seg_perception.pipeline.synchronizer import LabelMapBuffer
from seg_perception.pipeline.view_selector import ViewSelector

MS = 1_000_000
CONFIG = Config.from_parameters(
    {
        "cameras": ["front", "rear"],
        "camera.front.image_topic": "/front/image_raw",
        "camera.rear.image_topic": "/rear/image_raw",
        "camera.front.frame_convention": "optical",
        "camera.rear.frame_convention": "optical",
        "radars": ["bow"],
        "radar.bow.topic": "/bow/points",
        "transforms.fixed_frame": "",
    }
)
# 16 x 8 pixels and a focal length of 8: 45 degrees to either side.
LENS = Calibration(
    16, 8, np.array([[8.0, 0, 7.5], [0, 8, 3.5], [0, 0, 1]]), "plumb_bob", np.zeros(5)
)
BACKWARDS = np.diag([-1.0, -1.0, 1.0, 1.0])


class Rig:
    """A camera ahead and one astern, a radar between them."""

    def __init__(self) -> None:
        self.tree = TransformTree()
        self.labels: LabelMapBuffer[PreparedLabelMap] = LabelMapBuffer(
            CONFIG.cameras, CONFIG.synchronizer
        )
        conventions = FrameConventionDetector(CONFIG, IssueLog())
        self.motion = EgoMotion(CONFIG, self.tree, conventions)
        self.seeing = SeeingCameras(CONFIG, self.motion, self.labels)
        self.selector = ViewSelector(CONFIG, self.motion, self.labels)

    def mount(self) -> None:
        T_base_optical = np.linalg.inv(T_OPTICAL_BODY)
        self.tree.set_static("base", "radar", np.eye(4))
        self.tree.set_static("base", "front", T_base_optical)
        self.tree.set_static("base", "rear", BACKWARDS @ T_base_optical)

    def label(self, camera: str, stamp_ms: int, lens: Calibration | None = LENS) -> None:
        ids, certain = np.zeros((8, 16), np.uint8), np.full((8, 16), 255, np.uint8)
        label_map = LabelMap(camera, ids, certain, stamp_ms * MS, camera, lens)
        self.labels.add(camera, stamp_ms * MS, PreparedLabelMap(label_map))

    def scan(self, *places: tuple[float, float, float]):
        points = np.zeros((1, len(places)), [(axis, "<f4") for axis in "xyz"])
        for axis, values in zip("xyz", zip(*places, strict=True), strict=True):
            points[axis] = values
        return self.motion.scan("bow", PointCloud(points, 100 * MS, "radar"))


@pytest.fixture
def rig() -> Rig:
    made = Rig()
    made.mount()
    return made


def test_a_camera_sees_the_scan_of_which_points_lie_in_its_image(rig: Rig) -> None:
    rig.label("front", 90)
    rig.label("rear", 90)
    assert rig.seeing.of(rig.scan((5, 0, 0), (5, 1, 0)), ["front", "rear"]) == ["front"]
    assert rig.seeing.of(rig.scan((5, 0, 0), (-5, 0, 0)), ["front", "rear"]) == ["front", "rear"]
    assert rig.seeing.of(rig.scan((0, 5, 0)), ["front", "rear"]) == []


def test_a_camera_that_cannot_be_placed_may_see_everything() -> None:
    rig = Rig()
    scan = rig.scan((5, 0, 0))
    assert rig.seeing.of(scan, ["front", "rear"]) == ["front", "rear"], "no label map yet"
    rig.label("front", 90)
    rig.label("rear", 90, None)
    assert rig.seeing.of(scan, ["front", "rear"]) == ["front", "rear"], "no transform, no lens"
    rig.mount()
    rig.label("rear", 95)
    assert rig.seeing.of(scan, ["front", "rear"]) == ["front"], "asked again once it is known"


def test_a_scan_waits_only_for_the_cameras_that_see_it(rig: Rig) -> None:
    scan = rig.scan((5, 0, 0))
    rig.label("front", 90)
    rig.label("rear", 90)
    assert not rig.selector.is_complete(scan)
    rig.label("front", 110)
    assert rig.selector.is_complete(scan), "the rear camera has nothing newer, and need not"
    assert not rig.selector.is_complete(rig.scan((5, 0, 0), (-5, 0, 0)))


def test_a_scan_that_no_camera_sees_waits_for_none(rig: Rig) -> None:
    rig.label("front", 90)
    rig.label("rear", 90)
    assert rig.selector.is_complete(rig.scan((0, 5, 0)))


def test_every_part_of_a_large_scan_is_tried(rig: Rig) -> None:
    """131,072 points around, of which every hundredth lies astern."""
    places = np.full((131_072, 3), (5.0, 0.0, 0.0), np.float32)
    places[::100] = (-5.0, 0.0, 0.0)
    rig.label("front", 90)
    rig.label("rear", 90)
    scan = rig.scan(*map(tuple, places))
    assert rig.seeing.of(scan, ["front", "rear"]) == ["front", "rear"]
