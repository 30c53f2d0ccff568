"""What inspection says of transforms that can't be what the robot's frames need."""

from dataclasses import replace

import numpy as np
import pytest

from seg_perception.geometry.transforms import StampedTransform
from seg_perception.inspection import inspect_bag
from seg_perception.io.messages import Quaternion
from seg_perception.io.transforms import encode_tf

NAN = float("nan")


def edge(parent, child, stamp_ns, x=0.0):
    T = np.eye(4)
    T[0, 3] = x
    return StampedTransform(parent, child, stamp_ns, T)


def with_turn(message, index, turn):
    """The message with another quaternion in one of its transforms."""
    bad = message.transforms[index]
    bad = replace(bad, transform=replace(bad.transform, rotation=turn))
    transforms = [*message.transforms[:index], bad, *message.transforms[index + 1 :]]
    return replace(message, transforms=transforms)


def inspect(world, *extra):
    """The usual bag, and messages at times (ms) on topics."""
    events = world.events(count=2)
    events += [(world.start_ns + ms * world.ms, topic, message) for ms, topic, message in extra]
    return inspect_bag(world.bag(sorted(events, key=lambda event: event[0])))


def said(found, code):
    return [str(issue) for issue in found.issues if issue.code == code]


@pytest.mark.parametrize("turn", [Quaternion(0, 0, 0, 0), Quaternion(NAN, 0, 0, 1)])
def test_bad_quaternions_are_named_by_their_frames_and_cost_no_other(world, turn):
    moving = [edge("odom", child, world.start_ns) for child in ("base_link", "gps", "imu")]
    message = with_turn(with_turn(encode_tf(moving), 1, turn), 2, turn)
    found = inspect(world, (0, "/tf", message), (50, "/tf", message))
    assert found.parameters["transforms.fixed_frame"] == "odom"
    gps, imu = said(found, "bad_transform")
    assert gps.startswith("/tf: transform of 'gps' refused: quaternion (")
    assert imu.startswith("/tf: transform of 'imu' refused: quaternion (")
    assert gps.endswith("(2 times)")
