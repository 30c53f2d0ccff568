"""Calibrations as the configuration knows them, and what is said while there are none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from seg_perception.config import Config
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.types import Calibration
from seg_perception.io.camera_info import encode_camera_info
from seg_perception.pipeline.sensor_state import SensorState

CAMERA = {"cameras": ["front"], "camera.front.image_topic": "/front/image_raw"}
LIDAR = {"lidars": ["top"], "lidar.top.topic": "/top/points"}


def camera_info(focal_px: float = 50.0) -> Any:
    k = np.array([[focal_px, 0, 31.5], [0, focal_px, 23.5], [0, 0, 1]])
    calibration = Calibration(64, 48, k, p=np.hstack([k, np.zeros((3, 1))]))
    return encode_camera_info(calibration, 7, "camera")


def make(**parameters: Any) -> tuple[SensorState, IssueLog]:
    issues = IssueLog()
    return SensorState(Config.from_parameters({**CAMERA, **parameters}), issues), issues


def test_the_principal_point_is_as_configured_but_for_label_images() -> None:
    state, _ = make(**{"camera.front.principal_point_offset_px": [0.0, -20.0]})
    assert state.calibration("front") is None
    state.take_camera_info("front", camera_info())
    corrected, sent = state.calibration("front"), state.calibration_as_sent("front")
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
    assert state.calibration("front") is state.calibration_as_sent("front") is None
    assert [issue.code for issue in issues.all()] == ["bad_calibration", "bad_camera_info"]
    state.take_camera_info("front", camera_info())
    assert state.calibration("front") is not None
    assert [issue.code for issue in issues.all()] == ["bad_calibration"]
