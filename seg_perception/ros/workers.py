"""Threads that work beside the executor, and what hands messages to them."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from seg_perception.core.drop_reasons import QUEUE_FULL, SHUTDOWN
from seg_perception.core.message_accounting import MessageHandle
from seg_perception.core.threads import start_thread
from seg_perception.io.bit_depth import Pixels

T = TypeVar("T")

# A step that fails at once, again and again, must not take the processor from all others.
_PAUSE_S = 0.05


@dataclass(frozen=True, eq=False)
class ReceivedMessage:
    """A message as it came.

    Attributes:
        name: of the sensor, in the configuration.
        message: as the middleware gave it.
        handle: is closed by whoever ends the message's way.
        image: of a video stream's packet, once it is decoded: uint8 (H, W, 3), RGB.
    """

    name: str
    message: Any
    handle: MessageHandle
    image: Pixels | None = None


class Worker:
    """A thread that repeats a step until it is stopped; a step that fails is told."""

    def __init__(
        self,
        name: str,
        step: Callable[[], None],
        on_error: Callable[[BaseException], Any],
        niceness: int = 0,
    ) -> None:
        """Start.

        Args:
            name: of the thread.
            step: is repeated.
            on_error: told of a step that failed.
            niceness: added to the process's own: others go first where processors are short.
        """
        self._step = step
        self._on_error = on_error
        self._niceness = niceness
        self._stopping = threading.Event()
        self._thread = start_thread(name, self._work, on_error)

    def stop(self) -> None:
        """Wait for the current step to end; there is no next one."""
        self._stopping.set()
        self._thread.join()

    def _work(self) -> None:
        if self._niceness:
            # On Linux a thread's own.
            mine = threading.get_native_id()
            usual = os.getpriority(os.PRIO_PROCESS, mine)
            os.setpriority(os.PRIO_PROCESS, mine, usual + self._niceness)
        while not self._stopping.is_set():
            self._try_step()

    def _try_step(self) -> None:
        try:
            self._step()
        except Exception as error:  # noqa: BLE001 (one faulty step must not end perception)
            self._on_error(error)
            self._stopping.wait(_PAUSE_S)


class Inbox:
    """Messages of several streams in their order, for one thread; wakes it.

    Each stream has its own limit, so that a burst of one costs no other.
    """

    def __init__(self, limit: int) -> None:
        """Hold at most `limit` messages of a stream; the oldest goes as `queue_full`."""
        self._limit = limit
        self._changed = threading.Condition()
        self._notified = self._closed = False
        self._waiting: deque[ReceivedMessage] = deque()

    def put(self, received: ReceivedMessage) -> None:
        """Add a message; after `close` it is dropped."""
        with self._changed:
            if self._closed:
                received.handle.drop(SHUTDOWN)
                return
            oldest = self._make_room(received.handle.stream)
            self._waiting.append(received)
            self._changed.notify()
        if oldest is not None:
            oldest.handle.drop(QUEUE_FULL)

    def notify(self) -> None:
        """Wake the thread although nothing arrived."""
        with self._changed:
            self._notified = True
            self._changed.notify()

    def take_all(self, timeout_s: float) -> list[ReceivedMessage]:
        """Wait for an received, a ring or the timeout; empty the box."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._notified, timeout_s)
            self._notified = False
            messages = list(self._waiting)
            self._waiting.clear()
        return messages

    def close(self) -> None:
        """Drop what waits, and what still comes."""
        with self._changed:
            self._closed = True
        for received in self.take_all(timeout_s=0):
            received.handle.drop(SHUTDOWN)

    def _make_room(self, stream: str) -> ReceivedMessage | None:
        same = [received for received in self._waiting if received.handle.stream == stream]
        if len(same) < self._limit:
            return None
        self._waiting.remove(same[0])
        return same[0]


class Handover(Generic[T]):
    """What one thread has done and the next goes on with, in its order; who is ahead waits."""

    def __init__(self, limit: int) -> None:
        """Hold at most `limit` items."""
        self._limit = limit
        self._changed = threading.Condition()
        self._waiting: deque[T] = deque()
        self._closed = False

    def put(self, item: T) -> bool:
        """Hand an item over once there is room; False after `close`: the caller keeps it."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(self._waiting) < self._limit)
            if self._closed:
                return False
            self._waiting.append(item)
            self._changed.notify_all()
        return True

    def take(self, timeout_s: float) -> T | None:
        """Wait for the next item; None after the timeout or `close`."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._waiting, timeout_s)
            if not self._waiting:
                return None
            self._changed.notify_all()
            return self._waiting.popleft()

    def close(self) -> list[T]:
        """Take nothing more in; what still waits."""
        with self._changed:
            self._closed = True
            waiting = list(self._waiting)
            self._waiting.clear()
            self._changed.notify_all()
        return waiting
