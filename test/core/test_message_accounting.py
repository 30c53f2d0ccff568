"""received = published + dropped + in flight, whatever happens."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seg_perception.core.message_accounting import MessageAccounting, StreamCount
from seg_perception.core.types import PointCloud, PointStatus, SemanticCloud


@given(st.lists(st.sampled_from(["publish", "superseded", "bad_image", "keep"])))
def test_the_balance_holds_after_any_history(ends: list[str]) -> None:
    accounting = MessageAccounting()
    for end in ends:
        handle = accounting.receive("camera.front")
        if end == "publish":
            handle.publish()
        elif end != "keep":
            handle.drop(end)
    count = accounting.snapshot().get("camera.front", StreamCount(0, 0, {}, 0))
    assert count.balanced
    assert count.received == len(ends)
    assert count.published == ends.count("publish")
    assert count.dropped.get("superseded", 0) == ends.count("superseded")
    assert count.in_flight == ends.count("keep")


def test_a_ticket_is_closed_once() -> None:
    handle = MessageAccounting().receive("lidar.top")
    handle.drop("queue_full")
    with pytest.raises(RuntimeError, match="closed already"):
        handle.publish()


def test_an_imbalance_shows() -> None:
    assert not StreamCount(received=3, published=1, dropped={"bad_image": 1}, in_flight=0).balanced


def test_threads_lose_nothing() -> None:
    accounting = MessageAccounting()

    def work() -> None:
        for _ in range(500):
            accounting.receive("radar.front").publish()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert accounting.snapshot()["radar.front"] == StreamCount(2000, 2000, {}, 0)


def test_points_are_tallied_by_status() -> None:
    accounting = MessageAccounting()
    cloud = PointCloud(np.zeros((1, 3), [("x", "f4"), ("y", "f4"), ("z", "f4")]), 0, "lidar")
    status = np.array([PointStatus.LABELLED, PointStatus.OCCLUDED, PointStatus.LABELLED], np.uint8)
    for _ in range(2):
        accounting.count_points(
            SemanticCloud("top", cloud, status, status.astype("f4"), status, status)
        )
    assert accounting.points()["top"][PointStatus.LABELLED] == 4
    assert accounting.points()["top"][PointStatus.OCCLUDED] == 2
    assert accounting.points()["top"][PointStatus.INVALID] == 0


def test_a_stream_shows_before_its_first_message() -> None:
    accounting = MessageAccounting()
    accounting.open_stream("camera.front")
    assert accounting.snapshot() == {"camera.front": StreamCount(0, 0, {}, 0)}
