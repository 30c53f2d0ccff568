"""Calibrations as the configuration knows them, and what is said while there are none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seg_perception.config import Config
from seg_perception.core.errors import ConfigError
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.types import Calibration
from seg_perception.io.camera_info import encode_camera_info
from seg_perception.pipeline.sensor_state import SensorState

CAMERA = {"cameras": ["front"], "camera.front.image_topic": "/front/image_raw"}
LIDAR = {"lidars": ["top"], "lidar.top.topic": "/top/points"}


def camera_info(focal_px: float = 50.0, **changes: Any) -> Any:
    k = np.array([[focal_px, 0, 31.5], [0, focal_px, 23.5], [0, 0, 1]])
    calibration = Calibration(64, 48, k, p=np.hstack([k, np.zeros((3, 1))]))
    calibration = replace(calibration, **changes)
    return encode_camera_info(calibration, 7, "camera")


def make(**parameters: Any) -> tuple[SensorState, IssueLog]:
    issues = IssueLog()
    return SensorState(Config.from_parameters({**CAMERA, **parameters}), issues), issues


def test_the_principal_point_is_as_configured_but_for_label_images() -> None:
    state, _ = make(**{"camera.front.principal_point_offset_px": [0.0, -20.0]})
    assert state.calibration("front") is None
    state.take_camera_info("front", camera_info())
    state.take_label_camera_info("front", camera_info())
    corrected, sent = state.calibration("front"), state.label_calibration("front")
    assert corrected is not None
    assert sent is not None
    assert corrected.k[:2, 2].tolist() == [31.5, 3.5]
    assert corrected.p[:2, 2].tolist() == [31.5, 3.5]
    assert sent.k[:2, 2].tolist() == [31.5, 23.5]


def test_a_missing_camera_info_is_said_until_it_comes_and_only_where_there_are_clouds() -> None:
    state, issues = make(**LIDAR)
    state.expect_camera_info("front", "/front/camera_info")
    (issue,) = issues.all()
    assert str(issue).startswith("camera.front: no camera_info on /front/camera_info, so points")
    state.take_camera_info("front", camera_info())
    assert issues.all() == []
    without, silent = make()
    without.expect_camera_info("front", "/front/camera_info")
    assert silent.all() == []


@pytest.mark.parametrize("focal_px", [0.0, float("nan")])
def test_a_camera_info_that_can_not_be_is_refused_until_a_true_one_comes(focal_px: float) -> None:
    state, issues = make(**LIDAR)
    state.take_camera_info("front", camera_info())
    state.take_camera_info("front", camera_info(focal_px))
    assert state.calibration("front") is None
    assert [issue.code for issue in issues.all()] == ["bad_calibration", "bad_camera_info"]
    state.take_camera_info("front", camera_info())
    assert state.calibration("front") is not None
    assert [issue.code for issue in issues.all()] == ["bad_calibration"]


def test_a_lens_that_may_be_and_seldom_is_is_used_and_said() -> None:
    state, issues = make(**LIDAR)
    # Of 64x48 pixels the principal point is that of 32x24: 15.5 and 11.5 are their centre.
    k = np.array([[50, 0, 15.5], [0, 50, 11.5], [0, 0, 1.0]])
    state.take_camera_info("front", camera_info(k=k))
    assert state.calibration("front") is not None
    (issue,) = issues.all()
    assert (issue.code, issue.level) == ("odd_camera_info", "warning")
    assert (
        "K has its principal point at (15.5, 11.5), far from the centre of an image of 64x48: "
        in (issue.sentence)
    )
    assert "it fits an image of about 32x24" in issue.sentence
    assert issue.mend.endswith("set camera.front.calibration_file")
    state.take_camera_info("front", camera_info())
    assert issues.all() == []


def test_another_name_of_a_lens_model_is_read_and_said() -> None:
    state, issues = make(**LIDAR)
    d = np.array([0.1, -0.05, 0, 0, 0.01, 0.02, 0, 0])
    state.take_camera_info("front", camera_info(distortion_model="plumb_bob", d=d))
    (issue,) = issues.all()
    model = "distortion model 'plumb_bob' with 8 coefficients"
    assert str(issue) == f"camera.front: {model} is read as rational_polynomial"
    state.take_camera_info("front", camera_info())
    assert issues.all() == []


CALIBRATION = """\
image_width: 64
image_height: 48
camera_name: front
camera_matrix: {rows: 3, cols: 3, data: [40, 0, 30.5, 0, 41, 22.5, 0, 0, 1]}
distortion_model: radtan
distortion_coefficients: {rows: 1, cols: 4, data: [0.1, 0, 0, 0]}
rectification_matrix: {rows: 3, cols: 3, data: [1, 0, 0, 0, 1, 0, 0, 0, 1]}
projection_matrix: {rows: 3, cols: 4, data: [39, 0, 30.5, 0, 0, 39, 22.5, 0, 0, 0, 1, 0]}
"""


def test_a_calibration_file_stands_in_place_of_what_the_driver_sends(tmp_path: Path) -> None:
    file = tmp_path / "front.yaml"
    file.write_text(CALIBRATION)
    offset = {"camera.front.principal_point_offset_px": [0.0, -2.0]}
    state, issues = make(**LIDAR, **offset, **{"camera.front.calibration_file": str(file)})
    state.expect_camera_info("front", "/front/camera_info")
    state.take_camera_info("front", camera_info(float("nan")))
    state.take_camera_info("front", camera_info())
    lens = state.calibration("front")
    assert lens is not None
    assert lens.k.tolist() == [[40, 0, 30.5], [0, 41, 20.5], [0, 0, 1]]
    assert (lens.p[0, 0], lens.d[0], lens.width, lens.height) == (39, 0.1, 64, 48)
    notes = [str(issue) for issue in issues.all()]
    assert f"camera.front: its lens is that of {file}, whatever its driver sends" in notes
    assert len(notes) == 2, "and that radtan is read as plumb_bob"
    # The lens of label images comes from their maker, who has read the file.
    assert state.label_calibration("front") is None
    state.take_label_camera_info("front", camera_info())
    assert state.label_calibration("front").k[0, 0] == 50  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "not found: expected a calibration file"),
        ("a: 1", "with image_width, camera_matrix"),
        (CALIBRATION.replace("image_width", "width"), "no 'image_width'"),
        (CALIBRATION.replace("[40, 0,", "[40,"), "9 numbers in K, got 8"),
        (CALIBRATION.replace("[40,", "[forty,"), "forty"),
        (CALIBRATION.replace("30.5, 0, 41, 22.5", "0.5, 0, 41, 0.5"), "calibration_file.*shares"),
        (
            CALIBRATION.replace("camera_matrix: {", "camera_matrix: [{").replace(
                "22.5, 0, 0, 1]}", "22.5, 0, 0, 1]}]", 1
            ),
            "list",
        ),
    ],
)
def test_a_calibration_file_that_is_none_is_refused(
    tmp_path: Path, text: str | None, problem: str
) -> None:
    file = tmp_path / "front.yaml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ConfigError, match=problem):
        make(**{"camera.front.calibration_file": str(file)})


def fisheye_info() -> Any:
    """20 px a radian: the corners of 64x48 pixels are 2 radians off the axis, 115 degrees."""
    return camera_info(20.0, distortion_model="equidistant", d=np.array([1e-9, 0, 0, 0]))


def test_a_fisheye_that_reaches_past_its_plane_is_said_until_its_angle_is_configured() -> None:
    state, issues = make()
    state.take_camera_info("front", fisheye_info())
    (note,) = issues.all()
    assert str(note) == (
        "camera.front: its image reaches 115 degrees off the axis by its lens model; what lies "
        "beyond 89.5 degrees stays out of view; set camera.front.fisheye_angle_deg to where its "
        "picture ends"
    )
    assert note.level == "note"
    state.take_camera_info("front", camera_info(20.0))
    assert issues.all() == []
    told, silent = make(**{"camera.front.fisheye_angle_deg": 95.0})
    told.take_camera_info("front", fisheye_info())
    assert silent.all() == []
    lens = told.calibration("front")
    assert lens is not None
    assert lens.fisheye_angle_deg == 95
    told.take_label_camera_info("front", fisheye_info())
    labels_lens = told.label_calibration("front")
    assert labels_lens is not None
    assert labels_lens.fisheye_angle_deg == 95
