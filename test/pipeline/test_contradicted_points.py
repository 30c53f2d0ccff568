"""Labels that can't be are counted as contradicted; up is known from the fixed frame, or not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from seg_perception.config import Config
from seg_perception.core.errors import ConfigError
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import (
    Calibration,
    CameraFrame,
    LabelMap,
    PointCloud,
    PointStatus,
)
from seg_perception.geometry.correction import Correction
from seg_perception.geometry.transforms import TransformTree
from seg_perception.pipeline.frame_convention import T_OPTICAL_BODY
from seg_perception.pipeline.perception import Perception

MS = 1_000_000
SIZE, FOCAL = 100, 50.0
K = np.array([[FOCAL, 0, 49.5], [0, FOCAL, 49.5], [0, 0, 1]])
FIELD = Ontology.load("field")
SKY, TRAIL = FIELD.ids["sky"], FIELD.ids["rough_trail"]
LABELLED, CONTRADICTED = int(PointStatus.LABELLED), int(PointStatus.CONTRADICTED)
UNCERTAIN = int(PointStatus.UNCERTAIN)


def turned(roll: float, pitch: float, yaw: float) -> np.ndarray:
    """(4, 4), degrees."""
    return Correction((0, 0, 0), (roll, pitch, yaw)).T


def perception(
    T_odom_base: np.ndarray | None = None, axes: np.ndarray | None = None, **parameters: Any
) -> Perception:
    """A lidar and a camera that looks along its x, in the same place."""
    flat = {
        "cameras": ["front"],
        "camera.front.image_topic": "/camera/image_raw",
        "lidars": ["top"],
        "lidar.top.topic": "/lidar/points",
        **{key.replace("__", "."): value for key, value in parameters.items()},
    }
    tree = TransformTree()
    for ms in range(0, 201, 20):
        tree.set_timed("odom", "base", ms * MS, np.eye(4) if T_odom_base is None else T_odom_base)
    tree.set_static("base", "lidar", np.eye(4))
    tree.set_static("base", "camera", np.linalg.inv(T_OPTICAL_BODY) if axes is None else axes)
    return Perception(Config.from_parameters(flat), FIELD, tree)


def painted(core: Perception, label: int, *elevations_deg: float) -> list[int]:
    """Status of points ahead, so far above the lidar's own level, where the picture is of one."""
    labels = np.full((SIZE, SIZE), label, np.uint8)
    certain = np.full_like(labels, 255)
    lens = Calibration(SIZE, SIZE, K)
    core.add_label_map(LabelMap("front", labels, certain, 100 * MS, "camera", lens))
    points = np.zeros((1, len(elevations_deg)), [(name, "f4") for name in "xyz"])
    angles = np.radians(elevations_deg)
    points["x"], points["z"] = 10 * np.cos(angles), 10 * np.sin(angles)
    status: list[int] = core.label("top", PointCloud(points, 100 * MS, "lidar")).status.tolist()
    return status


def test_contradicted_points_are_counted_under_their_own_reason():
    core = perception()
    assert painted(core, SKY, 10, 20) == [CONTRADICTED] * 2
    counts = core.accounting.points()["top"]
    assert counts[PointStatus.CONTRADICTED] == 2
    assert counts[PointStatus.LABELLED] == 0


def test_ground_is_tested_against_the_horizon_of_the_fixed_frame():
    assert painted(perception(), TRAIL, 30, 40) == [LABELLED, CONTRADICTED]
    # The robot's nose points down by 15 degrees: what is 40 above its own level is 25 above the
    # horizon.
    nose_down = turned(0, 15, 0)
    assert painted(perception(nose_down), TRAIL, 30, 40) == [LABELLED, LABELLED]
    nose_up = turned(0, -15, 0)
    assert painted(perception(nose_up), TRAIL, 10, 30) == [LABELLED, CONTRADICTED]


def test_a_body_frame_has_the_same_horizon():
    core = perception(axes=np.eye(4), camera__front__frame_convention="body")
    assert painted(core, TRAIL, 30, 40) == [LABELLED, CONTRADICTED]


