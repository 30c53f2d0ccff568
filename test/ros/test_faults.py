"""What goes wrong in the field: the node says it, counts it, and works on."""

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


def test_a_camera_that_is_unplugged_and_comes_back(field, robot, wait_until):
    world = field(**{"synchronizer.max_wait_s": 0.1})
    world.step(0)
    assert world.last_labels() == [0, 1, 2, 255]
    for topic in ("/front/image_raw", "/front/camera_info"):
        robot.withdraw(topic)
    number = 3

    def scan():
        nonlocal number
        number += 1
        stamp_ns = world.start_ns + number * STEP_NS
        robot.send("/tf", robot.pose(stamp_ns))
        robot.send("/top/points", robot.cloud(stamp_ns))
        world.cloud_of(stamp_ns)
        return world.says("camera.front: no message came")

    wait_until(scan, "that the camera is missed")
    assert world.last_labels() == [255] * 4
    assert not world.says("lidar.top: no message")
    robot.advertise()
    robot.wait_until_heard()
    world.step(number + 1)
    assert world.last_labels() == [0, 1, 2, 255]
    wait_until(lambda: not world.says("camera.front: no message"), "that it is there")
    streams = world.account()
    assert (streams["camera.front"]["published"], streams["lidar.top"]["published"]) == (
        2,
        number - 1,
    )


def test_a_silent_lidar_is_named_and_images_go_on(field, robot, wait_until):
    world = field()
    sent = []

    def look():
        sent.append(world.start_ns + len(sent) * STEP_NS)
        robot.send("/front/image_raw", robot.image(sent[-1]))
        wait_until(lambda: stamp_of_last(world.labels) == sent[-1], "the labels of an image")
        return world.says("lidar.top: no message came")

    wait_until(look, "the silent lidar")
    assert not world.says("camera.front: no message")
    count = world.account()["camera.front"]
    assert (count["published"], count["dropped"]) == (len(sent), {})


def stamp_of_last(heard):
    return messages.stamp_to_ns(heard[-1].header.stamp) if heard else None


def test_duplicates_and_stamps_out_of_order_are_all_accounted_for(field, wait_until):
    world = field()
    order = (0, 1, 1, 3, 2, 3, 4, 5)
    for count, number in enumerate(order, start=1):
        world.robot.step(world.start_ns + number * STEP_NS)
        wait_until(lambda n=count: world.received() == {n}, "that the step has arrived")
    world.cloud_of(world.start_ns + 5 * STEP_NS)
    assert world.last_labels() == [0, 1, 2, 255]
    streams = world.account()
    assert streams["camera.front"]["received"] == streams["lidar.top"]["received"] == len(order)


def test_a_clock_that_jumps_forward(field):
    world = field()
    world.step(0)
    world.step(36_000)
    assert world.last_labels() == [0, 1, 2, 255]
    world.account()


def test_transforms_that_come_late_and_transforms_with_a_gap(field, wait_until):
    world = field(**{"synchronizer.max_wait_s": 5.0})
    world.step(0)
    late_ns = world.start_ns + STEP_NS
    world.robot.send("/front/image_raw", world.robot.image(late_ns))
    world.robot.send("/top/points", world.robot.cloud(late_ns))
    wait_until(lambda: stamp_of_last(world.labels) == late_ns, "the image without its transform")
    assert stamp_of_last(world.clouds) != late_ns
    world.robot.send("/tf", world.robot.pose(late_ns))
    world.cloud_of(late_ns)
    assert world.last_labels() == [0, 1, 2, 255]
    # Ten seconds without /tf: more than may be interpolated.
    gap_ns = world.start_ns + 60 * STEP_NS
    world.robot.send("/front/image_raw", world.robot.image(gap_ns))
    world.robot.send("/top/points", world.robot.cloud(gap_ns))
    world.robot.send("/tf", world.robot.pose(world.start_ns + 110 * STEP_NS))
    world.cloud_of(gap_ns)
    assert world.last_labels() == [255] * 4
    world.account()


def test_a_calibration_that_changes(field, wait_until):
    world = field()
    world.step(0)
    assert world.last_labels() == [0, 1, 2, 255]
    # Four columns to the right: what lay on red lies on green.
    world.robot.shift_px = 4
    wait_for_labels(world, [1, 2, 255, 255], wait_until)
    world.account()


def wait_for_labels(world, labels, wait_until, pixels=None):
    """Step until a new lens has arrived: nothing tells when it does."""
    steps = itertools.count(1)

    def step():
        world.step(next(steps), pixels)
        return world.last_labels() == labels

    wait_until(step, f"the labels {labels}")


