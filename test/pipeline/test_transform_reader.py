"""The sound transforms of a message are used, and the child of a bad one is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from seg_perception.core.errors import TransformError
from seg_perception.core.issue_log import IssueLog
from seg_perception.geometry.transforms import StampedTransform, TransformTree
from seg_perception.io import messages
from seg_perception.io.messages import Header, Odometry, Quaternion, TFMessage
from seg_perception.io.transforms import encode_tf
from seg_perception.pipeline.transform_reader import TransformReader


def message(*children: str, stamp_ns: int = 5) -> TFMessage:
    return encode_tf([StampedTransform("base", child, stamp_ns, np.eye(4)) for child in children])


def with_turn(msg: TFMessage, index: int, turn: Quaternion) -> TFMessage:
    transforms = list(msg.transforms)
    motion = replace(transforms[index].transform, rotation=turn)
    transforms[index] = replace(transforms[index], transform=motion)
    return replace(msg, transforms=transforms)


@pytest.fixture
def issues() -> IssueLog:
    return IssueLog()


@pytest.fixture
def reader(issues: IssueLog) -> TransformReader:
    return TransformReader(TransformTree(), issues)


@pytest.mark.parametrize("static", [True, False])
@pytest.mark.parametrize("turn", [Quaternion(0, 0, 0, 0), Quaternion(float("nan"), 0, 0, 1)])
def test_one_bad_quaternion_costs_no_other(
    reader: TransformReader, issues: IssueLog, turn: Quaternion, *, static: bool
) -> None:
    bad = with_turn(message("lidar", "gps", "camera"), 1, turn)
    assert [t.child for t in reader.read("/tf", bad, static=static)] == ["lidar", "camera"]
    reader.tree.lookup("camera", "lidar", 5)
    with pytest.raises(TransformError, match="gps"):
        reader.tree.lookup("gps", "lidar", 5)
    (issue,) = issues.all()
    assert str(issue).startswith("/tf: transform of 'gps' refused: quaternion (")


def test_a_transform_that_would_be_its_own_parent_is_refused(
    reader: TransformReader, issues: IssueLog
) -> None:
    reader.read("/tf", message("base", "lidar"), static=False)
    reader.tree.lookup("base", "lidar", 5)
    assert "'base'" in str(issues.all()[0])


def test_moving_frames_are_observed_before_they_are_used(issues: IssueLog) -> None:
    seen: list[Any] = []

    def observe(name: str, stamp_ns: int, insert: Any) -> None:
        seen.append((name, stamp_ns, "lidar" in reader.tree.frames()))
        insert()
        seen.append("lidar" in reader.tree.frames())

    reader = TransformReader(TransformTree(), issues, observe)
    reader.read("/tf", message("lidar", stamp_ns=7), static=False)
    assert seen == [("tf lidar", 7, False), True]
    reader.read("/tf_static", message("camera"), static=True)
    assert len(seen) == 2


def test_odometry_moves_the_robot_or_is_refused(reader: TransformReader, issues: IssueLog) -> None:
    pose = messages.Pose(messages.Point(1.0, 2.0, 3.0), Quaternion(0, 0, 0, 1))
    good = Odometry(Header.at(5, "odom"), "base", messages.PoseWithCovariance(pose))
    reader.read_odometry("/odom", good)
    np.testing.assert_array_equal(reader.tree.lookup("odom", "base", 5)[:3, 3], [1, 2, 3])
    bad = replace(good, child_frame_id="")
    reader.read_odometry("/odom", bad)
    assert str(issues.all()[0]).startswith("/odom: transform of '' refused: ")
