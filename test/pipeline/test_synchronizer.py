"""Which label map a cloud gets, and how long it waits."""

import numpy as np
import pytest

from seg_perception.config import SynchronizerConfig
from seg_perception.core.message_accounting import MessageAccounting
from seg_perception.core.types import PointCloud
from seg_perception.pipeline.scan import Scan
from seg_perception.pipeline.synchronizer import CloudQueue, LabelMapBuffer, QueuedCloud

MS = 1_000_000
CONFIG = SynchronizerConfig(buffer_size=3, max_wait_s=0.3, max_gap_s=0.1, queue_size=2)


def filled(**stamps_ms: list[int]) -> LabelMapBuffer[str]:
    labels: LabelMapBuffer[str] = LabelMapBuffer(["front", "back"], CONFIG)
    for camera, stamps in stamps_ms.items():
        for stamp in stamps:
            labels.add(camera, stamp * MS, f"{camera}{stamp}")
    return labels


def nearest(labels: LabelMapBuffer[str], stamp_ms: int) -> str | None:
    found = labels.nearest("front", stamp_ms * MS)
    return found[0].value if found else None


@pytest.mark.parametrize(
    ("stamp_ms", "expected"),
    [(100, "front100"), (149, "front100"), (151, "front200"), (300, "front200"), (301, None)],
)
def test_the_nearest_within_the_gap_is_taken(stamp_ms: int, expected: str | None) -> None:
    assert nearest(filled(front=[100, 200]), stamp_ms) == expected


def test_the_buffer_forgets_the_oldest() -> None:
    assert nearest(filled(front=[100, 200, 300, 400]), 100) == "front200"
    cleared = filled(front=[100])
    cleared.clear()
    assert nearest(cleared, 100) is None


@pytest.mark.parametrize(
    ("front", "back", "complete"),
    [
        ([], [], False),
        ([990], [], False),
        ([1000], [], True),
        ([1010], [990], False),
        ([1010], [1005], True),
        ([1010], [599], True),
        ([1010], [600], False),
        ([599], [], False),
    ],
    ids=[
        "none yet",
        "older",
        "equal",
        "one is late",
        "both newer",
        "one is silent",
        "one is slow",
        "all silent",
    ],
)
def test_a_cloud_waits_for_every_camera_that_delivers(
    front: list[int], back: list[int], *, complete: bool
) -> None:
    assert filled(front=front, back=back).is_complete(["front", "back"], 1000 * MS) is complete


def waiting(accounting: MessageAccounting, arrived_ms: int, sensor: str = "top") -> QueuedCloud:
    cloud = PointCloud(
        np.zeros((1, 1), [("x", "f4"), ("y", "f4"), ("z", "f4")]), arrived_ms * MS, "lidar"
    )
    scan = Scan(sensor, cloud, cloud.stamp_ns, None, cloud.stamp_ns)
    return QueuedCloud(scan, accounting.receive(f"lidar.{sensor}"), arrived_ms * MS)


def test_a_ready_cloud_leaves_at_once_and_another_after_max_wait() -> None:
    accounting, queue = MessageAccounting(), CloudQueue(CONFIG)
    first, second = waiting(accounting, 0), waiting(accounting, 100)
    queue.put(first)
    queue.put(second)
    assert queue.collect(150 * MS, lambda entry: entry is second) == [second]
    assert queue.collect(299 * MS, lambda _: False) == []
    assert queue.collect(300 * MS, lambda _: False) == [first]
    assert len(queue) == 0


def test_clouds_of_several_sensors_leave_in_the_order_of_arrival() -> None:
    accounting, queue = MessageAccounting(), CloudQueue(CONFIG)
    entries = [
        waiting(accounting, 20, "b"),
        waiting(accounting, 10, "a"),
        waiting(accounting, 30, "b"),
    ]
    for entry in entries:
        queue.put(entry)
    assert [entry.arrived_ns // MS for entry in queue.collect(30 * MS, lambda _: True)] == [
        10,
        20,
        30,
    ]


