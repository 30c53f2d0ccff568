"""A node whose camera sends H.264 or H.265."""

import time

import numpy as np
import pytest

from seg_perception.io import messages
from seg_perception.io.messages import stamp_to_ns

TOPIC = "/left/image_raw/compressed"
STEP_NS = 100_000_000


@pytest.fixture
def camera(start_node, robot, video):
    """A running node with a second camera, of which no message has come."""

    class Camera:
        def __init__(self):
            self.labels = robot.listen("/left/semantic/label_image", messages.Image.type_name)
            self.running = start_node(
                cameras=["front", "left"],
                **{"camera.left.image_topic": TOPIC, "camera.left.transport": "video"},
            )
            robot.publisher(TOPIC, messages.CompressedImage.type_name)
            robot.wait_for_subscribers(TOPIC)

        def send(self, codec, packet, number):
            stamp_ns = self.running.start_ns + number * STEP_NS
            robot.send(TOPIC, video.message("compressed", codec, packet, stamp_ns, "left_optical"))

        def labelled(self):
            """Class by the number of the picture."""
            return {
                (stamp_to_ns(label.header.stamp) - self.running.start_ns) // STEP_NS: set(
                    np.frombuffer(label.data, np.uint8).tolist()
                )
                for label in list(self.labels)
            }

        def dropped(self):
            statuses = self.running.statuses[-1:]
            found = [s for status in statuses for s in status.streams if s.name == "left"]
            return sum(entry.count for stream in found for entry in stream.dropped)

    return Camera()


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_a_lost_packet_live_costs_those_up_to_the_next_key_frame(camera, video, wait_until, codec):
    # Key frames are 0, 5 and 10; the node hears the stream from 2 on, and 7 is lost.
    packets = video.encode(codec, video.plain([n % 3 for n in range(12)]))
    sent = [2, 3, 4, 5, 6, 8, 9, 10, 11]
    for count, number in enumerate(sent, start=1):
        camera.send(codec, packets[number], number)
        wait_until(
            lambda c=count: camera.dropped() + len(camera.labels) == c, f"the fate of {number}"
        )
    assert camera.labelled() == {n: {n % 3} for n in (5, 6, 10, 11)}
    account = camera.running.account()["camera.left"]
    assert account["dropped"] == {"waits_for_key_frame": 5}
    assert account["published"] == 4
    assert "waits for a key frame" in camera.running.log


def test_pictures_are_left_out_and_packets_are_not(camera, video, wait_until):
    # One key frame: whatever is labelled is made from every packet before it.
    packets = video.encode("h264", video.plain([n % 3 for n in range(40)]), key_every=100)
    for number, packet in enumerate(packets):
        camera.send("h264", packet, number)
        time.sleep(0.01)
    wait_until(lambda: 39 in camera.labelled(), "the last picture")
    assert all(classes == {n % 3} for n, classes in camera.labelled().items())
    account = camera.running.account()["camera.left"]
    assert account["received"] == 40
    assert set(account["dropped"]) <= {"superseded"}


def test_packets_whose_type_is_not_installed_are_named(start_node, wait_until):
    topic = "/left/image_raw/ffmpeg"
    running = start_node(cameras=["front", "left"], **{"camera.left.image_topic": topic})
    wait_until(
        lambda: running.says("install the ROS package ffmpeg_image_transport_msgs"),
        "the package that is missing",
    )
    running.step(0)
    running.account()
