"""Two parents of a frame at a time are two publishers that disagree; one after another are not."""

from __future__ import annotations

import numpy as np
import pytest

from seg_perception.core.issue_log import IssueLog
from seg_perception.geometry.transforms import StampedTransform
from seg_perception.pipeline.parent_watch import ParentWatch

SECOND = 1_000_000_000


class Seen:
    """A watch, and what it says."""

    def __init__(self) -> None:
        self.issues = IssueLog()
        nodes = {"/tf": "/slam, /ekf", "/tf_static": "/robot_state_publisher"}
        self.asked: list[str] = []
        self.watch = ParentWatch(self.issues, lambda t: self.asked.append(t) or nodes[t])

    def moving(self, parent: str, child: str, at_s: float = 0.0) -> None:
        t = StampedTransform(parent, child, round(at_s * SECOND), np.eye(4))
        self.watch.see("/tf", t, static=False)

    def mounted(self, parent: str, child: str) -> None:
        self.watch.see("/tf_static", StampedTransform(parent, child, 0, np.eye(4)), static=True)

    def said(self) -> list[str]:
        return [str(issue) for issue in self.issues.all()]


@pytest.fixture
def seen() -> Seen:
    return Seen()


def test_slam_that_moves_a_mounted_lidar_is_named_with_both_publishers(seen: Seen) -> None:
    seen.mounted("base_link", "lidar")
    for tenth in range(3):
        seen.moving("odom", "base_link", tenth / 10)
        seen.moving("camera_init", "lidar", tenth / 10)
    (said,) = seen.said()
    assert said == (
        "/tf: frame 'lidar' has two parents: 'base_link' on /tf_static (of /robot_state_publisher) "
        "and 'camera_init' on /tf (of /slam, /ekf); a frame can have one: end one of the two, or "
        "let SLAM and localisers move the root of the robot's frames, never a sensor that is "
        "mounted (3 times)"
    )
    assert seen.asked == ["/tf_static", "/tf"], "the graph is asked once"
    assert seen.watch.rivals == {"lidar"}


def test_two_moving_parents_that_alternate_are_named(seen: Seen) -> None:
    for tenth in range(3):
        seen.moving("odom", "base", tenth / 10)
        seen.moving("map", "base", tenth / 10)
    (said,) = seen.said()
    assert said.startswith("/tf: frame 'base' has two parents: 'odom' on /tf (of /slam, /ekf) and")
    # odom, map, then each of the four later ones finds the other one alive.
    assert said.endswith("(4 times)")


def test_a_frame_that_is_handed_over_once_is_no_fault(seen: Seen) -> None:
    for tenth in range(5):
        seen.moving("shelf", "box", tenth / 10)
    for tenth in range(5, 10):
        seen.moving("gripper", "box", tenth / 10)
    assert seen.said() == []


def test_two_static_parents_hold_until_the_end(seen: Seen) -> None:
    seen.mounted("base", "lidar")
    seen.mounted("mast", "lidar")
    (issue,) = seen.issues.all()
    assert issue.is_state
    assert "'base' on /tf_static" in issue.sentence


def test_what_came_once_is_told_from_what_goes_on_and_from_what_is_mounted(seen: Seen) -> None:
    seen.mounted("base", "camera")
    seen.moving("base", "lidar", 1.0)
    seen.moving("base", "lidar", 1.0)
    for tenth in range(50):
        seen.moving("odom", "base", tenth / 10)
    assert list(seen.watch.came_once(5 * SECOND)) == [("base", "lidar")]
    assert list(seen.watch.came_once(3 * SECOND)) == [], "it may still come again"


def test_a_sender_of_many_parents_fills_no_memory(seen: Seen) -> None:
    for number in range(3000):
        seen.moving(f"parent_{number}", "base", number / 10)
        seen.moving("odom", "base", number / 10)
    (issue,) = seen.issues.all()
    assert issue.count > 3000
    assert len(issue.sentence) < 500
