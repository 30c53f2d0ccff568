"""16-bit images that hold fewer bits, and depths that are no images."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from seg_perception.config import Config
from seg_perception.core.errors import UnknownEncodingError
from seg_perception.core.issue_log import IssueLog
from seg_perception.pipeline.camera_images import CameraImages


def make(topic: str = "/front/image_raw", **parameters: Any) -> tuple[CameraImages, IssueLog]:
    flat = {"cameras": ["front"], "camera.front.image_topic": topic}
    flat |= {f"camera.front.{key}": value for key, value in parameters.items()}
    issues = IssueLog()
    return CameraImages(Config.from_parameters(flat).cameras, issues), issues


def message(encoding: str = "mono16", frame_id: str = "front") -> Any:
    return SimpleNamespace(encoding=encoding, header=SimpleNamespace(frame_id=frame_id))


def pixels(*values: int) -> Any:
    return np.repeat(np.array([[*values]], np.uint16)[..., None], 3, axis=2)


def said(issues: IssueLog) -> str:
    (issue,) = issues.all()
    return issue.sentence


@pytest.mark.parametrize(
    ("values", "bits", "grey"),
    [
        # 255 of 255, 1023 of 1023, ... and a value of half the range each
        ((255, 128), 8, [255, 128]),
        ((1023, 512), 10, [255, 128]),
        ((4095, 2048), 12, [255, 128]),
        ((16383, 8192), 14, [255, 128]),
        ((65535, 32896), 16, [255, 128]),
        # 12 bits in the upper ones are the full range.
        ((4095 << 4, 2048 << 4), 16, [255, 128]),
    ],
)
def test_the_depth_is_found_from_the_brightest_pixel(
    values: tuple[int, ...], bits: int, grey: list[int]
) -> None:
    images, issues = make()
    assert images.rgb("front", pixels(*values), message())[0, :, 0].tolist() == grey
    assert f"its 16-bit images are read as {bits} bits" in said(issues)
    assert issues.all()[0].level == "note"


def test_a_depth_that_was_found_is_not_forgotten_in_the_dark() -> None:
    images, issues = make()
    assert images.rgb("front", pixels(600), message()).max() == 150  # of 1023
    assert images.rgb("front", pixels(4000), message()).max() == 249  # of 4095
    assert images.rgb("front", pixels(600), message()).max() == 37
    assert "read as 12 bits" in said(issues)


def test_a_depth_that_is_configured_holds_and_what_is_brighter_is_white_and_said() -> None:
    images, issues = make(bit_depth=12)
    assert images.rgb("front", pixels(600), message()).max() == 37
    assert issues.all() == []
    assert images.rgb("front", pixels(4096), message()).max() == 255
    assert said(issues) == (
        "bit_depth is 12, and a pixel is 4096: what is brighter is taken as white; "
        "set camera.front.bit_depth to 14, or to 0"
    )


def test_eight_bits_are_left_alone() -> None:
    images, issues = make()
    image = np.full((2, 3, 3), 7, np.uint8)
    assert images.rgb("front", image, message("mono8")) is image
    assert issues.all() == []


@pytest.mark.parametrize(
    ("topic", "frame_id"),
    [("/d435/depth/image_rect_raw", "d435"), ("/d435/image_rect_raw", "d435_depth_optical_frame")],
)
def test_depths_are_refused_by_topic_or_frame(topic: str, frame_id: str) -> None:
    images, _ = make(topic)
    with pytest.raises(
        UnknownEncodingError, match=r"carries depths.*set camera\.front\.image_topic"
    ):
        images.rgb("front", pixels(1500), message("16UC1", frame_id))


def test_what_may_be_depths_is_labelled_and_warned_of() -> None:
    images, issues = make(bit_depth=16)
    images.rgb("front", pixels(1500), message("16UC1"))
    assert "its images are encoded as 16UC1, as depths are" in said(issues)
    assert issues.all()[0].level == "warning"
