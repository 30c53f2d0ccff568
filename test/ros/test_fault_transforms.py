"""Transforms that are wrong, on the wire: what is labelled all the same, and what is said."""

from dataclasses import replace

import numpy as np
import pytest

from seg_perception.geometry.transforms import StampedTransform
from seg_perception.io import messages
from seg_perception.io.transforms import encode_tf

pytestmark = pytest.mark.ros
STEP_NS = 100_000_000


def edge(parent, child, stamp_ns):
    return StampedTransform(parent, child, stamp_ns, np.eye(4))


def test_a_bad_quaternion_costs_no_other_transform_of_its_message(start_node, robot, wait_until):
    running = start_node()
    turns = messages.Quaternion(0, 0, 0, 0), messages.Quaternion(float("nan"), 0, 0, 1)
    for number, turn in enumerate(turns):
        stamp_ns = running.start_ns + number * STEP_NS
        bad = encode_tf([edge("base", "gps", stamp_ns)]).transforms[0]
        bad = replace(bad, transform=replace(bad.transform, rotation=turn))
        moment = robot.moment(stamp_ns)
        moment["/tf"] = messages.TFMessage([bad, *moment["/tf"].transforms])
        for topic, message in moment.items():
            robot.send(topic, message)
        running.cloud_of(stamp_ns)
        assert running.last_labels() == list(robot.LABELS)
    wait_until(lambda: running.says("/tf: transform of 'gps' refused: quaternion"), "its name")
    running.account()


def test_a_second_localiser_that_is_late_is_named_and_costs_no_cloud(start_node, robot, wait_until):
    running = start_node(transforms__max_extrapolation_s=0.2)
    for number in range(30):
        stamp_ns = running.start_ns + number * STEP_NS
        robot.send("/tf", robot.pose(stamp_ns))
        if number >= 15:
            robot.send("/tf", robot.pose(stamp_ns - 15 * STEP_NS))
        running.step(number)
        assert running.last_labels() == list(robot.LABELS)
    wait_until(lambda: running.says("two publishers of frame 'base'"), "who it is")
    count = running.account()["lidar.top"]
    assert (count["published"], count["dropped"]) == (30, {})
    assert running.summary["clock_jumps"] == 0
