"""What goes wrong in the field: the node says it, counts it, and works on."""

import json
import signal
import time

import cv2
import numpy as np
import pytest

from seg_perception.io import messages
from seg_perception.io.pointcloud2 import decode_cloud

pytestmark = pytest.mark.ros

STEP_NS = 100_000_000
SECOND_NS = 1_000_000_000
NODE = "/perception_node"
LABELS = "/front/semantic/label_image"
CLOUD = "/top/semantic/points"


class Field:
    """A running node among its sensors."""

    def __init__(self, robot, process, statuses, wait_until):
        self.robot = robot
        self.process = process
        self.statuses = statuses
        self.wait_until = wait_until
        self.labels = robot.listen(LABELS, messages.Image.type_name)
        self.clouds = robot.listen(CLOUD, messages.PointCloud2.type_name)
        robot.wait_until_heard()
        self.wait_until(self._has_lens, "the lens")
        self.start_ns = robot.now_ns()

    def _has_lens(self):
        # Again and again: a node that was killed counts as a subscriber for a while.
        self.robot.send("/front/camera_info", self.robot.camera_info(self.robot.now_ns()))
        time.sleep(0.1)
        return self.statuses and not self.says("front: no camera_info")

    def says(self, words):
        return any(words in warning for s in self.statuses[-1:] for warning in s.warnings)

    def last_labels(self):
        return decode_cloud(self.clouds[-1]).points["label"].reshape(-1).tolist()

    def step(self, number):
        """One moment; waits for its cloud."""
        stamp_ns = self.start_ns + number * STEP_NS
        self.robot.step(stamp_ns)
        self.cloud_of(stamp_ns)

    def cloud_of(self, stamp_ns):
        def came():
            stamps = (c.header.stamp.sec * SECOND_NS + c.header.stamp.nanosec for c in self.clouds)
            return stamp_ns in stamps

        self.wait_until(came, f"the cloud of {stamp_ns}")

    def account(self):
        """End the node; its ledger, which must balance."""
        code, out, err = self.process.end()
        assert code == 0, err
        streams = json.loads(out.splitlines()[-1])["streams"]
        for name, count in streams.items():
            total = count["published"] + sum(count["dropped"].values()) + count["in_flight"]
            assert count["received"] == total, (name, count)
            assert count["in_flight"] == 0
        return streams


@pytest.fixture
def field(ros, robot, parameters, wait_until):
    def start(**changes):
        statuses = robot.listen(f"{NODE}/status", messages.SegmentationStatus.type_name)
        statuses.clear()
        robot.advertise()
        file = parameters(**changes)
        process = ros.start("perception_node", "--ros-args", "--params-file", file)
        return Field(robot, process, statuses, wait_until)

    return start


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


def test_a_silent_lidar_is_named_and_images_go_on(field):
    world = field()
    for number in range(60):
        stamp_ns = world.start_ns + number * STEP_NS
        world.robot.send("/front/image_raw", world.robot.image(stamp_ns))
        time.sleep(0.1)
    world.wait_until(lambda: world.says("lidar.top: no message came"), "the silent lidar")
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


def test_an_image_size_that_changes(field):
    world = field()
    world.step(0)
    large = cv2.resize(np.asarray(world.robot.image(0).data), None, fx=2, fy=2,
                       interpolation=cv2.INTER_NEAREST)  # fmt: skip
    stamp_ns = world.start_ns + STEP_NS
    world.robot.send("/front/image_raw", world.robot.image(stamp_ns, large))
    world.wait_until(
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
    world.wait_until(lambda: not world.process.is_running(), "its end")
    again = field()
    again.step(50)
    assert again.last_labels() == [0, 1, 2, 255]
    again.account()


def test_two_nodes_of_one_name_say_so(field, ros, parameters, wait_until):
    world = field()
    second = ros.start("perception_node", "--ros-args", "--params-file", parameters())
    world.wait_until(lambda: world.says("is it started twice?"), "the warning")
    second.end()
    world.wait_until(lambda: not world.says("is it started twice?"), "that it is alone")
    world.account()


def test_twenty_cameras_of_which_three_live(field):
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
    world.wait_until(lambda: world.says("camera.c16: no"), "the dead cameras")
    streams = world.account()
    assert [streams[f"camera.{name}"]["published"] for name in live] == [3, 3, 3]
    assert streams["camera.c0"]["received"] == 0
