"""Images in one process and clouds in another: points get what they would get in one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from seg_perception.config import Config
from seg_perception.core.ontology import Ontology
from seg_perception.core.picture_facts import PictureFacts
from seg_perception.core.types import Calibration, CameraFrame, LabelMap, PointCloud, PointStatus
from seg_perception.geometry.transforms import TransformTree
from seg_perception.pipeline.frame_convention import T_OPTICAL_BODY
from seg_perception.pipeline.perception import Perception

MS = 1_000_000
SIZE = 100
FIELD = Ontology.load("field")
SKY, TRAIL, WALL = (FIELD.ids[name] for name in ("sky", "rough_trail", "building"))
UNKNOWN = FIELD.unknown_id
DARK = PictureFacts(brightness=3, contrast=20, white=0, sharpness=0.1, checksum=0)
LENS = Calibration(SIZE, SIZE, np.array([[50.0, 0, 49.5], [0, 50.0, 49.5], [0, 0, 1]]))


def core() -> Perception:
    """A lidar and a camera that looks along its x, in the same place."""
    tree = TransformTree()
    for ms in range(0, 10_001, 100):
        tree.set_timed("odom", "base", ms * MS, np.eye(4))
    tree.set_static("base", "lidar", np.eye(4))
    tree.set_static("base", "camera", np.linalg.inv(T_OPTICAL_BODY))
    named = {"camera.front.image_topic": "/images", "lidar.top.topic": "/points"}
    config = Config.from_parameters({"cameras": ["front"], "lidars": ["top"], **named})
    return Perception(config, FIELD, tree)


def halves(upper: int, lower: int, stamp_ns: int) -> LabelMap:
    labels = np.full((SIZE, SIZE), upper, np.uint8)
    labels[SIZE // 2 :] = lower
    return LabelMap("front", labels, np.full_like(labels, 255), stamp_ns, "camera", LENS)


def scan(stamp_ns: int) -> PointCloud:
    """A third of the points below, two thirds above: 900 in all."""
    angles = np.radians(np.repeat([-20.0, 20.0, 30.0], 300))
    points = np.zeros((1, len(angles)), [(name, "f4") for name in "xyz"])
    points["x"], points["z"] = 10 * np.cos(angles), 10 * np.sin(angles)
    return PointCloud(points, stamp_ns, "lidar")


@pytest.mark.parametrize("is_split", [False, True])
def test_a_dark_camera_frees_no_ground(*, is_split: bool) -> None:
    images, published = core(), []
    clouds = core() if is_split else images
    for number in range(30):
        stamp_ns = (number + 1) * 100 * MS
        said = replace(halves(WALL, TRAIL, stamp_ns), facts=replace(DARK, checksum=number))
        frame = CameraFrame("front", np.zeros((SIZE, SIZE, 3), np.uint8), stamp_ns, "camera", LENS)
        if is_split:
            published.append(images.take_for_others(said, images.generation, frame))
            clouds.add_label_map(replace(published[-1], facts=None, distance=None))
        else:
            published.append(images.take_segmented(said, images.generation, frame))
        labels = clouds.label("top", scan(stamp_ns)).labels[[0, -1]].tolist()
        # A fault counts once it has lasted for two seconds.
        assert labels == [TRAIL if number < 20 else UNKNOWN, WALL]
    # Only the labels of one process are to be looked at.
    assert published[-1].labels[-1, 0] == (UNKNOWN if is_split else TRAIL)
    assert images.accounting.degraded()["camera.front"] == 10


def test_what_the_lidar_contradicts_frees_no_ground_either() -> None:
    clouds = core()
    for number in range(31):
        stamp_ns = (number + 1) * 100 * MS
        # Upside down: of the points, 300 lie in the sky below and none can be the trail above 25°.
        clouds.add_label_map(halves(TRAIL, SKY, stamp_ns))
        status = clouds.label("top", scan(stamp_ns)).status[[0, 300]].tolist()
    assert status == [PointStatus.CONTRADICTED, PointStatus.UNCERTAIN]
    assert clouds.accounting.degraded()["camera.front"] in {10, 11}
