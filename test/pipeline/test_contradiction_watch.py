"""A lidar that keeps meeting sky names the camera, and takes its free ground back."""

from __future__ import annotations

import numpy as np
import pytest

from seg_perception.core.issue_log import IssueLog
from seg_perception.core.types import NANOSECONDS, LabelMap, PointCloud, SemanticCloud
from seg_perception.pipeline.contradiction_watch import ContradictionWatch

PERIOD_NS = NANOSECONDS // 10


class Lidar:
    """Sends ten scans a second, of which each camera contradicts a share."""

    def __init__(self) -> None:
        self.issues = IssueLog()
        self.watch = ContradictionWatch(self.issues)
        self.stamp_ns = 100 * NANOSECONDS

    def send(self, seconds: float, **shares: float) -> list[bool]:
        """Whether the front camera was degraded after each scan."""
        found = []
        for _ in range(round(10 * seconds)):
            self.stamp_ns += PERIOD_NS
            self.watch.take(scan(self.stamp_ns, shares))
            found.append(self.is_degraded("front"))
        return found

    def is_degraded(self, camera: str) -> bool:
        labels = np.zeros((2, 2), np.uint8)
        return self.watch.is_degraded(LabelMap(camera, labels, labels, self.stamp_ns, "optical"))


def scan(stamp_ns: int, shares: dict[str, float]) -> SemanticCloud:
    cloud = PointCloud(np.zeros((1, 1), [(axis, "f4") for axis in "xyz"]), stamp_ns, "lidar")
    one = np.zeros(1, np.uint8)
    confidence = np.zeros(1, np.float32)
    cameras, contradicted = tuple(shares), tuple(shares.values())
    return SemanticCloud(
        "top", cloud, one, confidence, one, one, cameras, contradicted=contradicted
    )


def test_a_share_that_lasts_two_seconds_is_said_and_its_end_too() -> None:
    lidar = Lidar()
    assert not any(lidar.send(60, front=0.1))
    assert lidar.send(3, front=0.4) == [False] * 20 + [True] * 10
    (issue,) = lidar.issues.all()
    assert (issue.code, issue.stream, issue.count) == ("labels_contradicted", "camera.front", 10)
    assert issue.sentence.startswith("40 % of the points of top that it sees can't be what")
    assert "nothing that it shows is taken for free ground" in issue.sentence
    assert lidar.send(3, front=0.01) == [True] * 19 + [False] * 11


def test_the_cameras_of_one_scan_are_told_apart() -> None:
    lidar = Lidar()
    lidar.send(3, left=0.5, front=0.0)
    assert (lidar.is_degraded("left"), lidar.is_degraded("front")) == (True, False)


def test_where_the_lidar_falls_silent_the_camera_is_not_trusted_again() -> None:
    lidar = Lidar()
    lidar.send(3, front=0.5)
    lidar.stamp_ns += 60 * NANOSECONDS
    assert lidar.is_degraded("front")
    lidar.watch.clear()
    assert not lidar.is_degraded("front")


@pytest.mark.parametrize("shares", [{}, {"front": 0.0}])
def test_scans_that_no_camera_contradicts_say_nothing(shares: dict[str, float]) -> None:
    lidar = Lidar()
    before = lidar.watch.state()
    assert not any(lidar.send(5, **shares))
    assert lidar.watch.state() == before
    assert lidar.issues.all() == []
