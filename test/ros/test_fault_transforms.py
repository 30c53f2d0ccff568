"""Transforms that are wrong, on the wire: what is labelled all the same, and what is said."""

import itertools
import re
from dataclasses import replace

import numpy as np
import pytest

from seg_perception.geometry.transforms import StampedTransform
from seg_perception.io import messages
from seg_perception.io.perception_messages import SegmentationStatus
from seg_perception.io.pointcloud2 import decode_cloud
from seg_perception.io.transforms import encode_tf
from seg_perception.ros.conversions import message_class, to_ros
from seg_perception.ros.node_graph import UNNAMED
from seg_perception.ros.qos import latched_profile, tf_profile

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


def test_slam_that_moves_a_mounted_lidar_is_named_with_both_publishers(
    start_node, ros, robot, wait_until
):
    running = start_node()
    running.step(0)
    slam = ros.node("slam").create_publisher(
        message_class(messages.TFMessage.type_name), "/tf", tf_profile()
    )
    wait_until(slam.get_subscription_count, "the node")
    moved = edge("camera_init", "top", running.start_ns + STEP_NS)

    def both_are_named():
        # Best effort: the first may be sent before the node's own subscription is known.
        slam.publish(to_ros(encode_tf([moved])))
        return running.says("/tf: frame 'top' has two parents: 'base' on")

    wait_until(both_are_named, "both")
    (sentence,) = [w for w in running.statuses[-1].warnings if "two parents" in w]
    assert "'base' on /tf_static (of /drivers)" in sentence
    movers = re.search(r"'camera_init' on /tf \(of ([^)]*)\)", sentence)
    assert movers
    # The graph may know of a publisher before it knows its name.
    assert set(movers[1].split(", ")) in ({"/drivers", "/slam"}, {"/drivers", UNNAMED})
    running.account()


# What follows the proposal's remappings, in the node's own words.
SCOPES = {
    "of the process": lambda rules: rules,
    "of the node": lambda rules: [f"perception_node:{r}" if ":=" in r else r for r in rules],
    "by its namespace": lambda _: [
        "-r",
        "__ns:=/a200",
        "-r",
        "/tf:=tf",
        "-r",
        "/tf_static:=tf_static",
    ],
}


@pytest.mark.parametrize("scope", SCOPES)
def test_transforms_under_a_namespace_are_used_with_the_remapping_that_is_proposed(
    ros, robot, parameters, wait_until, scope
):
    statuses = robot.listen("/perception_node/status", SegmentationStatus.type_name)
    namespaced = robot.listen("/a200/perception_node/status", SegmentationStatus.type_name)
    clouds = robot.listen("/top/semantic/points", messages.PointCloud2.type_name)
    robot.publisher("/a200/tf", messages.TFMessage.type_name, tf_profile())
    robot.send("/a200/tf_static", robot.mounting(), latched_profile(10))
    file = parameters()
    first = ros.start("perception_node", "--ros-args", "--params-file", file)

    def proposal():
        newest = [*statuses[-1:], *namespaced[-1:]]
        lines = [w for s in newest for w in s.warnings if "--ros-args" in w]
        return lines[0] if lines else ""

    wait_until(lambda: "/tf_static" in proposal(), "the proposal")
    remapping = proposal().partition("--ros-args ")[2].partition(";")[0].split()
    assert remapping == ["-r", "/tf:=/a200/tf", "-r", "/tf_static:=/a200/tf_static"]
    first.end()
    statuses.clear()
    rules = SCOPES[scope](remapping)
    second = ros.start("perception_node", "--ros-args", "--params-file", file, *rules)
    stamps_ns = itertools.count(robot.now_ns(), STEP_NS)

    def is_labelled():
        moment = robot.moment(next(stamps_ns))
        moment["/a200/tf"] = moment.pop("/tf")
        for topic, message in moment.items():
            robot.send(topic, message)
        newest = clouds[-1:]
        return newest and decode_cloud(newest[0]).points["label"].ravel().tolist() == list(
            robot.LABELS
        )

    wait_until(is_labelled, "labels")
    wait_until(lambda: not proposal(), "that nothing is proposed any more")
    second.account()


def test_a_mounting_that_came_once_on_tf_is_named(start_node, robot, monkeypatch, wait_until):
    both = robot.mounting().transforms
    camera, lidar = ([t for t in both if t.child_frame_id == f] for f in ("front_optical", "top"))
    monkeypatch.setattr(robot, "mounting", lambda: messages.TFMessage(camera))
    running = start_node()
    once = replace(lidar[0], header=messages.Header.at(running.start_ns, "base"))
    robot.send("/tf", messages.TFMessage([once]))
    sent = []

    def is_said():
        running.step(len(sent))
        sent.append(running.last_labels())
        return running.says("transform base <- top came once on /tf and never again")

    wait_until(is_said, "that it came once")
    assert running.says("what stands still belongs on /tf_static (static_transform_publisher)")
    assert sent[-1] == [255] * 4
    assert running.account()["lidar.top"]["dropped"] == {}