def test_an_image_size_that_changes(field, wait_until):
    world = field()
    world.step(0)
    large = enlarged(world.robot, 2)
    stamp_ns = world.start_ns + STEP_NS
    world.robot.send("/front/image_raw", world.robot.image(stamp_ns, large))
    wait_until(
        lambda: any(
            d.reason == "size_mismatch"
            for status in world.statuses[-1:]
            for source in status.streams
            for d in source.dropped
        ),
        "the image that does not fit",
    )
    wait_for_labels(world, [0, 1, 2, 255], wait_until, large)
    world.account()


def enlarged(robot, times):
    """The camera's picture with so many times the rows and columns."""
    return np.asarray(robot.image(0).data).repeat(times, axis=0).repeat(times, axis=1)


def test_subscribers_that_take_nothing_hold_up_nobody(field, ros, robot, tmp_path, wait_until):
    """One in another process that stands still, and one here whose executor does not spin."""
    world = field(**{"segmentation.output_size": "input"})
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
    wait_for_labels(world, [0, 1, 2, 255], wait_until, large)
    for number in range(100, 120):  # 2 MB of pictures each, more than every queue holds
        world.step(number, large)
        assert world.last_labels() == [0, 1, 2, 255]
    asleep.destroy_node()
    before = tape.stat().st_size
    slow.send(signal.SIGCONT)
    # Who wakes up is served again.
    number = itertools.count(120)

    def wakes():
        world.step(next(number), large)
        return tape.stat().st_size > before + 1_000_000

    wait_until(wakes, "what the recorder hears again")
    streams = world.account()
    assert streams["lidar.top"]["dropped"] == {}
    assert slow.end()[0] == 0


def test_a_process_that_is_stopped_for_five_seconds(field, robot, wait_until):
    world = field()
    world.step(0)
    sent = [world.start_ns]

    def send():
        sent.append(robot.now_ns())
        robot.step(sent[-1])

    def is_awake():
        if stamp_of_last(world.clouds) < woken_ns or world.statuses[-1].warnings:
            return False
        return world.last_labels() == [0, 1, 2, 255]

    with robot.streaming(0.1, send):
        world.process.send(signal.SIGSTOP)
        woken_ns = robot.now_ns() + 5 * SECOND_NS
        wait_until(lambda: sent[-1] >= woken_ns, "five seconds of messages")
        world.process.send(signal.SIGCONT)
        wait_until(is_awake, "labels as before, and nothing to complain of")

    def has_all():
        totals = {s.received + s.lost_in_transport for s in world.statuses[-1].streams}
        return totals == {len(sent)}

    wait_until(has_all, "sent = received + lost in transport")
    world.account()


def test_a_node_that_is_ended_in_the_middle_of_its_work_accounts_for_all(field, robot):
    world = field()
    world.step(0)
    stamps_ns = itertools.count(world.start_ns + STEP_NS, STEP_NS)
    with robot.streaming(0.005, lambda: robot.step(next(stamps_ns))):
        world.cloud_of(world.start_ns + 20 * STEP_NS)
        streams = world.account()  # SIGTERM, and the ledger must balance
    for count in streams.values():
        assert count["published"] > 0
        known = {"superseded", "queue_full", "shutdown"}
        assert set(count["dropped"]) <= known


def test_a_killed_node_is_replaced_by_another_of_its_name(field, ros, parameters, wait_until):
    world = field()
    world.step(0)
    world.process.send(signal.SIGKILL)
    wait_until(lambda: not world.process.is_running(), "its end")
    again = field()
    again.step(50)
    assert again.last_labels() == [0, 1, 2, 255]
    again.account()


def test_two_nodes_of_one_name_say_so(field, ros, parameters, wait_until):
    world = field()
    second = ros.start("perception_node", "--ros-args", "--params-file", parameters())
    wait_until(lambda: world.says("is it started twice?"), "the warning")
    second.end()
    wait_until(lambda: not world.says("is it started twice?"), "that it is alone")
    world.account()


def test_twenty_cameras_of_which_three_live(field, wait_until):
    names = [f"c{i}" for i in range(17)]
    dead = {f"camera.{name}.image_topic": f"/{name}/image_raw" for name in names}
    live = ["front", "left", "right"]
    topics = {f"camera.{name}.image_topic": f"/{name}/image_raw" for name in live}
    world = field(cameras=[*live, *names], **dead, **topics)
    for name in ("left", "right"):
        world.robot.publisher(f"/{name}/image_raw", messages.Image.type_name)
    world.robot.wait_for_subscribers("/left/image_raw", "/right/image_raw")
    for number in range(3):
        stamp_ns = world.start_ns + number * STEP_NS
        for name in ("left", "right"):
            world.robot.send(f"/{name}/image_raw", world.robot.image(stamp_ns))
        world.step(number)
    assert world.last_labels() == [0, 1, 2, 255]
    wait_until(lambda: world.says("camera.c16: no"), "the dead cameras")
    streams = world.account()
    assert [streams[f"camera.{name}"]["published"] for name in live] == [3, 3, 3]
    assert streams["camera.c0"]["received"] == 0
