"""Writes recorded messages on a thread of its own."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import Empty, Full, Queue

from seg_perception.core.threads import explain, start_thread
from seg_perception.io.bag_writer import BagWriter

QUEUE_SIZE = 256
FLUSH_S = 1.0
POLL_S = 0.1


@dataclass(frozen=True)
class RecordedTopic:
    """A topic that is recorded.

    Attributes:
        latched: kept for late subscribers, as its publishers offer it.
    """

    name: str
    type_name: str
    latched: bool


@dataclass(frozen=True, eq=False)
class RecordedMessage:
    """One message on its way to the disk."""

    topic: RecordedTopic
    data: bytes
    log_time_ns: int


@dataclass
class RecordingReport:
    """What was recorded, and what was not."""

    recorded: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    before_the_clock: dict[str, int] = field(default_factory=dict)
    lost_in_transport: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    error: str = ""

    def dump(self) -> str:
        """One line of JSON."""
        return json.dumps(
            {
                "recorded": dict(self.recorded),
                "dropped": dict(self.dropped),
                "before_the_clock": self.before_the_clock,
                "lost_in_transport": self.lost_in_transport,
                "skipped": self.skipped,
                "error": self.error,
            }
        )


class DiskThread:
    """Writes what is put into its queue, so that a slow disk does not hold up the callbacks."""

    def __init__(
        self, writer: BagWriter, report: RecordingReport, on_error: Callable[[], None]
    ) -> None:
        """Start writing."""
        self._writer = writer
        self._report = report
        self._on_error = on_error
        self._queue: Queue[RecordedMessage] = Queue(QUEUE_SIZE)
        self._closing = threading.Event()
        self._thread = start_thread("disk", self._work, self._fail)

    def put(self, message: RecordedMessage) -> None:
        """Hand over a message; it is counted as dropped when the disk can't follow."""
        try:
            self._queue.put_nowait(message)
        except Full:
            self._report.dropped[message.topic.name] += 1

    def close(self) -> None:
        """Write what waits and finish the bag; errors go to the report.

        What the thread left when it died is counted as dropped.
        """
        self._closing.set()
        self._thread.join()
        while not self._queue.empty():
            self._report.dropped[self._queue.get_nowait().topic.name] += 1
        try:
            self._writer.close()
        except Exception as error:  # noqa: BLE001 (the report says it)
            self._report.error = self._report.error or explain(error)

    def _work(self) -> None:
        flushed = time.monotonic()
        while self._write_next():
            if time.monotonic() - flushed > FLUSH_S:
                self._writer.flush()
                flushed = time.monotonic()

    def _fail(self, error: BaseException) -> None:
        self._report.error = explain(error)
        self._on_error()

    def _write_next(self) -> bool:
        try:
            message = self._queue.get(timeout=POLL_S)
        except Empty:
            return not self._closing.is_set()
        topic = message.topic
        try:
            self._writer.write_raw(
                topic.name, topic.type_name, message.data, message.log_time_ns, topic.latched
            )
        except BaseException:
            self._report.dropped[topic.name] += 1
            raise
        self._report.recorded[topic.name] += 1
        return True
