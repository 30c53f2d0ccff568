"""Faulty messages among good ones: each is counted under its reason, the good ones are labelled."""

import resource
from dataclasses import replace

import cv2
import numpy as np
import pytest

from seg_perception.io import messages
from seg_perception.ros.conversions import to_ros
from seg_perception.ros.qos import output_profile

pytestmark = pytest.mark.ros

STEP_NS = 100_000_000
IMAGES, CLOUDS = "/front/image_raw", "/top/points"
MIB = 1 << 20

BAD_IMAGES = (
    ({"encoding": "nv99"}, "unknown_encoding"),
    ({"data": bytes(10)}, "bad_image"),
    ({"height": 0, "data": b""}, "bad_image"),
    ({"step": 3}, "bad_image"),
    ({"height": 2**31, "width": 2**31, "step": 2**31}, "bad_image"),
)
BAD_CLOUDS = (
    {"point_step": 4},  # fields reach beyond it
    {"point_step": 2**31},
    {"row_step": 2**32 - 1, "height": 2},
    {"width": 2**30},  # 12 GB, it says
    {"data": bytes(5)},
    {"fields": [messages.PointField("x", 0, 99, 1)]},
    {"fields": []},
)


def drops(statuses, stream):
    """What the last status says was dropped of a stream, by reason."""
    found = next(s for s in statuses[-1].streams if stream.endswith(s.name))
    return {entry.reason: entry.count for entry in found.dropped}


def test_faulty_images_and_clouds_among_good_ones(start_node, robot, wait_until):
    running = start_node()
    rounds = max(len(BAD_IMAGES), len(BAD_CLOUDS))
    images = [BAD_IMAGES[i % len(BAD_IMAGES)] for i in range(rounds)]
    for number, ((changes, _), lies) in enumerate(zip(images, BAD_CLOUDS, strict=True)):
        stamp_ns = running.start_ns + number * STEP_NS
        robot.send(IMAGES, robot.image(stamp_ns + 1, **changes))
        robot.send(CLOUDS, replace(robot.cloud(stamp_ns + 1), **lies))
        wait_until(
            lambda n=number + 1: (
                sum(drops(running.statuses, "front").values()) == n
                and drops(running.statuses, "top") == {"bad_cloud": n}
            ),
            f"the drops of {changes} and {lies}",
        )
        running.step(number)
        assert running.last_labels() == [0, 1, 2, 255]
    streams = running.account()
    reasons = [reason for _, reason in images]
    assert streams["camera.front"]["dropped"] == {r: reasons.count(r) for r in set(reasons)}
    assert streams["camera.front"]["published"] == rounds
    assert streams["lidar.top"]["dropped"] == {"bad_cloud": rounds}
    assert streams["lidar.top"]["published"] == rounds


def test_a_torn_jpeg_among_good_ones(start_node, robot, wait_until):
    topic = "/left/image_raw/compressed"
    labels = robot.listen("/left/semantic/label_image", messages.Image.type_name)
    running = start_node(cameras=["front", "left"], **{"camera.left.image_topic": topic})
    robot.publisher(topic, messages.CompressedImage.type_name)
    robot.wait_for_subscribers(topic)
    whole = cv2.imencode(".jpg", np.full((64, 64, 3), 200, np.uint8))[1].tobytes()
    files = [whole[: len(whole) // 2], whole[:3], b"", whole[:-2], b"GIF89a" + whole]
    for number, torn in enumerate(files):
        for file in (torn, whole):
            header = messages.Header.at(running.start_ns + number * STEP_NS, "left_optical")
            robot.send(topic, messages.CompressedImage(header, "jpeg", file))
            seen = (number + 1, number + (file is whole))
            wait_until(
                lambda s=seen: (sum(drops(running.statuses, "left").values()), len(labels)) == s,
                f"the fate of file {number}",
            )
    count = running.account()["camera.left"]
    assert count["dropped"] == {"bad_image": 3, "unknown_encoding": 2}
    assert count["published"] == len(files)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"k": np.full(9, np.nan)}, "camera_info"),
        ({"k": np.zeros(9)}, "camera_info"),
        ({"k": np.array([32, 0, 0.5, 0, 32, 0.5, 0, 0, 1])}, "K has its principal point at (0.5"),
        ({"k": np.array([32, 0, 0, 0, 32, 0, 31.5, 31.5, 1])}, "the last row of K is (31.5"),
        ({"k": np.array([0.5, 0, 0.5, 0, 0.5, 0.5, 0, 0, 1])}, "K has a focal length of 0.5 px"),
    ],
)
def test_a_camera_info_that_can_not_be_costs_labels_until_a_true_one_comes(
    start_node, robot, wait_until, changes, problem
):
    running = start_node()
    running.step(0)
    robot.send("/front/camera_info", replace(robot.camera_info(running.start_ns), **changes))
    wait_until(
        lambda: running.says(f"camera.front: points can't be labelled: {problem}"),
        "what is wrong with it",
    )
    stamp_ns = running.start_ns + STEP_NS
    robot.send("/tf", robot.pose(stamp_ns))
    robot.send(IMAGES, robot.image(stamp_ns))
    robot.send(CLOUDS, robot.cloud(stamp_ns))
    running.cloud_of(stamp_ns)
    assert running.last_labels() == [255] * 4
    robot.send("/front/camera_info", robot.camera_info(stamp_ns))
    wait_until(lambda: not running.says("can't be labelled"), "the true camera_info")
    running.step(2)
    assert running.last_labels() == [0, 1, 2, 255]
    assert running.account()["camera.front"]["published"] == 3


