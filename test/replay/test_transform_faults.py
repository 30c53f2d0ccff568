"""Transforms that are wrong, in a replay: what is labelled all the same, and what is said."""

from dataclasses import replace

import numpy as np
import pytest

from seg_perception.geometry.transforms import StampedTransform
from seg_perception.io.messages import Quaternion
from seg_perception.io.pointcloud2 import decode_cloud
from seg_perception.io.transforms import encode_tf
from seg_perception.replay import replay

CLOUD = "/lidar/top/semantic/points"


def edge(parent, child, stamp_ns, x=0.0):
    T = np.eye(4)
    T[0, 3] = x
    return StampedTransform(parent, child, stamp_ns, T)


def run(world, events, **parameters):
    """Replay; the summary and the labels of the clouds."""
    out = world.folder / "out.mcap"
    bag = world.bag(sorted(events, key=lambda event: event[0]))
    summary = replay(bag, out, world.config(**parameters))
    labels = [decode_cloud(m).points["label"].ravel().tolist() for m in world.read(out, CLOUD)]
    return summary, labels


def said(summary, code):
    return [str(issue) for issue in summary.issues if issue.code == code]


@pytest.mark.parametrize("topic", ["/tf", "/tf_static"])
def test_a_zero_quaternion_costs_no_other_transform_of_its_message(world, topic):
    at = world.start_ns
    good = world.mounting().transforms
    bad = encode_tf([edge("base_link", "gps", at)]).transforms[0]
    bad = replace(bad, transform=replace(bad.transform, rotation=Quaternion(0, 0, 0, 0)))
    message = replace(world.mounting(), transforms=[bad, *good])
    events = [event for event in world.events() if event[1] != "/tf_static"]
    moments = [at] if topic == "/tf_static" else [at + n * 50 * world.ms for n in range(11)]
    events += [(t, topic, replace(message, transforms=stamped(message, t))) for t in moments]
    summary, labels = run(world, events)
    assert labels == [[world.red, world.green, world.unknown]] * 5
    (issue,) = said(summary, "bad_transform")
    assert issue.startswith(f"{topic}: transform of 'gps' refused: quaternion (0.0, 0.0, 0.0, 0.0)")


def stamped(message, stamp_ns):
    """The transforms of a message, with another stamp."""
    time = type(message.transforms[0].header.stamp).from_ns(stamp_ns)
    return [replace(t, header=replace(t.header, stamp=time)) for t in message.transforms]
