"""Threads beside the executor: nothing that is handed over gets lost uncounted."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seg_perception.core.message_accounting import MessageAccounting
from seg_perception.ros.workers import Handover, Inbox, ReceivedMessage, Worker

pytestmark = pytest.mark.ros


def received(accounting, stream="lidar.top"):
    return ReceivedMessage(stream.partition(".")[2], object(), accounting.receive(stream))


def test_a_full_box_drops_the_oldest_of_that_stream_only():
    accounting, inbox = MessageAccounting(), Inbox(2)
    radar = received(accounting, "radar.front")
    inbox.put(radar)
    scans = [received(accounting) for _ in range(3)]
    for scan in scans:
        inbox.put(scan)
    assert inbox.take_all(0) == [radar, *scans[1:]]
    assert accounting.snapshot()["lidar.top"].dropped == {"queue_full": 1}
    assert accounting.snapshot()["radar.front"].dropped == {}


@given(st.lists(st.sampled_from(["put a.x", "put b.y", "take", "close"])), st.integers(1, 3))
def test_every_message_is_taken_or_dropped(steps, limit):
    accounting, inbox = MessageAccounting(), Inbox(limit)
    for step in [*steps, "close"]:
        if step == "take":
            for taken in inbox.take_all(0):
                taken.handle.publish()
        elif step == "close":
            inbox.close()
        else:
            inbox.put(received(accounting, step.partition(" ")[2]))
    for count in accounting.snapshot().values():
        assert count.in_flight == 0
        assert count.balanced


def test_what_comes_after_the_end_is_dropped():
    accounting, inbox = MessageAccounting(), Inbox(2)
    inbox.close()
    inbox.put(received(accounting))
    assert accounting.snapshot()["lidar.top"].dropped == {"shutdown": 1}
    assert inbox.take_all(0) == []


def test_a_handover_keeps_the_order_and_makes_who_is_ahead_wait():
    handover, ahead = Handover(2), threading.Event()

    def bring():
        for number in range(4):
            assert handover.put(number)
        ahead.set()

    threading.Thread(target=bring).start()
    assert handover.take(1000.0) == 0
    assert not ahead.is_set(), "the fourth has no room before another is taken"
    assert [handover.take(1000.0) for _ in range(3)] == [1, 2, 3]
    assert ahead.wait(1000.0)
    assert handover.take(0) is None


def test_the_end_of_a_handover_leaves_everything_to_somebody():
    handover, refused = Handover(1), []
    handover.put("first")
    thread = threading.Thread(target=lambda: refused.append(handover.put("second")))
    thread.start()
    assert handover.close() == ["first"]
    thread.join()
    assert refused == [False]
    assert handover.take(1000.0) is None


def test_a_notification_wakes_without_a_message():
    inbox = Inbox(1)
    # Longer than a test may take: who is not woken is not here in time.
    threading.Thread(target=inbox.notify).start()
    assert inbox.take_all(timeout_s=1000.0) == []
    inbox.notify()
    assert inbox.take_all(timeout_s=1000.0) == []


def test_a_worker_goes_on_after_a_failure(wait_until):
    seen, errors = [], []

    def step():
        seen.append(len(seen))
        if len(seen) == 2:
            msg = "second step"
            raise ValueError(msg)

    worker = Worker("test", step, errors.append)
    wait_until(lambda: len(seen) > 3, "further steps")
    worker.stop()
    after = len(seen)
    assert str(errors[0]) == "second step"
    assert len(errors) == 1
    assert len(seen) == after


def test_what_fails_on_a_thread_stands_in_the_log_of_issues(ros):
    from seg_perception.config import Config
    from seg_perception.core.ontology import Ontology
    from seg_perception.ros.node_context import NodeContext

    ontology = Ontology.parse(
        {"name": "one", "classes": [{"id": 0, "name": "a", "color": "#000000"}]}, "test"
    )
    context = NodeContext(ros.node("owner"), Config(), ontology)
    context.on_thread_error("clouds")(ValueError("odd"))
    assert [str(issue) for issue in context.perception.issues.all()] == [
        (
            "thread clouds: a fault of this program: ValueError: odd; "
            "report it with the traceback in the log"
        )
    ]


def test_a_reading_thread_that_dies_is_not_waited_for():
    from seg_perception.ros.bag_player import read_ahead

    class Bag:
        """Of which a file disappears."""

        def messages(self, _topics, undecoded):
            assert undecoded == ["/a"]
            yield "first"
            msg = "gone.mcap"
            raise FileNotFoundError(msg)

    stop = threading.Event()
    messages = read_ahead(Bag(), ["/a"], stop)
    assert next(messages) == "first"
    with pytest.raises(FileNotFoundError, match="gone"):
        next(messages)


def test_a_reading_thread_that_hangs_is_left_when_told_to_stop():
    from seg_perception.ros.bag_player import read_ahead

    class Bag:
        """On a disk that does not answer."""

        def messages(self, _topics, undecoded):
            assert undecoded == ["/a"]
            stop.set()
            hung.wait()
            yield "late"

    stop, hung = threading.Event(), threading.Event()
    assert list(read_ahead(Bag(), ["/a"], stop)) == []
    hung.set()