def test_a_full_queue_and_a_cleared_one_are_accounted_for() -> None:
    accounting, queue = MessageAccounting(), CloudQueue(CONFIG)
    for stamp in (0, 10, 20):
        queue.put(waiting(accounting, stamp))
    queue.clear("clock_jump")
    count = accounting.snapshot()["lidar.top"]
    assert count.dropped == {"queue_full": 1, "clock_jump": 2}
    assert count.balanced


def test_the_next_deadline_goes_first_and_only_of_the_sensors_asked_for() -> None:
    accounting, queue = MessageAccounting(), CloudQueue(CONFIG)
    late, early, other = (
        waiting(accounting, 20, "b"),
        waiting(accounting, 10, "a"),
        waiting(accounting, 0, "radar"),
    )
    for entry in (late, early, other):
        queue.put(entry)
    taken = [queue.take(["a", "b"], 30 * MS, lambda _: True) for _ in range(3)]
    assert taken == [early, late, None]
    assert not queue.holds_any(["a", "b"])
    assert queue.holds_any(["radar"])


def test_a_cloud_is_taken_when_it_is_ready_or_waited_long_enough() -> None:
    accounting, queue = MessageAccounting(), CloudQueue(CONFIG)
    first, second = waiting(accounting, 0), waiting(accounting, 100)
    queue.put(first)
    queue.put(second)
    assert queue.take(["top"], 150 * MS, lambda entry: entry is second) is second
    assert queue.take(["top"], 299 * MS, lambda _: False) is None
    assert queue.take(["top"], 300 * MS, lambda _: False) is first


@pytest.mark.parametrize(
    ("now_ms", "dropped"), [(299, {}), (300, {"superseded": 1})], ids=["in time", "behind"]
)
def test_a_cloud_past_its_deadline_gives_way_to_a_newer_one(
    now_ms: int, dropped: dict[str, int]
) -> None:
    accounting, queue = MessageAccounting(), CloudQueue(CONFIG)
    old, new = waiting(accounting, 0), waiting(accounting, 100)
    queue.put(old)
    queue.put(new)
    taken = queue.take(["top"], now_ms * MS, lambda _: True)
    assert taken is (new if dropped else old)
    assert accounting.snapshot()["lidar.top"].dropped == dropped


def test_a_late_cloud_gives_way_to_none_that_cannot_be_labelled_yet() -> None:
    accounting, queue = MessageAccounting(), CloudQueue(CONFIG)
    old, new, other = (
        waiting(accounting, 0),
        waiting(accounting, 350),
        waiting(accounting, 10, "b"),
    )
    for entry in (old, new, other):
        queue.put(entry)
    assert queue.take(["top", "b"], 640 * MS, lambda _: False) is old
    assert queue.take(["top", "b"], 640 * MS, lambda _: False) is other
    assert accounting.snapshot()["lidar.top"].dropped == {}


def test_a_cloud_that_came_while_all_was_busy_gives_way_to_a_newer_one() -> None:
    accounting, queue = MessageAccounting(), CloudQueue(CONFIG)
    assert queue.take(["top"], 90 * MS, lambda _: True) is None
    old, new = waiting(accounting, 100), waiting(accounting, 200)
    queue.put(old)
    queue.put(new)
    assert queue.take(["top"], 210 * MS, lambda _: True) is new
    assert accounting.snapshot()["lidar.top"].dropped == {"superseded": 1}


def test_clouds_that_waited_together_for_a_label_map_are_all_labelled() -> None:
    accounting = MessageAccounting()
    queue = CloudQueue(SynchronizerConfig(queue_size=4, max_wait_s=0.3))
    clouds = [waiting(accounting, stamp) for stamp in (0, 100, 200)]
    for cloud in clouds:
        queue.put(cloud)
    assert queue.take(["top"], 210 * MS, lambda _: False) is None
    taken = [queue.take(["top"], now * MS, lambda _: True) for now in (220, 250, 280)]
    assert taken == clouds
    assert accounting.snapshot()["lidar.top"].dropped == {}
