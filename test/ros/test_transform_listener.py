"""Transforms get into the tree, whatever else their message holds, and a new clock starts anew."""

import numpy as np
import pytest

from seg_perception.core.errors import TransformError
from seg_perception.core.issue_log import IssueLog
from seg_perception.geometry.transforms import StampedTransform, TransformTree
from seg_perception.io.messages import Header, Odometry
from seg_perception.io.transforms import encode_tf
from seg_perception.pipeline.transform_reader import TransformReader
from seg_perception.ros.clock import ClockWatch
from seg_perception.ros.conversions import to_ros
from seg_perception.ros.qos import latched_profile, tf_profile
from seg_perception.ros.transform_listener import TransformListener

pytestmark = pytest.mark.ros
SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND


def move(child, stamp_ns, x, parent="odom"):
    T = np.eye(4)
    T[0, 3] = x
    return StampedTransform(parent, child, stamp_ns, T)


@pytest.fixture
def watched(ros):
    tree, issues = TransformTree(buffer_s=10), IssueLog()
    watch = ClockWatch(ros.node("watch"), tree.clear_timed, issues)
    return tree, watch, TransformReader(tree, issues, watch.observe), issues


def timed(reader, message):
    reader.read("/tf", message, static=False)


def x_at(tree, stamp_ns, child="base"):
    return tree.lookup("odom", child, stamp_ns)[0, 3]


def test_a_clock_that_jumps_back_clears_timed_transforms_never_static_ones(watched):
    tree, watch, reader, _ = watched
    reader.read("/tf_static", encode_tf([move("camera", 0, 3.0, parent="base")]), static=True)
    timed(reader, encode_tf([move("base", START, 1.0)]))
    timed(reader, encode_tf([move("base", START - 60 * SECOND, 2.0)]))
    assert watch.jumps == 1
    assert x_at(tree, START - 60 * SECOND) == 2.0
    assert tree.lookup("base", "camera", START)[0, 3] == 3.0
    with pytest.raises(TransformError):
        x_at(tree, START)


def test_transforms_that_overtake_each_other_are_no_jump(watched):
    tree, watch, reader, _ = watched
    for late_ms in (0, 10, -5, 20):
        timed(reader, encode_tf([move("base", START + late_ms * 1_000_000, late_ms)]))
    assert watch.jumps == 0
    assert x_at(tree, START - 5_000_000) == -5


def test_late_listeners_get_static_transforms_and_the_owner_hears_of_all(ros, watched, wait_until):
    tree, _, reader, _ = watched
    drivers = ros.node("drivers")
    kind = type(to_ros(encode_tf([])))
    static = drivers.create_publisher(kind, "/tf_static", latched_profile(10))
    timed = drivers.create_publisher(kind, "/tf", tf_profile())
    static.publish(to_ros(encode_tf([move("camera", 0, 3.0, parent="base")])))
    changes = []
    listener = TransformListener(ros.node("owner"), reader, lambda: changes.append(1))
    try:
        wait_until(lambda: "camera" in tree.frames(), "the static transform")
        wait_until(lambda: timed.get_subscription_count() == 1, "the match")
        timed.publish(to_ros(encode_tf([move("base", START, 1.0)])))
        wait_until(lambda: "odom" in tree.frames(), "the timed transform")
    finally:
        listener.close()
    assert x_at(tree, START) == 1.0
    assert len(changes) == 2


def test_odometry_is_heard_where_its_topic_is_named(ros, watched, wait_until):
    tree, _, reader, _ = watched
    robot = ros.node("robot")
    message = Odometry(Header.at(START, "odom"), "base")
    message.pose.pose.position.x = 4.0
    publisher = robot.create_publisher(type(to_ros(message)), "/wheels", 10)
    listener = TransformListener(ros.node("owner"), reader, lambda: None, "/wheels")
    try:
        wait_until(lambda: publisher.get_subscription_count() == 1, "the match")
        publisher.publish(to_ros(message))
        wait_until(lambda: "odom" in tree.frames(), "the odometry")
    finally:
        listener.close()
    assert x_at(tree, START) == 4.0


REMAPPINGS = {
    "of the node": ["-r", "owner:/tf:=/a200/tf", "-r", "owner:odom:=/a200/wheels"],
    "of the process": ["-r", "/tf:=/a200/tf", "-r", "odom:=/a200/wheels"],
    "into its namespace": ["-r", "/tf:=tf", "-r", "odom:=wheels", "-r", "__ns:=/a200"],
    "that would apply twice": [
        *("-r", "/tf:=/a200/tf", "-r", "/a200/tf:=/elsewhere"),
        *("-r", "odom:=/a200/wheels", "-r", "/a200/wheels:=/elsewhere"),
    ],
    "with another name of the process": [
        *("-r", "__node:=other", "-r", "/tf:=/a200/tf", "-r", "odom:=/a200/wheels"),
    ],
}


@pytest.mark.parametrize("remapping", REMAPPINGS)
def test_its_owners_remappings_hold(ros, watched, wait_until, remapping):
    tree, _, reader, _ = watched
    robot = ros.node("robot")
    tf, odometry = encode_tf([]), Odometry(Header.at(START, "odom"), "base")
    timed = robot.create_publisher(type(to_ros(tf)), "/a200/tf", tf_profile())
    wheels = robot.create_publisher(type(to_ros(odometry)), "/a200/wheels", 10)
    owner = ros.node("owner", cli_args=["--ros-args", *REMAPPINGS[remapping]])
    listener = TransformListener(owner, reader, lambda: None, "odom")
    try:
        wait_until(timed.get_subscription_count, "who hears /tf")
        wait_until(wheels.get_subscription_count, "who hears the odometry")
        timed.publish(to_ros(encode_tf([move("base", START, 1.0)])))
        wait_until(lambda: "odom" in tree.frames(), "the transform")
        names = {name for name, _ in robot.get_node_names_and_namespaces()}
        assert f"{owner.get_name()}_tf" in names
    finally:
        listener.close()
    assert x_at(tree, START) == 1.0
