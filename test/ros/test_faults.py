"""What goes wrong on a robot: the node says it, counts it, and works on."""

import itertools
import signal

import numpy as np
import pytest
import rclpy

from seg_perception.io import messages
from seg_perception.ros.conversions import message_class
from seg_perception.ros.qos import output_profile

pytestmark = pytest.mark.ros

STEP_NS, SECOND_NS = 100_000_000, 1_000_000_000
LABELS = "/front/semantic/label_image"
CLOUD = "/top/semantic/points"


def test_a_camera_that_is_unplugged_and_comes_back(start_node, robot, wait_until):
    running = start_node(**{"synchronizer.max_wait_s": 0.1})
    running.step(0)
    assert running.last_labels() == [0, 1, 2, 255]
    for topic in ("/front/image_raw", "/front/camera_info"):
        robot.withdraw(topic)
    number = 3

    def scan():
        nonlocal number
        number += 1
        stamp_ns = running.start_ns + number * STEP_NS
        robot.send("/tf", robot.pose(stamp_ns))
        robot.send("/top/points", robot.cloud(stamp_ns))
        running.cloud_of(stamp_ns)
        return running.says("camera.front: no message came")

    wait_until(scan, "that the camera is missed")
    assert running.last_labels() == [255] * 4
    assert not running.says("lidar.top: no message")
    robot.advertise()
    robot.wait_until_heard()
    running.step(number + 1)
    assert running.last_labels() == [0, 1, 2, 255]
    wait_until(lambda: not running.says("camera.front: no message"), "that it is there")
    streams = running.account()
    assert (streams["camera.front"]["published"], streams["lidar.top"]["published"]) == (
        2,
        number - 1,
    )


def test_a_silent_lidar_is_named_and_images_go_on(start_node, robot, wait_until):
    running = start_node()
    sent = []

    def look():
        sent.append(running.start_ns + len(sent) * STEP_NS)
        robot.send("/front/image_raw", robot.image(sent[-1]))
        wait_until(lambda: stamp_of_last(running.labels) == sent[-1], "the labels of an image")
        return running.says("lidar.top: no message came")

    wait_until(look, "the silent lidar")
    assert not running.says("camera.front: no message")
    count = running.account()["camera.front"]
    assert (count["published"], count["dropped"]) == (len(sent), {})


def stamp_of_last(heard):
    return messages.stamp_to_ns(heard[-1].header.stamp) if heard else None


def test_duplicates_and_stamps_out_of_order_are_all_accounted_for(start_node, wait_until):
    running = start_node()
    order = (0, 1, 1, 3, 2, 3, 4, 5)
    for count, number in enumerate(order, start=1):
        running.robot.step(running.start_ns + number * STEP_NS)
        wait_until(lambda n=count: running.received() == {n}, "that the step has arrived")
    running.cloud_of(running.start_ns + 5 * STEP_NS)
    assert running.last_labels() == [0, 1, 2, 255]
    streams = running.account()
    assert streams["camera.front"]["received"] == streams["lidar.top"]["received"] == len(order)


def test_a_clock_that_jumps_forward(start_node):
    running = start_node()
    running.step(0)
    running.step(36_000)
    assert running.last_labels() == [0, 1, 2, 255]
    running.account()


def test_transforms_that_come_late_and_transforms_with_a_gap(start_node, wait_until):
    running = start_node(**{"synchronizer.max_wait_s": 5.0})
    running.step(0)
    late_ns = running.start_ns + STEP_NS
    running.robot.send("/front/image_raw", running.robot.image(late_ns))
    running.robot.send("/top/points", running.robot.cloud(late_ns))
    wait_until(lambda: stamp_of_last(running.labels) == late_ns, "the image without its transform")
    assert stamp_of_last(running.clouds) != late_ns
    running.robot.send("/tf", running.robot.pose(late_ns))
    running.cloud_of(late_ns)
    assert running.last_labels() == [0, 1, 2, 255]
    # Ten seconds without /tf: more than may be interpolated.
    gap_ns = running.start_ns + 60 * STEP_NS
    running.robot.send("/front/image_raw", running.robot.image(gap_ns))
    running.robot.send("/top/points", running.robot.cloud(gap_ns))
    running.robot.send("/tf", running.robot.pose(running.start_ns + 110 * STEP_NS))
    running.cloud_of(gap_ns)
    assert running.last_labels() == [255] * 4
    running.account()


def test_a_calibration_that_changes(start_node, wait_until):
    running = start_node()
    running.step(0)
    assert running.last_labels() == [0, 1, 2, 255]
    # Four columns to the right: what lay on red lies on green.
    running.robot.shift_px = 4
    wait_for_labels(running, [1, 2, 255, 255], wait_until)
    running.account()


def wait_for_labels(running, labels, wait_until, pixels=None):
    """Step until a new camera_info has arrived: nothing tells when it does."""
    steps = itertools.count(1)

    def step():
        running.step(next(steps), pixels)
        return running.last_labels() == labels

    wait_until(step, f"the labels {labels}")


def test_an_image_size_that_changes(start_node, wait_until):
    running = start_node()
    running.step(0)
    large = enlarged(running.robot, 2)
    stamp_ns = running.start_ns + STEP_NS
    running.robot.send("/front/image_raw", running.robot.image(stamp_ns, large))
    wait_until(
        lambda: any(
            d.reason == "size_mismatch"
            for status in running.statuses[-1:]
            for source in status.streams
            for d in source.dropped
        ),
        "the image that does not fit",
    )
    wait_for_labels(running, [0, 1, 2, 255], wait_until, large)
    running.account()


