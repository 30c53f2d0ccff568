"""What goes wrong in the field: the node says it, counts it, and works on."""

import signal
import time

import cv2
import numpy as np
import pytest

from seg_perception.io import messages

pytestmark = pytest.mark.ros

STEP_NS = 100_000_000
SECOND_NS = 1_000_000_000
NODE = "/perception_node"
LABELS = "/front/semantic/label_image"
CLOUD = "/top/semantic/points"


def test_a_camera_that_is_unplugged_and_comes_back(field):
    world = field(**{"pairing.max_wait_s": 0.1})
    world.step(0)
    assert world.last_labels() == [0, 1, 2, 255]
    for number in range(4, 8):
        stamp_ns = world.start_ns + number * STEP_NS
        world.robot.send("/tf", world.robot.pose(stamp_ns))
        world.robot.send("/top/points", world.robot.cloud(stamp_ns))
        world.cloud_of(stamp_ns)
    assert world.last_labels() == [255] * 4
    world.step(9)
    assert world.last_labels() == [0, 1, 2, 255]
    streams = world.account()
    assert (streams["camera.front"]["published"], streams["lidar.top"]["published"]) == (2, 6)


def test_a_silent_lidar_is_named_and_images_go_on(field, wait_until):
    world = field()
    for number in range(60):
        stamp_ns = world.start_ns + number * STEP_NS
        world.robot.send("/front/image_raw", world.robot.image(stamp_ns))
        time.sleep(0.1)
    wait_until(lambda: world.says("lidar.top: no message came"), "the silent lidar")
    assert world.account()["camera.front"]["published"] > 30


def test_duplicates_and_stamps_out_of_order_are_all_accounted_for(field):
    world = field()
    order = (0, 1, 1, 3, 2, 3, 4, 5)
    for number in order:
        stamp_ns = world.start_ns + number * STEP_NS
        world.robot.step(stamp_ns)
        time.sleep(0.05)
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


def test_transforms_that_come_late_and_transforms_with_a_gap(field):
    world = field(**{"pairing.max_wait_s": 1.0})
    world.step(0)
    late_ns = world.start_ns + STEP_NS
    world.robot.send("/front/image_raw", world.robot.image(late_ns))
    world.robot.send("/top/points", world.robot.cloud(late_ns))
    time.sleep(0.3)
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


def test_a_calibration_that_changes(field):
    world = field()
    world.step(0)
    assert world.last_labels() == [0, 1, 2, 255]
    shifted = world.robot.camera_info(world.start_ns)
    # Four columns to the right: what lay on red lies on green.
    shifted.k[2] += 4
    shifted.p[2] += 4
    world.robot.send("/front/camera_info", shifted)
    time.sleep(0.3)
    stamp_ns = world.start_ns + STEP_NS
    world.robot.send("/tf", world.robot.pose(stamp_ns))
    world.robot.send("/front/image_raw", world.robot.image(stamp_ns))
    world.robot.send("/top/points", world.robot.cloud(stamp_ns))
    world.cloud_of(stamp_ns)
    assert world.last_labels()[:2] == [1, 2]
    world.account()


def test_an_image_size_that_changes(field, wait_until):
    world = field()
    world.step(0)
    large = cv2.resize(np.asarray(world.robot.image(0).data), None, fx=2, fy=2,
                       interpolation=cv2.INTER_NEAREST)  # fmt: skip
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
    info = world.robot.camera_info(stamp_ns)
    info.width, info.height = 2 * info.width, 2 * info.height
    for matrix, entries in ((info.k, (0, 2, 4, 5)), (info.p, (0, 2, 5, 6))):
        matrix[list(entries)] *= 2
    world.robot.send("/front/camera_info", info)
    time.sleep(0.3)
    stamp_ns += STEP_NS
    world.robot.send("/tf", world.robot.pose(stamp_ns))
    world.robot.send("/front/image_raw", world.robot.image(stamp_ns, large))
    world.robot.send("/top/points", world.robot.cloud(stamp_ns))
    world.cloud_of(stamp_ns)
    assert world.last_labels() == [0, 1, 2, 255]
    world.account()


def test_a_subscriber_that_never_takes_anything(field):
    import rclpy

    world = field()
    sleeper = rclpy.create_node("sleeper", context=world.robot.node.context)
    from seg_perception.nodes.conversions import message_class
    from seg_perception.nodes.qos import output_profile

    sleeper.create_subscription(
        message_class(messages.Image.type_name), LABELS, lambda _m: None, output_profile(1)
    )
    for number in range(20):
        world.step(number)
    assert world.last_labels() == [0, 1, 2, 255]
    sleeper.destroy_node()
    world.account()


def test_a_process_that_is_stopped_for_a_while(field):
    world = field()
    world.step(0)
    world.process.send(signal.SIGSTOP)
    for number in range(1, 20):
        world.robot.step(world.start_ns + number * STEP_NS)
        time.sleep(0.05)
    world.process.send(signal.SIGCONT)
    world.step(25)
    assert world.last_labels() == [0, 1, 2, 255]
    world.account()


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
