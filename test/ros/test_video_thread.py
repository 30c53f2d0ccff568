"""The thread that decodes a camera's video: what waits, what is given up, all counted."""

import threading
from functools import partial
from types import SimpleNamespace

import pytest

from seg_perception.config import Config
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.message_accounting import MessageAccounting
from seg_perception.pipeline.accounted import accounted
from seg_perception.pipeline.rate_limiter import RateLimiter
from seg_perception.ros.latencies import Latencies
from seg_perception.ros.workers import ReceivedMessage

pytestmark = pytest.mark.ros
STREAM = "camera.front"


def config(*, enabled):
    flat = {"cameras": ["front"], "camera.front.image_topic": "/image"}
    return Config.from_parameters({**flat, "camera.front.enabled": enabled})


class Camera:
    """A camera's stream without a node."""

    def __init__(self, video, count, key_every):
        from seg_perception.ros.video_input import VideoInput

        self.lost, self.taken = 0, []
        self.go_on, self.is_busy = threading.Event(), threading.Event()
        self.accounting, issues = MessageAccounting(), IssueLog()
        self.limiter = RateLimiter(config(enabled=True))
        context = SimpleNamespace(
            perception=SimpleNamespace(rate_limiter=self.limiter, issues=issues),
            accounted=lambda handle: accounted(handle, issues),
            latencies=Latencies(),
            on_thread_error=lambda name: partial(issues.add_unforeseen, name),
        )
        pictures = video.plain([n % 3 for n in range(count)])
        packets = video.encode("h264", pictures, key_every=key_every)
        self._messages = [
            video.message("compressed", "h264", packet, n, "camera")
            for n, packet in enumerate(packets)
        ]
        self.input = VideoInput(context, "front", lambda: self.lost, self._take)

    def _take(self, received):
        self.is_busy.set()
        self.go_on.wait(10)
        stamp_ns = received.message.header.stamp.nanosec
        assert int(received.image[24, 32].argmax()) == stamp_ns % 3
        self.taken.append(stamp_ns)
        received.handle.publish()

    def put(self, *numbers):
        for n in numbers:
            handle = self.accounting.receive(STREAM)
            self.input.put(ReceivedMessage("front", self._messages[n], handle))

    def count(self):
        return self.accounting.snapshot()[STREAM]

    def ended(self):
        """Whether no message is on its way."""
        return self.count().in_flight == 0


@pytest.fixture
def camera(video):
    cameras = []

    def make(count, key_every):
        cameras.append(Camera(video, count, key_every))
        return cameras[-1]

    yield make
    for one in cameras:
        one.go_on.set()
        one.input.stop()
        assert one.count().balanced
        assert one.ended()


def test_what_lags_a_second_is_given_up_until_the_next_key_frame(camera, wait_until):
    # Key frames are 0 and 35. 0 is in work, 1 to 30 wait, and 31 finds the queue full.
    one = camera(40, key_every=35)
    one.put(0)
    one.is_busy.wait(10)
    one.put(*range(1, 40))
    one.go_on.set()
    wait_until(one.ended, "the last packet")
    assert one.taken == [0, 35, 36, 37, 38, 39]
    assert one.count().dropped == {"decoder_busy": 30, "waits_for_key_frame": 4}


def test_messages_that_the_middleware_lost_are_a_gap(camera, wait_until):
    # Key frames are 0, 5 and 10. Sixteen pictures alike are lost: frame numbers can't tell.
    one = camera(12, key_every=5)
    one.go_on.set()
    one.put(0, 1)
    one.lost = 16
    one.put(*range(2, 12))
    wait_until(one.ended, "the last packet")
    assert one.taken == [0, 1, 5, 6, 7, 8, 9, 10, 11]
    assert one.count().dropped == {"waits_for_key_frame": 3}


def test_a_camera_that_is_switched_off_is_not_decoded(camera, wait_until):
    one = camera(12, key_every=5)
    one.go_on.set()
    one.put(0, 1)
    wait_until(one.ended, "the first packets")
    one.limiter.config = config(enabled=False)
    one.put(2)
    wait_until(one.ended, "the third packet")
    one.limiter.config = config(enabled=True)
    one.put(*range(3, 7))
    wait_until(one.ended, "the last packet")
    assert one.taken == [0, 1, 5, 6]
    assert one.count().dropped == {"disabled": 1, "waits_for_key_frame": 2}


def test_what_waits_at_the_end_is_counted(camera):
    one = camera(12, key_every=5)
    one.put(0)
    one.is_busy.wait(10)
    one.put(1, 2, 3)
    threading.Timer(0.2, one.go_on.set).start()
    one.input.stop()
    assert one.taken == [0]
    one.put(4)
    assert one.count().dropped == {"shutdown": 4}
