"""Pictures near and far, ten a second."""

import numpy as np
import pytest

from seg_perception.core.issue_log import IssueLog
from seg_perception.core.picture_distance import PictureDistance
from seg_perception.core.types import NANOSECONDS, LabelMap
from seg_perception.pipeline.familiarity_watch import FamiliarityWatch


class Camera:
    def __init__(self) -> None:
        self.issues = IssueLog()
        self.watch = FamiliarityWatch(self.issues)
        self.stamp_ns = 100 * NANOSECONDS

    def send(self, seconds: float, distance: float | None) -> None:
        for _ in range(round(10 * seconds)):
            self.stamp_ns += NANOSECONDS // 10
            self.watch.is_degraded(label_map(self.stamp_ns, distance))

    @property
    def said(self) -> list[tuple[str, str]]:
        return [(issue.code, issue.sentence.partition(";")[0]) for issue in self.issues.all()]


def label_map(stamp_ns: int, distance: float | None) -> LabelMap:
    labels = np.zeros((2, 2), np.uint8)
    told = None if distance is None else PictureDistance(distance, np.zeros((1, 1), np.float32))
    return LabelMap("front", labels, labels, stamp_ns, "optical", distance=told)


def test_pictures_beyond_the_edge_are_said_after_two_seconds_with_how_far_and_since_when() -> None:
    camera = Camera()
    camera.send(5, 0.8)
    camera.send(2.0, 2.9)
    assert camera.said == []
    camera.send(10.1, 2.94)
    words = (
        "its pictures are unlike what the model knows: 2.9 times the distance of known places, "
        "since 12 s"
    )
    assert camera.said == [("unfamiliar", words)]
    (issue,) = camera.issues.all()
    assert (issue.stream, issue.is_state, issue.level) == ("camera.front", True, "warning")
    assert camera.watch.words == {
        "front": "2.94 times the distance of known places, unlike them since 12 s"
    }


def test_what_is_over_is_counted_with_its_length_and_the_largest_distance() -> None:
    camera = Camera()
    for farthest in (2.0, 3.0):
        camera.send(3.1, farthest)
        camera.send(2.5, 0.9)
    (issue,) = camera.issues.all()
    assert issue.code == "was_unfamiliar"
    assert issue.count == 2
    assert "for 3 s, up to 2.0 times" in issue.sentence
    assert camera.watch.words == {"front": "0.90 times the distance of known places"}


@pytest.mark.parametrize("distance", [0.99, 1.0, None])
def test_known_pictures_and_those_of_which_nothing_is_known_raise_nothing(distance) -> None:
    camera = Camera()
    camera.send(30, distance)
    assert camera.said == []
    assert "unlike" not in str(camera.watch.words)


def test_a_moment_of_known_pictures_does_not_end_it_and_two_seconds_do() -> None:
    camera = Camera()
    camera.send(3, 2.0)
    camera.send(1.9, 0.5)
    assert [code for code, _ in camera.said] == ["unfamiliar"]
    camera.send(0.1, 0.5)
    assert [code for code, _ in camera.said] == ["was_unfamiliar"]


def test_few_pictures_in_a_long_time_are_no_episode() -> None:
    camera = Camera()
    for _ in range(7):
        camera.stamp_ns += NANOSECONDS
        camera.watch.is_degraded(label_map(camera.stamp_ns, 2.0))
    assert camera.said == []


def test_a_clock_that_jumps_ends_what_lasted() -> None:
    camera = Camera()
    camera.send(3, 2.0)
    assert camera.watch.state() != "[]"
    camera.watch.clear()
    assert camera.watch.state() == "[]"
    assert [code for code, _ in camera.said] == ["was_unfamiliar"]
