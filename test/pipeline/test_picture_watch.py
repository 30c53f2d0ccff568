from dataclasses import replace

import numpy as np
import pytest

from seg_perception.core.issue_log import IssueLog
from seg_perception.core.picture_distance import PictureDistance
from seg_perception.core.picture_facts import PictureFacts
from seg_perception.core.types import NANOSECONDS, LabelMap
from seg_perception.pipeline.picture_watch import MEMORY_NS, PictureWatch

USUAL = PictureFacts(brightness=110, contrast=55, white=0.02, sharpness=0.2, checksum=1)
PERIOD_NS = NANOSECONDS // 10
FAULTS = {
    "picture_dark": {"brightness": 4.0, "contrast": 3.0},
    "picture_glare": {"white": 0.8},
    "picture_blank": {"contrast": 2.0},
    "picture_blurred": {"sharpness": 0.05},
}


class Camera:
    """Sends pictures ten times a second, each with bytes of its own unless it is told otherwise."""

    def __init__(self, *, moved: bool | None = True) -> None:
        self.issues = IssueLog()
        self.watch = PictureWatch(self.issues, lambda *_: moved)
        self.stamp_ns = 100 * NANOSECONDS
        self.number = 0

    def send(self, seconds: float, **facts: float) -> list[bool]:
        """Whether each picture was degraded."""
        found = []
        for _ in range(round(10 * seconds)):
            self.stamp_ns += PERIOD_NS
            self.number += 1
            picture = replace(USUAL, **{"checksum": self.number, **facts})
            found.append(self.watch.is_degraded(label_map(picture, self.stamp_ns)))
        return found

    def look(self, own: float, turned: float) -> bool:
        """A second in which a picture's distance was asked both ways; whether it was degraded."""
        *_, before = self.send(0.9)
        self.stamp_ns += PERIOD_NS
        self.number += 1
        picture = label_map(replace(USUAL, checksum=self.number), self.stamp_ns)
        distance = PictureDistance(own, np.full((1, 1), own, np.float32))
        return self.watch.is_degraded(replace(picture, distance=distance, turned=turned)) or before

    @property
    def codes(self) -> list[str]:
        return [issue.code for issue in self.issues.all()]


def label_map(picture: PictureFacts | None, stamp_ns: int, camera: str = "front") -> LabelMap:
    labels = np.zeros((2, 2), np.uint8)
    return LabelMap(camera, labels, labels, stamp_ns, "optical", facts=picture)


@pytest.mark.parametrize(("code", "facts"), FAULTS.items())
def test_a_fault_that_lasts_two_seconds_is_said_and_its_end_too(code, facts) -> None:
    camera = Camera()
    assert not any(camera.send(25))
    assert not any(camera.send(1.9, **facts))
    assert camera.codes == []
    assert camera.send(1.0, **facts) == [False] + [True] * 9
    # A dark picture has no contrast, either.
    (issue,) = [issue for issue in camera.issues.all() if issue.code == code]
    assert issue.stream == "camera.front"
    assert issue.count == 9
    assert all(camera.send(1.9))
    assert not any(camera.send(0.2)[1:])
    assert {issue.count for issue in camera.issues.all()} == {9}


def test_motion_blurs_along_one_axis() -> None:
    camera = Camera()
    camera.send(25, along=0.2, down=0.2)
    # In all 58 % are left, and a sixth of it along the rows.
    assert camera.send(3, sharpness=0.117, along=0.034, down=0.2)[-1]
    (issue,) = camera.issues.all()
    assert issue.sentence.startswith("its pictures are blurred: 17 % of the sharpness")


def test_a_fault_shorter_than_two_seconds_is_nothing() -> None:
    camera = Camera()
    assert not any(camera.send(1))
    for _ in range(5):
        assert not any([*camera.send(1.5, brightness=2.0), *camera.send(2.5)])
    assert camera.codes == []


def test_a_camera_that_never_was_sharp_is_not_called_blurred() -> None:
    camera = Camera()
    assert not any(camera.send(30, sharpness=0.02))
    assert camera.codes == []


def test_a_camera_that_begins_out_of_focus_is_named_after_two_seconds() -> None:
    camera = Camera()
    assert camera.send(4, detail=0.24) == [False] * 20 + [True] * 20
    (issue,) = camera.issues.all()
    assert issue.code == "picture_blurred"
    assert "hardly any detail (0.24 times as much as coarser" in issue.sentence
    assert not any(Camera().send(30, detail=0.26))


def test_what_is_usual_does_not_drift_to_what_is_blurred() -> None:
    camera = Camera()
    camera.send(25)
    assert all(camera.send(300, sharpness=0.05)[21:])


@pytest.mark.parametrize(
    ("moved", "seconds", "words"),
    [
        # Half a second until the bytes are the same for long, and two until that has lasted.
        (True, 2.5, "byte by byte while the robot moves; restart the camera"),
        (None, 10.0, "byte by byte; restart the camera"),
    ],
)
def test_the_same_bytes_are_a_frozen_camera(moved, seconds, words) -> None:
    camera = Camera(moved=moved)
    camera.send(3)
    assert not any(camera.send(seconds, checksum=7))
    assert camera.send(0.2, checksum=7)[-1]
    (issue,) = camera.issues.all()
    assert (issue.code, issue.level) == ("picture_frozen", "error")
    assert words in issue.sentence
    assert not any(camera.send(3)[21:])


def test_a_simulators_picture_of_a_robot_at_rest_may_stay_the_same() -> None:
    camera = Camera(moved=False)
    assert not any(camera.send(20, checksum=7))
    assert camera.codes == []


def test_cameras_are_told_apart_and_label_images_of_others_are_not_looked_at() -> None:
    camera = Camera()
    camera.send(4, brightness=2.0)
    assert not camera.watch.is_degraded(label_map(USUAL, camera.stamp_ns, "rear"))
    assert not camera.watch.is_degraded(label_map(None, camera.stamp_ns))


def test_after_a_jump_of_the_clock_everything_starts_anew() -> None:
    camera = Camera()
    camera.send(4, brightness=2.0)
    camera.watch.clear()
    camera.stamp_ns = 0
    assert not any(camera.send(1.9, brightness=2.0))


def test_what_is_remembered_is_ten_seconds_old_at_most() -> None:
    early, late = Camera(), Camera()
    early.send(60, sharpness=0.3)
    late.stamp_ns, late.number = early.stamp_ns, early.number
    for camera in (early, late):
        camera.send(MEMORY_NS / NANOSECONDS)
    assert early.watch.state() == late.watch.state()
    early.send(0.1)
    assert early.watch.state() != late.watch.state()


def test_a_camera_that_begins_upside_down_is_said_until_it_is_turned() -> None:
    """Eight looks a second apart, then two seconds of it."""
    camera = Camera()
    assert not any(camera.look(0.5, 0.9) for _ in range(12))
    camera = Camera()
    assert [camera.look(0.9, 0.5) for _ in range(12)] == [False] * 9 + [True] * 3
    (issue,) = camera.issues.all()
    assert (issue.code, issue.stream) == ("picture_upside_down", "camera.front")
    assert "0.50 times" in issue.sentence
    assert "0.90 times" in issue.sentence
    assert not any([camera.look(0.5, 0.9) for _ in range(4)][2:])