def test_images_of_twelve_bits_are_labelled_and_depths_are_refused(start_node, robot, wait_until):
    running = start_node()
    running.step(0)
    stamp_ns = running.start_ns + STEP_NS
    eight = robot.image(stamp_ns)
    deep = (np.asarray(eight.data).reshape(-1).astype(np.uint16) * 16).tobytes()
    twelve = replace(eight, encoding="rgb16", step=2 * eight.step, data=deep)
    robot.send("/tf", robot.pose(stamp_ns))
    robot.send(IMAGES, twelve)
    robot.send(CLOUDS, robot.cloud(stamp_ns))
    running.cloud_of(stamp_ns)
    assert running.last_labels() == [0, 1, 2, 255]
    header = messages.Header.at(stamp_ns + 1, "front_depth_optical_frame")
    depths = bytes(2 * eight.width * eight.height)
    robot.send(
        IMAGES,
        replace(twelve, header=header, encoding="16UC1", step=2 * eight.width, data=depths),
    )
    wait_until(lambda: drops(running.statuses, "front") == {"unknown_encoding": 1}, "the drop")
    assert running.account()["camera.front"]["published"] == 2


def test_a_burst_is_counted_to_the_last_message_and_costs_no_memory(start_node, robot, wait_until):
    running = start_node()
    running.step(0)
    peak_kb = int(running.process.status("VmHWM").split()[0])
    image = to_ros(robot.image(0, np.zeros((480, 640, 3), np.uint8)))
    cloud = to_ros(robot.cloud(0))
    number = 300  # 276 MB of images
    for k in range(1, number + 1):
        stamp = messages.Time.from_ns(running.start_ns + k)
        for message, topic in ((image, IMAGES), (cloud, CLOUDS)):
            message.header.stamp.sec, message.header.stamp.nanosec = stamp.sec, stamp.nanosec
            robot.publisher(topic, "").publish(message)
    running.cloud_of(running.start_ns + number)
    running.step(2)
    assert running.last_labels() == [0, 1, 2, 255]
    grown_kb = int(running.process.status("VmHWM").split()[0]) - peak_kb
    streams = running.account()
    assert grown_kb < 64 * 1024
    # The camera_info describes other images than those of the burst.
    reasons = {
        "camera.front": {"superseded", "size_mismatch"},
        "lidar.top": {"queue_full", "superseded"},
    }
    for stream, known in reasons.items():
        lost = running.summary["lost_in_transport"][stream]
        assert streams[stream]["received"] + lost == number + 2, "sent = received + lost"
        assert set(streams[stream]["dropped"]) <= known


def test_out_of_memory_costs_the_message_that_was_too_large(start_node, robot, wait_until):
    # As a driver that keeps the newest only: the middleware offers again what was not taken.
    robot.publisher(IMAGES, messages.Image.type_name, output_profile(1))
    topic = "/left/image_raw/compressed"
    robot.publisher(topic, messages.CompressedImage.type_name)
    running = start_node(cameras=["front", "left"], **{"camera.left.image_topic": topic})
    robot.wait_for_subscribers(topic)
    large = np.zeros((5000, 5000, 3), np.uint8)
    running.step(0)

    # The file is small; its pixels, 75 MB, do not fit.
    leave_memory(running.process, 50 * MIB)
    header = messages.Header.at(running.start_ns, "left_optical")
    file = cv2.imencode(".png", large)[1].tobytes()
    robot.send(topic, messages.CompressedImage(header, "png", file))
    wait_until(lambda: drops(running.statuses, "left") == {"out_of_memory": 1}, "the drop")
    running.step(1)
    assert running.last_labels() == [0, 1, 2, 255]

    # The middleware has no room for the message itself.
    robot.send(IMAGES, robot.image(running.start_ns + 1, large))
    running.step(2)
    assert running.last_labels() == [0, 1, 2, 255]

    streams = running.account()
    assert streams["camera.left"]["dropped"] == {"out_of_memory": 1}
    assert streams["camera.front"]["published"] == streams["camera.front"]["received"] == 3
    assert running.summary["lost_in_transport"]["camera.front"] == 1


def leave_memory(process, size):
    """Let a process grow by so many bytes, not more."""
    limit = int(process.status("VmSize").split()[0]) * 1024 + size
    resource.prlimit(process.pid, resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
