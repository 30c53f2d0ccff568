"""What a thread of clouds does within the work that images give way to, and what it does not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from seg_perception.config import Config
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.message_accounting import MessageAccounting
from seg_perception.core.types import PointCloud
from seg_perception.io.pointcloud2 import encode_cloud
from seg_perception.pipeline.accounted import accounted
from seg_perception.ros import image_segmentation
from seg_perception.ros.cloud_thread import CloudThread
from seg_perception.ros.image_segmentation import is_short_of_processors
from seg_perception.ros.latencies import Latencies
from seg_perception.ros.workers import ReceivedMessage

pytestmark = pytest.mark.ros

# Longer than a test may take: what does not come is not there in time.
LONG_S = 1000.0


class Node:
    """What a thread asks of a context; notes whether urgent work was on at each step."""

    def __init__(self, *, fails: bool = False) -> None:
        self.accounting, self.issues = MessageAccounting(), IssueLog()
        self.steps: dict[str, bool] = {}
        self.is_urgent = False
        self.is_over = threading.Event()
        self._fails = fails
        self._waiting: list[SimpleNamespace] = []
        perception = SimpleNamespace(
            rate_limiter=SimpleNamespace(refuses_cloud=lambda *_: None),
            add_cloud=self.add,
            label_next=self.label_next,
            look_ahead=self.look_ahead,
            has_waiting=lambda _sensors: bool(self._waiting),
        )
        self.context = SimpleNamespace(
            config=Config(),
            on_news=[],
            on_thread_error=lambda _name: self.end,
            perception=perception,
            accounted=partial(accounted, issues=self.issues),
            latencies=Latencies(),
            observe=lambda *_: 0,
            clock=SimpleNamespace(now_ns=lambda: 0),
            outputs=SimpleNamespace(publish_cloud=self.publish),
            published=self.published,
        )

    @contextmanager
    def urgent(self) -> Iterator[None]:
        self.is_urgent = True
        try:
            yield
        finally:
            self.is_urgent = False

    def add(self, _sensor, cloud, handle, _now_ns) -> None:
        self.steps["add"] = self.is_urgent
        semantic = SimpleNamespace(cloud=cloud, gaps_s=())
        self._waiting.append(SimpleNamespace(handle=handle, semantic=semantic))

    def look_ahead(self, _sensors) -> bool:
        self.steps["look ahead"] = self.is_urgent
        return False

    def label_next(self, _sensors, _now_ns):
        if "look ahead" not in self.steps or not self._waiting:
            return None
        self.steps["label"] = self.is_urgent
        if self._fails:
            raise RuntimeError
        return self._waiting.pop()

    def publish(self, _semantic, _now_ns) -> None:
        self.steps["publish"] = self.is_urgent

    def published(self, handle, _stamp_ns) -> None:
        handle.publish()
        self.is_over.set()

    def end(self, _error) -> None:
        self.is_over.set()

    def run(self) -> None:
        thread = CloudThread(self.context, "lidar clouds", ["top"], self.urgent)
        cloud = PointCloud(np.zeros((1, 1), [(n, "<f4") for n in "xyz"]), 1, "top")
        handle = self.accounting.receive("lidar.top")
        thread.inbox.put(ReceivedMessage("top", encode_cloud(cloud), handle))
        assert self.is_over.wait(LONG_S)
        thread.stop()


def test_clouds_are_labelled_and_published_in_urgent_work_and_prepared_outside_of_it():
    node = Node()
    node.run()
    assert node.steps == {"add": False, "look ahead": False, "label": True, "publish": True}
    assert not node.is_urgent


def test_a_cloud_that_fails_ends_the_urgent_work():
    node = Node(fails=True)
    node.run()
    assert node.steps["label"]
    assert not node.is_urgent


@pytest.mark.parametrize(("processors", "is_short"), [(1, True), (2, True), (3, False)])
def test_images_give_way_on_two_processors_and_on_no_more(monkeypatch, processors, is_short):
    monkeypatch.setattr(image_segmentation, "_processors", lambda: processors)
    assert is_short_of_processors() is is_short