def test_a_corrected_camera_has_the_horizon_of_its_corrected_axes():
    # tf has the camera 10 degrees too low; corrected, the picture still shows the same horizon.
    low = turned(0, 10, 0) @ np.linalg.inv(T_OPTICAL_BODY)
    core = perception(axes=low, camera__front__correction_rpy_deg=[-10.0, 0.0, 0.0])
    assert painted(core, TRAIL, 30, 40) == [LABELLED, CONTRADICTED]


@pytest.mark.parametrize(
    "T_odom_base",
    [turned(0, 90, 0), turned(0, -90, 0), turned(90, 0, 0), turned(180, 0, 0)],
    ids=["z backward", "z forward", "z to the side", "z down"],
)
def test_a_fixed_frame_whose_z_is_not_up_in_the_picture_is_not_believed(T_odom_base: np.ndarray):
    assert painted(perception(T_odom_base), TRAIL, 40) == [LABELLED]


def test_a_robot_at_rest_has_no_horizon_but_its_sky_is_tested():
    assert painted(perception(transforms__fixed_frame=""), TRAIL, 40) == [LABELLED]
    assert painted(perception(transforms__fixed_frame=""), SKY, 40) == [CONTRADICTED]


def test_both_tests_can_be_switched_off_in_the_robot_file():
    assert painted(perception(plausibility__sky_groups=[]), SKY, 40) == [LABELLED]
    assert painted(perception(plausibility__ground_groups=[]), TRAIL, 40) == [LABELLED]
    assert painted(perception(plausibility__max_ground_elevation_deg=90.0), TRAIL, 40) == [LABELLED]


def test_a_group_that_the_model_lacks_is_refused_before_anything_runs():
    with pytest.raises(ConfigError, match=r"plausibility\.ground_groups"):
        perception(plausibility__ground_groups=["lawn"])


def test_a_camera_that_most_of_a_scan_contradicts_frees_no_ground():
    core = perception()
    low, high = np.linspace(-30, -1, 300), np.linspace(1, 30, 300)
    for number in range(31):
        # Its picture is upside down: sky below, a trail above.
        status = seen(core, number, upside_down(), [*low, *high])
        assert status[0] == CONTRADICTED
    (issue,) = [one for one in core.issues.all() if one.code == "labels_contradicted"]
    assert issue.stream == "camera.front"
    assert "50 % of the points of top" in issue.sentence
    # The trail overhead is unknown now; sound pictures are believed two seconds later.
    assert status[-1] == UNCERTAIN
    assert core.accounting.degraded()["camera.front"] in {10, 11}
    # Their scans are counted, too: they came along with them.
    assert core.accounting.degraded()["lidar.top"] in {9, 10, 11}
    for number in range(31, 60):
        status = seen(core, number, upside_down()[::-1], [*low, *low])
    assert status == [LABELLED] * 600


def upside_down() -> np.ndarray:
    labels = np.full((SIZE, SIZE), TRAIL, np.uint8)
    labels[SIZE // 2 :] = SKY
    return labels


def seen(core: Perception, number: int, labels: np.ndarray, elevations_deg: list[float]):
    """Status of points ahead, by the picture of a moment; there are ten a second."""
    stamp_ns = (100 + 100 * number) * MS
    core.transforms.set_timed("odom", "base", stamp_ns, np.eye(4))
    lens = Calibration(SIZE, SIZE, K)
    certain = np.full_like(labels, 255)
    frame = CameraFrame("front", np.zeros((SIZE, SIZE, 3), np.uint8), stamp_ns, "camera", lens)
    shown = LabelMap("front", labels, certain, stamp_ns, "camera", lens)
    core.take_segmented(shown, core.generation, frame)
    points = np.zeros((1, len(elevations_deg)), [(name, "f4") for name in "xyz"])
    angles = np.radians(elevations_deg)
    points["x"], points["z"] = 10 * np.cos(angles), 10 * np.sin(angles)
    return core.label("top", PointCloud(points, stamp_ns, "lidar")).status.tolist()
