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
    number = len(list(world.folder.iterdir()))
    out = world.folder / f"out{number}.mcap"
    bag = world.bag(sorted(events, key=lambda event: event[0]), f"in{number}.mcap")
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


def moving(world, ms, late_ms=0):
    at = world.start_ns + (ms - late_ms) * world.ms
    pose = encode_tf([edge("odom", "base_link", at), edge("map", "odom", at)])
    return world.start_ns + ms * world.ms, "/tf", pose


def test_a_second_localiser_that_is_late_is_named_and_costs_no_cloud(world):
    # 50 poses a second for 3 s; from 2 s on every fifth comes again, 1.5 s late.
    events = world.events(count=30)
    events += [moving(world, ms) for ms in range(-20, 3020, 20)]
    events += [moving(world, ms + 1, late_ms=1500) for ms in range(2000, 3000, 100)]
    summary, labels = run(world, events, transforms__fixed_frame="odom")
    assert labels == [[world.red, world.green, world.unknown]] * 30
    assert said(summary, "clock_jump") == []
    base, odom = said(summary, "stamps_astray")
    assert base.startswith("tf base_link: its stamps go back by 1.5 s while those of other")
    assert "end one of the two publishers of frame 'base_link'" in base
    assert odom.startswith("tf odom: ")
    assert base.endswith("(10 times)")


def test_every_fifth_cloud_without_a_stamp_costs_itself_alone(world):
    events = world.events(count=20)
    clouds = [message for _, topic, message in events if topic == world.points_topic]
    for message in clouds[::5]:
        message.header.stamp = type(message.header.stamp).from_ns(0)
    summary, labels = run(world, events)
    seen = [world.red, world.green, world.unknown]
    assert labels == [[world.unknown] * 3, *[seen] * 4] * 4
    (zero,) = said(summary, "stamps_zero")
    assert zero == (
        "lidar.top: its stamp is 0, so it can't be paired with anything; let its driver stamp what "
        "it publishes (4 times)"
    )
    assert summary.problems == ()


def test_two_parents_of_a_frame_are_named_with_their_topics(world):
    events = world.events(count=10)
    for ms in range(-20, 1100, 20):
        at = world.start_ns + ms * world.ms
        pose = encode_tf([edge("odom", "base_link", at), edge("camera_init", "lidar", at)])
        events.append((at + 20 * world.ms, "/tf", pose))
    summary, labels = run(world, events, transforms__fixed_frame="odom")
    assert labels[1:] == [[world.unknown] * 3] * 9
    (parents,) = said(summary, "two_parents")
    assert parents.startswith(
        "/tf: frame 'lidar' has two parents: 'base_link' on /tf_static and 'camera_init' on /tf; "
    )
    (missing,) = said(summary, "no_transform")
    assert "end one of the publishers of two parents (lidar), or" in missing


def test_a_mounting_that_came_once_on_tf_is_named(world):
    at = world.start_ns
    once = replace(world.mounting(), transforms=stamped(world.mounting(), at))
    events = [event for event in world.events(count=30) if event[1] != "/tf_static"]
    summary, labels = run(world, [(at, "/tf", once), *events])
    assert labels == [[world.unknown] * 3] * 30
    lidar, camera = said(summary, "once_on_tf")
    assert lidar.startswith("/tf: transform base_link <- lidar came once on /tf and never again")
    assert "transform base_link <- camera_optical" in camera
    assert len(summary.problems) == 2


def test_transforms_under_a_namespace_are_named_with_the_remapping(world):
    events = [event for event in world.events() if event[1] != "/tf_static"]
    events.append((world.start_ns, "/a200_0000/tf_static", world.mounting()))
    events.append((world.start_ns, "/a200_0000/tf", encode_tf([edge("odom", "base_link", 0)])))
    summary, _ = run(world, events)
    (namespaced,) = said(summary, "namespaced_tf")
    assert "--remap /tf:=/a200_0000/tf --remap /tf_static:=/a200_0000/tf_static" in namespaced


def test_an_empty_frame_is_said_of_the_camera_that_has_it(world):
    events = world.events()
    for _, topic, message in events:
        if topic == world.image_topic:
            message.header.frame_id = ""
    summary, labels = run(world, events)
    assert labels == [[world.unknown] * 3] * 5
    assert [issue.split(":")[0] for issue in summary.problems] == ["camera.front"]
    summary, labels = run(world, events, camera__front__frame_id="camera_optical")
    assert labels == [[world.red, world.green, world.unknown]] * 5
    assert summary.problems == ()


@pytest.mark.parametrize("unstamped", [1, 2])
def test_sensors_that_stamp_nothing_are_paired_with_nothing_and_told_so(world, unstamped):
    topics = [world.points_topic, world.image_topic][:unstamped]
    events = world.events()
    for _, topic, message in events:
        if topic in topics:
            message.header.stamp = type(message.header.stamp).from_ns(0)
    summary, labels = run(world, events)
    assert labels == [[world.unknown] * 3] * 5, "all at 0 would fit all"
    assert len(said(summary, "stamps_zero")) == unstamped
    (problem,) = summary.problems
    assert problem.startswith("lidar.top: no label map can be found for it: stamps of ")
    assert summary.streams["camera.front"].published == 5
