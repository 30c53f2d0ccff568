"""Mud on the glass is told from what the scene does."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from seg_perception.core.issue_log import IssueLog
from seg_perception.core.picture_facts import PictureFacts
from seg_perception.core.types import NANOSECONDS, LabelMap
from seg_perception.corruptions.light import expose, haze
from seg_perception.corruptions.motion import defocus
from seg_perception.pipeline.picture_watch import PictureWatch

Image = np.ndarray
PERIOD_NS = NANOSECONDS // 10
GROUND = np.random.default_rng(1).integers(0, 100, (36, 200, 1)).repeat(5, 0).repeat(5, 1)
WAVES = 75 + 60 * np.sin(np.arange(1000) / 40)[None, :, None]


def scene(place: int) -> Image:
    """Coarse ground that passes by, bright and dark by turns, uint8 (180, 320, 3)."""
    image = (GROUND + WAVES).repeat(3, axis=2)[:, place % 600 : place % 600 + 320]
    return np.ascontiguousarray(image, np.uint8)


def muddy(columns: int) -> Callable[[Image], Image]:
    """A patch over the upper half, so many pixels wide."""

    def spoil(image: Image) -> Image:
        spoilt = image.copy()
        spoilt[:90, 100 : 100 + columns] = (74, 62, 50)
        return spoilt

    return spoil


class Camera:
    def __init__(self) -> None:
        self.issues = IssueLog()
        self.watch = PictureWatch(self.issues, lambda *_: False)
        self.number = self.place = 0

    def send(
        self, seconds: float, spoil: Callable[[Image], Image] = np.asarray, speed: int = 7
    ) -> list[bool]:
        found = []
        for _ in range(round(10 * seconds)):
            self.number += 1
            self.place += speed
            image = spoil(scene(self.place))
            image[0, 0] = self.number % 256
            labels = np.zeros((2, 2), np.uint8)
            stamp_ns = self.number * PERIOD_NS
            facts = PictureFacts.of(image)
            shown = LabelMap("front", labels, labels, stamp_ns, "optical", facts=facts)
            found.append(self.watch.is_degraded(shown))
        return found

    @property
    def said(self) -> dict[str, str]:
        return {issue.code: issue.sentence for issue in self.issues.all()}


def test_mud_is_said_after_two_seconds_until_it_is_wiped_off() -> None:
    camera = Camera()
    assert not any(camera.send(12))
    found = camera.send(6, muddy(100))
    assert found == [False] * 20 + [True] * 40
    # 5 of 16 columns and half of the rows; a cell at the rim is half covered.
    share = int(camera.said["picture_dirty"].split(" %")[0])
    assert 12 <= share <= 17
    assert not any(camera.send(5)[30:])


def test_a_little_mud_that_comes_at_once_is_said_and_stays_said() -> None:
    camera = Camera()
    assert not any(camera.send(1))
    # 2 or 3 of 16 columns and half of the rows, and no ten seconds before it.
    found = camera.send(60, muddy(50))
    assert found == [False] * 20 + [True] * 580
    assert int(camera.said["picture_dirty"].split(" %")[0]) <= 10
    assert not any(camera.send(5)[20:])


def test_a_patch_that_passes_by_is_no_mud() -> None:
    camera = Camera()
    camera.send(3)

    def passing(image: Image) -> Image:
        """A dull thing as large, that moves with the scene."""
        spoilt = image.copy()
        left = 300 - (camera.place - 217) % 600
        spoilt[:90, max(0, left) : max(0, left + 100)] = (74, 62, 50)
        return spoilt

    assert not any(camera.send(8, passing))
    assert camera.said == {}


def test_mud_that_comes_while_the_robot_stands_is_not_told_from_a_thing_put_there() -> None:
    camera = Camera()
    camera.send(3)
    assert not any(camera.send(5, muddy(50), speed=0))


def test_mud_that_comes_slowly_is_said_within_four_seconds() -> None:
    camera = Camera()
    camera.send(12)
    for columns in range(4, 100, 4):
        camera.send(0.1, muddy(columns))
    assert camera.send(4, muddy(100))[-1]


def test_mud_is_still_there_while_the_robot_stands() -> None:
    camera = Camera()
    camera.send(12)
    camera.send(6, muddy(100))
    assert all(camera.send(60, muddy(100), speed=0))


@pytest.mark.parametrize(
    "spoil",
    [
        muddy(16),
        lambda image: expose(image, 0.3),
        lambda image: haze(image, 0.5),
        lambda image: defocus(image, 1.5),
    ],
    ids=["a speck", "dusk", "haze", "soft"],
)
def test_what_is_no_dirt_is_not_called_so(spoil: Callable[[Image], Image]) -> None:
    camera = Camera()
    camera.send(12)
    camera.send(8, spoil)
    assert "picture_dirty" not in camera.said


def test_a_robot_that_stops_has_no_dirt_on_its_lens() -> None:
    camera = Camera()
    camera.send(12)
    assert not any(camera.send(8, speed=0))
    assert camera.said == {}


def test_dirt_that_was_always_there_is_usual() -> None:
    camera = Camera()
    assert not any(camera.send(40, muddy(100)))