def enlarged(robot, times):
    """The camera's picture with so many times the rows and columns."""
    return np.asarray(robot.image(0).data).repeat(times, axis=0).repeat(times, axis=1)


def test_subscribers_that_take_nothing_hold_up_nobody(start_node, ros, robot, tmp_path, wait_until):
    """One in another process that stands still, and one here whose executor does not spin."""
    running = start_node(**{"segmentation.output_size": "input"})
    outputs = {
        LABELS: messages.Image,
        "/front/semantic/overlay": messages.Image,
        CLOUD: messages.PointCloud2,
    }
    tape = tmp_path / "slow.mcap"
    slow = ros.start("bag_recorder", tape, "--topics", *outputs)
    asleep = rclpy.create_node("asleep", context=ros.context)
    for topic, kind in outputs.items():
        asleep.create_subscription(
            message_class(kind.type_name), topic, lambda _: None, output_profile(1)
        )
    heard = {LABELS: 3, "/front/semantic/overlay": 2, CLOUD: 3}  # with this test's listeners
    wait_until(
        lambda: all(robot.node.count_subscribers(t) == n for t, n in heard.items()), "them all"
    )
    slow.send(signal.SIGSTOP)
    large = enlarged(robot, 40)
    wait_for_labels(running, [0, 1, 2, 255], wait_until, large)
    for number in range(100, 120):  # 2 MB of pictures each, more than every queue holds
        running.step(number, large)
        assert running.last_labels() == [0, 1, 2, 255]
    asleep.destroy_node()
    before = tape.stat().st_size
    slow.send(signal.SIGCONT)
    # Who wakes up is served again.
    number = itertools.count(120)

    def wakes():
        running.step(next(number), large)
        return tape.stat().st_size > before + 1_000_000

    wait_until(wakes, "what the recorder hears again")
    streams = running.account()
    assert streams["lidar.top"]["dropped"] == {}
    assert slow.end()[0] == 0


def test_a_process_that_is_stopped_for_five_seconds(start_node, robot, wait_until):
    running = start_node()
    running.step(0)
    sent = [running.start_ns]

    def send():
        sent.append(robot.now_ns())
        robot.step(sent[-1])

    def is_awake():
        if stamp_of_last(running.clouds) < woken_ns or running.statuses[-1].warnings:
            return False
        return running.last_labels() == [0, 1, 2, 255]

    with robot.streaming(0.1, send):
        running.process.send(signal.SIGSTOP)
        woken_ns = robot.now_ns() + 5 * SECOND_NS
        wait_until(lambda: sent[-1] >= woken_ns, "five seconds of messages")
        running.process.send(signal.SIGCONT)
        wait_until(is_awake, "labels as before, and nothing to complain of")

    def has_all():
        totals = {s.received + s.lost_in_transport for s in running.statuses[-1].streams}
        return totals == {len(sent)}

    wait_until(has_all, "sent = received + lost in transport")
    running.account()


def test_a_node_that_is_ended_in_the_middle_of_its_work_accounts_for_all(start_node, robot):
    running = start_node()
    running.step(0)
    stamps_ns = itertools.count(running.start_ns + STEP_NS, STEP_NS)
    with robot.streaming(0.005, lambda: robot.step(next(stamps_ns))):
        running.cloud_since(running.start_ns + 20 * STEP_NS)
        streams = running.account()  # SIGTERM, and the account must balance
    for count in streams.values():
        assert count["published"] > 0
        known = {"superseded", "queue_full", "shutdown"}
        assert set(count["dropped"]) <= known


def test_a_killed_node_is_replaced_by_another_of_its_name(start_node, ros, parameters, wait_until):
    running = start_node()
    running.step(0)
    running.process.send(signal.SIGKILL)
    wait_until(lambda: not running.process.is_running(), "its end")
    again = start_node()
    again.step(50)
    assert again.last_labels() == [0, 1, 2, 255]
    again.account()


def test_two_nodes_of_one_name_say_so(start_node, ros, parameters, wait_until):
    running = start_node()
    second = ros.start("perception_node", "--ros-args", "--params-file", parameters())
    wait_until(lambda: running.says("is it started twice?"), "the warning")
    second.end()
    wait_until(lambda: not running.says("is it started twice?"), "that it is alone")
    running.account()


def test_twenty_cameras_of_which_three_live(start_node, robot, wait_until):
    names = [f"c{i}" for i in range(17)]
    dead = {f"camera.{name}.image_topic": f"/{name}/image_raw" for name in names}
    live = ["front", "left", "right"]
    topics = {f"camera.{name}.image_topic": f"/{name}/image_raw" for name in live}
    # Before the node: what is sent before its side has found a publisher never comes.
    for name in ("left", "right"):
        robot.publisher(f"/{name}/image_raw", messages.Image.type_name)
    running = start_node(cameras=[*live, *names], **dead, **topics)
    running.robot.wait_for_subscribers("/left/image_raw", "/right/image_raw")
    for number in range(3):
        stamp_ns = running.start_ns + number * STEP_NS
        for name in ("left", "right"):
            running.robot.send(f"/{name}/image_raw", running.robot.image(stamp_ns))
        running.step(number)
    assert running.last_labels() == [0, 1, 2, 255]
    wait_until(lambda: running.says("camera.c16: no"), "the dead cameras")
    streams = running.account()
    assert [streams[f"camera.{name}"]["published"] for name in live] == [3, 3, 3]
    assert streams["camera.c0"]["received"] == 0
