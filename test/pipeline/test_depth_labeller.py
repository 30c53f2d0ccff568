"""Depth images become labelled points: in which frame, at which time, and what becomes of each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from seg_perception.config import Config
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import Calibration, DepthImage, LabelMap, PointStatus, SemanticCloud
from seg_perception.geometry.transforms import TransformTree
from seg_perception.pipeline.frame_convention import T_OPTICAL_BODY
from seg_perception.pipeline.perception import Perception

MS = 1_000_000
WIDTH, HEIGHT, FOCAL = 64, 48, 32.0
LEFT, RIGHT, UNKNOWN = 0, 1, 255
ONTOLOGY = Ontology.parse(
    {
        "name": "two",
        "classes": [
            {"id": LEFT, "name": "left", "color": "#ff0000"},
            {"id": RIGHT, "name": "right", "color": "#00ff00"},
        ],
    },
    "test",
)
K = np.array([[FOCAL, 0, 31.5], [0, FOCAL, 23.5], [0, 0, 1]])
LENS = Calibration(WIDTH, HEIGHT, K, p=np.hstack([K, np.zeros((3, 1))]))
S = PointStatus


class Rig:
    """One depth camera, and where it is."""

    def __init__(self, fixed_frame: str = "", **parameters: Any) -> None:
        flat = {
            "cameras": ["front"],
            "camera.front.image_topic": "/front/image_raw",
            "camera.front.depth_topic": "/front/depth/image_raw",
            "transforms.fixed_frame": fixed_frame,
            **{key.replace("__", "."): value for key, value in parameters.items()},
        }
        self.tree = TransformTree(buffer_s=60)
        self.core = Perception(Config.from_parameters(flat), ONTOLOGY, self.tree)

    def see(self, ms: int = 100, confidence: int = 255) -> None:
        """A label map: its left half one class, its right half the other."""
        labels = np.full((HEIGHT, WIDTH), LEFT, np.uint8)
        labels[:, WIDTH // 2 :] = RIGHT
        sure = np.full_like(labels, confidence)
        self.core.add_label_map(LabelMap("front", labels, sure, ms * MS, "camera", LENS))

    def measure(self, ms: int = 100, frame: str = "camera", **changed: Any) -> SemanticCloud:
        """A wall 2 m off."""
        values = changed.pop("values", np.full((HEIGHT, WIDTH), 2000, np.uint16))
        depth = DepthImage(values, 0.001, ms * MS, frame, **{"calibration": LENS, **changed})
        return self.core.label_depth("front", depth)


def test_pixels_of_one_frame_and_time_need_no_transform():
    rig = Rig()
    rig.see()
    found = rig.measure()
    assert found.count(S.LABELLED) == WIDTH * HEIGHT
    labels = found.labels.reshape(HEIGHT, WIDTH)
    assert (labels[:, :32] == LEFT).all()
    assert (labels[:, 32:] == RIGHT).all()
    assert found.cloud.points.shape == (HEIGHT, WIDTH)
    assert found.cloud.frame_id == "camera"
    np.testing.assert_allclose(found.cloud.points["x"][0, 0], -31.5 / 32 * 2)


def test_every_pixel_says_what_became_of_it():
    rig = Rig(transfer__min_confidence=0.5)
    rig.see()
    values = np.full((HEIGHT, WIDTH), 2000, np.uint16)
    values[0, :5] = 0, 65535, 100, 9000, 11000
    found = rig.measure(values=values)
    # Nothing measured twice, nearer than the robot, within and beyond the range of depths.
    assert found.status[:5].tolist() == [S.INVALID, S.INVALID, S.SELF, S.LABELLED, S.INVALID]
    rig.see(ms=200, confidence=100)
    assert rig.measure(ms=200).count(S.UNCERTAIN) == WIDTH * HEIGHT


def test_without_labels_the_points_are_the_images_own_and_say_why():
    rig = Rig()
    found = rig.measure(values=np.full((24, 32), 2000, np.uint16), calibration=None)
    assert (found.cloud.points.shape, found.count(S.INVALID)) == ((24, 32), 24 * 32)
    found = rig.measure()
    assert found.count(S.NO_LABEL_MAP) == WIDTH * HEIGHT
    assert np.isfinite(found.cloud.xyz).all()


def test_points_of_a_body_frame_lie_in_its_axes():
    rig = Rig(camera__front__frame_convention="body")
    rig.see()
    found = rig.measure()
    assert found.count(S.LABELLED) == WIDTH * HEIGHT
    np.testing.assert_allclose(found.cloud.points["x"], 2.0, atol=1e-6)
    # The label map's left is where y points.
    assert (found.labels[found.cloud.xyz[:, 1] > 0.1] == LEFT).all()
    optical = found.cloud.xyz @ T_OPTICAL_BODY[:3, :3].T
    np.testing.assert_allclose(optical[0], [-31.5 / 16, -23.5 / 16, 2.0], atol=1e-5)


def test_a_correction_of_the_camera_moves_no_pixel_of_its_own():
    rig = Rig(camera__front__correction_xyz_m=[0.5, 0.0, 0.0])
    rig.see()
    found = rig.measure()
    assert (found.labels.reshape(HEIGHT, WIDTH)[:, :32] == LEFT).all()


@pytest.mark.parametrize("turning", [False, True])
def test_what_the_camera_does_between_picture_and_depths_counts(turning):
    rig = Rig("odom", synchronizer__max_gap_s=0.2)
    optical = np.linalg.inv(T_OPTICAL_BODY)
    for ms in range(0, 400, 20):
        turn = np.radians(0.2 * (ms - 100)) if turning else 0.0
        T = np.eye(4)
        T[:2, :2] = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
        rig.tree.set_timed("odom", "base", ms * MS, T)
    rig.tree.set_static("base", "camera", optical)
    rig.see(ms=100)
    found = rig.measure(ms=150)
    x = found.cloud.xyz[:, 0]
    labelled = found.status == S.LABELLED
    # 10 degrees to the left in between: what was in the middle is 2 m x tan(10 deg) to the right.
    edge = 2 * np.tan(np.radians(10)) if turning else 0.0
    sure = labelled & (np.abs(x - edge) > 0.1)
    np.testing.assert_array_equal(found.labels[sure] == RIGHT, x[sure] > edge)
    assert sure.sum() > 0.6 * WIDTH * HEIGHT


def test_frames_that_nothing_connects_are_said_of_the_points():
    rig = Rig()
    rig.see()
    found = rig.measure(frame="elsewhere")
    assert found.count(S.NO_TRANSFORM) == WIDTH * HEIGHT


def test_depths_enter_the_map_and_lidars_are_not_needed():
    rig = Rig("odom", map__enabled=True, map__min_scans=1)
    for ms in range(0, 400, 20):
        rig.tree.set_timed("odom", "camera", ms * MS, np.eye(4))
    rig.see()
    rig.measure()
    (mapper,) = rig.core.mappers
    voxels = mapper.voxels()
    assert set(voxels.labels.tolist()) == {LEFT, RIGHT}
    np.testing.assert_allclose(voxels.xyz[:, 2], 2.0, atol=0.2)
