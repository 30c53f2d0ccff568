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


def moving(world, *edges, every_ms=20, until_ms=3000):
    """Messages on /tf that go on."""
    times = range(0, until_ms, every_ms)
    for ms in times:
        at = world.start_ns + ms * world.ms
        yield ms, "/tf", encode_tf([edge(parent, child, at) for parent, child in edges])


def test_two_parents_of_a_frame_are_named_with_their_topics(world):
    found = inspect(world, *moving(world, ("odom", "base_link"), ("camera_init", "lidar")))
    (said_of_lidar,) = said(found, "two_parents")
    assert said_of_lidar.startswith(
        "/tf: frame 'lidar' has two parents: 'base_link' on /tf_static and 'camera_init' on /tf; "
    )


def test_a_second_localiser_that_is_late_is_named(world):
    late = [
        (
            ms + 1,
            "/tf",
            encode_tf([edge("odom", "base_link", world.start_ns + (ms - 1500) * world.ms)]),
        )
        for ms in range(2000, 3000, 100)
    ]
    (astray,) = said(inspect(world, *moving(world, ("odom", "base_link")), *late), "stamps_astray")
    assert astray.startswith("tf base_link: its stamps go back by 1.5 s while")


def test_a_recording_of_a_bag_that_loops_is_told_from_a_stream_that_is_astray(world):
    once = [event for event in world.events(count=30) if event[1] != "/tf_static"]
    once += [
        (world.start_ns + ms * world.ms, *rest)
        for ms, *rest in moving(world, ("odom", "base_link"))
    ]
    once.sort(key=lambda event: event[0])
    again = [(at + 3000 * world.ms, topic, message) for at, topic, message in once]
    found = inspect_bag(
        world.bag([(world.start_ns, "/tf_static", world.mounting()), *once, *again])
    )
    (jump,) = said(found, "clock_jump")
    assert jump.startswith("tf base_link: jumped back by 3.0 s")
    assert said(found, "stamps_astray") == []
    assert said(found, "once_on_tf") == []


def without_mounting(world):
    return [event for event in world.events(count=30) if event[1] != "/tf_static"]


def test_a_mounting_that_came_once_on_tf_is_named_and_moves_nothing(world):
    at = world.start_ns
    once = replace(
        world.mounting(),
        transforms=[
            replace(t, header=replace(t.header, stamp=type(t.header.stamp).from_ns(at)))
            for t in world.mounting().transforms
        ],
    )
    found = inspect_bag(world.bag([(at, "/tf", once), *without_mounting(world)]))
    lidar, camera = said(found, "once_on_tf")
    assert lidar.startswith("/tf: transform base_link <- lidar came once on /tf and never again")
    assert camera.startswith("/tf: transform base_link <- camera_optical came once")
    assert found.parameters["transforms.fixed_frame"] == ""


def test_transforms_under_a_namespace_are_named_with_the_remapping(world):
    events = [(world.start_ns, "/a200_0000/tf_static", world.mounting())]
    events += [
        (world.start_ns + ms * world.ms, f"/a200_0000{topic}", message)
        for ms, topic, message in moving(world, ("odom", "base_link"))
    ]
    found = inspect_bag(world.bag(sorted([*events, *without_mounting(world)], key=lambda e: e[0])))
    (namespaced,) = said(found, "namespaced_tf")
    assert namespaced.startswith("nothing on /tf and /tf_static, but on /a200_0000/tf, /a200_0000/")
    assert "-r /tf:=/a200_0000/tf -r /tf_static:=/a200_0000/tf_static" in namespaced
    assert "--remap /tf:=/a200_0000/tf --remap /tf_static:=/a200_0000/tf_static" in namespaced


def test_an_empty_frame_is_said_of_the_sensor_that_has_it(world):
    events = world.events(count=2)
    for _, topic, message in events:
        if topic == world.image_topic:
            message.header.frame_id = ""
    found = inspect_bag(world.bag(events))
    (empty,) = said(found, "empty_frame")
    assert empty.startswith("camera.front: its images have an empty frame_id")
    assert said(found, "no_transform") == []


def test_a_frame_of_a_camera_that_is_not_known_does_not_blame_the_lidar(world):
    events = world.events(count=2)
    for _, topic, message in events:
        if topic == world.image_topic:
            message.header.frame_id = "moon"
    (found,) = said(inspect_bag(world.bag(events)), "no_transform")
    assert found.endswith("; set camera.front.frame_id, or publish or record the missing transform")


def test_a_stamp_of_zero_is_no_clock_that_differs(world):
    events = world.events(count=2)
    for _, topic, message in events:
        if topic == world.points_topic:
            message.header.stamp = type(message.header.stamp).from_ns(0)
    found = inspect_bag(world.bag(events))
    (zero,) = said(found, "stamps_zero")
    assert zero.startswith("lidar.top: its stamp is 0")
    assert said(found, "clocks_apart") == []


def test_twenty_thousand_frames_make_no_sentence_that_nobody_reads(world):
    many = encode_tf([edge("world", f"frame_{n}", world.start_ns) for n in range(20_000)])
    events = without_mounting(world)
    found = inspect_bag(world.bag([(world.start_ns, "/tf_static", many), *events]))
    (missing,) = said(found, "no_transform")
    assert "and 19981 more" in missing
    assert max(len(str(issue)) for issue in found.issues) < 1500
