"""The stages of images: they work side by side, keep each camera's order, and lose nothing."""

from __future__ import annotations

import threading
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from seg_perception.core.errors import ImageError
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.message_accounting import MessageAccounting
from seg_perception.core.types import CameraFrame, LabelMap
from seg_perception.inference.look_ahead import LookAhead
from seg_perception.inference.scheduler import FrameTurns
from seg_perception.inference.segmenter import PreparedFrame
from seg_perception.pipeline.accounted import accounted
from seg_perception.ros.image_stages import Decoding, Inference, Publishing
from seg_perception.ros.latencies import Latencies
from seg_perception.ros.workers import Handover, ReceivedMessage

pytestmark = pytest.mark.ros

# Longer than a test may take: what does not come is not there in time.
LONG_S = 1000.0
PIXELS = np.zeros((1, 1, 3), np.uint8)
LABELS = np.zeros((1, 1), np.uint8)


class Node:
    """What the stages ask of a context, a segmenter and a camera."""

    def __init__(self, cameras, threads, infer=lambda: None, publish=lambda: None) -> None:
        self.accounting, self.issues = MessageAccounting(), IssueLog()
        self.published: list[tuple[str, int]] = []
        self.decoded: list[tuple[str, int]] = []
        self.errors: list[BaseException] = []
        self.has_decoded = threading.Event()
        self._infer, self._publish = infer, publish
        context = SimpleNamespace(
            accounted=partial(accounted, issues=self.issues),
            latencies=Latencies(),
            observe=lambda *_: 0,
            tell_clouds=lambda: None,
            clock=SimpleNamespace(now_ns=lambda: 0),
            outputs=SimpleNamespace(publish_label_map=self.publish_label_map),
            published=lambda handle, _stamp_ns: handle.publish(),
            on_thread_error=lambda _name: self.errors.append,
        )
        self.turns = FrameTurns(dict.fromkeys(cameras, 1.0), threads + 1)
        done, ahead = Handover(2), LookAhead(threads + 1)
        self.decoding = Decoding(context, self, self.turns, self.decode, threads, ahead)
        self.inference = Inference(context, self, self.turns, self.decoding.ready, done, ahead)
        self.publishing = Publishing(context, self, done, lambda label_map, *_: label_map)

    def put(self, camera: str, number: int) -> None:
        handle = self.accounting.receive(f"camera.{camera}")
        replaced = self.turns.put(camera, ReceivedMessage(camera, number, handle))
        if replaced is not None:
            replaced.handle.drop("superseded")

    def decode(self, received: ReceivedMessage) -> CameraFrame:
        self.decoded.append((received.name, received.message))
        self.has_decoded.set()
        if received.message < 0:
            msg = "damaged"
            raise ImageError(msg)
        return CameraFrame(received.name, PIXELS, received.message, "optical")

    def prepare(self, frame: CameraFrame) -> PreparedFrame:
        return PreparedFrame(frame, PIXELS)

    def infer(self, _prepared):
        self._infer()

    def finish(self, frame: CameraFrame, _answer) -> LabelMap:
        return LabelMap(frame.camera, LABELS, LABELS, frame.stamp_ns, frame.frame_id)

    def publish_label_map(self, label_map, _image, _now_ns) -> None:
        self._publish()
        self.published.append((label_map.camera, label_map.stamp_ns))

    def stop(self) -> None:
        for left in self.turns.close():
            left.handle.drop("shutdown")
        self.decoding.stop()
        self.inference.stop()
        self.publishing.stop()
        assert self.errors == []
        for name, count in self.accounting.snapshot().items():
            assert count.balanced, (name, count)
            assert count.in_flight == 0, (name, count)


def test_each_camera_keeps_its_order_and_every_image_is_accounted_for():
    node = Node("abc", threads=3)
    for number in range(300):
        for camera in "abc":
            node.put(camera, number)
    node.stop()
    for camera in "abc":
        numbers = [number for name, number in node.published if name == camera]
        assert numbers == sorted(set(numbers))
        count = node.accounting.snapshot()[f"camera.{camera}"]
        assert (count.received, count.published) == (300, len(numbers))
        assert set(count.dropped) <= {"superseded", "shutdown"}


def test_the_next_image_is_decoded_while_the_engine_works(wait_until):
    decoded = threading.Event()
    node = Node("a", threads=1, infer=lambda: decoded.wait(LONG_S))
    node.put("a", 1)
    wait_until(lambda: node.decoded == [("a", 1)], "the first image's decoding")
    node.put("a", 2)
    wait_until(lambda: len(node.decoded) == 2, "decoding beside the engine")
    assert node.published == []
    decoded.set()
    wait_until(lambda: node.published == [("a", 1), ("a", 2)], "both label maps")
    node.stop()


def test_the_engine_goes_on_while_a_label_map_is_published(wait_until):
    asked, go_on = threading.Semaphore(0), threading.Event()
    node = Node("ab", 1, infer=asked.release, publish=lambda: go_on.wait(LONG_S))
    node.put("a", 1)
    assert asked.acquire(timeout=LONG_S)
    node.put("b", 2)
    assert asked.acquire(timeout=LONG_S), "publishing the first holds nothing up"
    go_on.set()
    wait_until(lambda: len(node.published) == 2, "both label maps")
    node.stop()


def test_what_is_decoded_late_is_the_newest(wait_until):
    """One image is in the engine and one ready: the camera's third waits, and is replaced."""
    go_on = threading.Event()
    node = Node("a", threads=1, infer=lambda: go_on.wait(LONG_S))
    for number in (1, 2):
        node.put("a", number)
        wait_until(lambda n=number: ("a", n) in node.decoded, "decoding")
    for number in (3, 4, 5):
        node.put("a", number)
    go_on.set()
    wait_until(lambda: ("a", 5) in node.published, "the newest")
    assert node.published == [("a", 1), ("a", 2), ("a", 5)]
    assert node.accounting.snapshot()["camera.a"].dropped == {"superseded": 2}
    node.stop()


def test_an_image_that_cannot_be_decoded_costs_its_camera_no_turn(wait_until):
    node = Node("a", threads=1)
    for number in (-1, -2, 3):
        node.put("a", number)
        wait_until(lambda n=number: ("a", n) in node.decoded, "its turn")
    wait_until(lambda: node.published == [("a", 3)], "the sound one")
    assert node.accounting.snapshot()["camera.a"].dropped == {"bad_image": 2}
    node.stop()


def test_the_end_publishes_what_is_segmented_and_drops_what_waits(wait_until):
    started, go_on = threading.Event(), threading.Event()

    def infer() -> None:
        started.set()
        go_on.wait(LONG_S)

    node = Node("ab", threads=1, infer=infer)
    node.put("a", 1)
    assert started.wait(LONG_S)
    node.put("b", 2)
    wait_until(lambda: ("b", 2) in node.decoded, "the second image's decoding")
    node.put("a", 3)
    threading.Timer(0.05, go_on.set).start()
    node.stop()
    assert ("a", 1) in node.published
    counts = node.accounting.snapshot()
    assert counts["camera.b"].published + counts["camera.b"].dropped.get("shutdown", 0) == 1
    assert sum(count.received for count in counts.values()) == 3
