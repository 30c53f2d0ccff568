"""A picture upside down, or with red for blue, is told from motion by the one before."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from seg_perception.core.issue_log import IssueLog
from seg_perception.core.picture_facts import PictureFacts
from seg_perception.core.types import NANOSECONDS, LabelMap
from seg_perception.pipeline.picture_steps import STEPS, Swapped, Turned, correlation
from seg_perception.pipeline.picture_watch import PictureWatch

Image = np.ndarray
PERIOD_NS = NANOSECONDS // 10


def scene(number: int) -> Image:
    """A meadow under a blue sky, with a brown post that comes nearer."""
    image = np.zeros((90, 160, 3), np.uint8)
    image[:40], image[40:] = (120, 170, 230), (110, 130, 50)
    image[20:60, 60 - number // 8 : 75] = (90, 60, 30)
    image[0, 0] = number % 256
    return image


def turned(image: Image) -> Image:
    return image[::-1, ::-1]


def swapped(image: Image) -> Image:
    return image[..., ::-1]


class Camera:
    def __init__(self) -> None:
        self.issues = IssueLog()
        self.watch = PictureWatch(self.issues, lambda *_: True)
        self.number = 0

    def send(self, count: int, change: Callable[[Image], Image] = np.asarray) -> list[bool]:
        found = []
        for _ in range(count):
            self.number += 1
            facts = PictureFacts.of(np.ascontiguousarray(change(scene(self.number))))
            labels = np.zeros((2, 2), np.uint8)
            stamp_ns = self.number * PERIOD_NS
            shown = LabelMap("front", labels, labels, stamp_ns, "optical", facts=facts)
            found.append(self.watch.is_degraded(shown))
        return found

    @property
    def said(self) -> dict[str, int]:
        return {issue.code: issue.count for issue in self.issues.all()}


@pytest.mark.parametrize(
    ("change", "code"), [(turned, "picture_turned"), (swapped, "picture_swapped")]
)
def test_a_step_is_said_after_two_seconds_until_it_is_taken_back(
    change: Callable[[Image], Image], code: str
) -> None:
    camera = Camera()
    assert not any(camera.send(30))
    assert camera.send(200, change) == [False] * 20 + [True] * 180
    assert camera.said == {code: 180}
    assert camera.send(40) == [True] * 19 + [False] * 21
    assert camera.said == {code: 180}


def test_of_two_steps_at_once_the_one_that_is_seen_is_said() -> None:
    camera = Camera()
    camera.send(30)
    camera.send(30, lambda image: turned(swapped(image)))
    assert "picture_turned" in camera.said


def test_what_a_camera_was_like_at_first_counts_as_right() -> None:
    camera = Camera()
    assert not any(camera.send(60, turned))
    camera.watch.clear()
    assert not any(camera.send(60, swapped))


@pytest.mark.parametrize(
    "change",
    [
        lambda image: image[:, ::-1],
        lambda image: np.clip(image * np.array([1.3, 1.0, 0.7]), 0, 255).astype(np.uint8),
        lambda image: cv2.GaussianBlur(image, (0, 0), 6),
        lambda image: (image * 0.5).astype(np.uint8),
        lambda image: np.roll(image, 60, axis=1),
        lambda image: np.full_like(image, 100),
    ],
    ids=["mirrored", "white balance", "blurred", "darker", "another view", "even"],
)
def test_other_changes_are_no_steps(change: Callable[[Image], Image]) -> None:
    before = PictureFacts.of(scene(1)).colours
    now = PictureFacts.of(np.ascontiguousarray(change(scene(2)))).colours
    assert [step for step in STEPS if step.happened(now, before)] == []


def test_grey_pictures_have_no_colours_to_be_swapped() -> None:
    grey = scene(1)[..., 1:2].repeat(3, axis=2) + np.array([0, 0, 2], np.uint8)
    before = PictureFacts.of(np.ascontiguousarray(grey)).colours
    now = PictureFacts.of(np.ascontiguousarray(grey[..., ::-1])).colours
    assert not Swapped().happened(now, before)
    assert not Turned().happened(now, before)


def test_correlation_by_hand() -> None:
    ramp = np.array([1.0, 2.0, 3.0])
    assert correlation(ramp, 5 * ramp + 2) == pytest.approx(1)
    assert correlation(ramp, -ramp) == pytest.approx(-1)
    # Deviations (-1, 0, 1) and (1, -2, 1) / 3 are at right angles.
    assert correlation(ramp, np.array([2.0, 1.0, 2.0])) == pytest.approx(0)
    assert correlation(ramp, np.ones(3)) == 0
