"""Which label map goes with which cloud, and how long a cloud waits for it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import SynchronizerConfig
from seg_perception.core.message_accounting import MessageHandle
from seg_perception.core.types import NANOSECONDS, PointCloud

Prepared = TypeVar("Prepared")


@dataclass(frozen=True, eq=False)
class Timed(Generic[Prepared]):
    """Something and the corrected time it belongs to."""

    time_ns: int
    value: Prepared


class LabelMapBuffer(Generic[Prepared]):
    """The last label maps of each camera; may be used from several threads."""

    def __init__(self, cameras: Iterable[str], config: SynchronizerConfig) -> None:
        """Start with an empty ring for each camera."""
        self._lock = threading.Lock()
        self._rings: dict[str, deque[Timed[Prepared]]] = {
            camera: deque(maxlen=config.buffer_size) for camera in cameras
        }
        self._max_gap_ns = round(config.max_gap_s * NANOSECONDS)
        self._max_wait_ns = round(config.max_wait_s * NANOSECONDS)
        self._generation = 0

    @property
    def generation(self) -> int:
        """How often everything was forgotten."""
        return self._generation

    def add(
        self, camera: str, time_ns: int, value: Prepared, generation: int | None = None
    ) -> None:
        """Keep a label map; the oldest one of a full ring goes.

        Args:
            camera: whose it is.
            time_ns: its corrected time.
            value: the label map.
            generation: of the moment when the work on it began; one from before the last
                `clear` is not kept. None: now.
        """
        with self._lock:
            if generation in (None, self._generation):
                self._rings[camera].append(Timed(time_ns, value))

    def nearest(self, camera: str, time_ns: int) -> list[Timed[Prepared]]:
        """The label maps within `max_gap_s`, the nearest in time first."""

        def gap_ns(entry: Timed[Prepared]) -> int:
            return abs(entry.time_ns - time_ns)

        with self._lock:
            near = [entry for entry in self._rings[camera] if gap_ns(entry) <= self._max_gap_ns]
        return sorted(near, key=gap_ns)

    def is_complete(self, cameras: Iterable[str], time_ns: int) -> bool:
        """Whether every camera that still delivers has a label map newer than `time_ns`.

        A camera that has been silent for longer than a cloud could use is not waited
        for; while no camera delivers at all, the cloud waits.
        """
        with self._lock:
            newest = [
                max(entry.time_ns for entry in self._rings[c]) for c in cameras if self._rings[c]
            ]
        silent_ns = time_ns - self._max_gap_ns - self._max_wait_ns
        alive = [stamp for stamp in newest if stamp >= silent_ns]
        return bool(alive) and all(stamp >= time_ns for stamp in alive)

    def clear(self) -> None:
        """Forget all label maps: the clock jumped."""
        with self._lock:
            self._generation += 1
            for ring in self._rings.values():
                ring.clear()


@dataclass(frozen=True, eq=False)
class Scan:
    """A cloud, whose it is, and when it was measured.

    Attributes:
        sensor: name in the configuration.
        cloud: as its sender sent it.
        time_ns: corrected stamp.
        offsets_ns: int64 (N,), time of each point relative to the stamp; None: all at once.
        last_ns: time of the last point.
        stray: points whose time is that of another scan; they count at the stamp.
    """

    sensor: str
    cloud: PointCloud
    time_ns: int
    offsets_ns: NDArray[np.int64] | None
    last_ns: int
    stray: int = 0


@dataclass(frozen=True, eq=False)
class QueuedCloud:
    """A cloud on its way, and when it came (in the clock that `collect` is asked with)."""

    scan: Scan
    handle: MessageHandle
    arrived_ns: int


class CloudQueue:
    """Clouds that wait for label maps and transforms; may be used from several threads."""

    def __init__(self, config: SynchronizerConfig) -> None:
        """Start empty."""
        self._lock = threading.Lock()
        self._waiting: dict[str, deque[QueuedCloud]] = {}
        self._size = config.queue_size
        self._max_wait_ns = round(config.max_wait_s * NANOSECONDS)

    def put(self, waiting: QueuedCloud) -> None:
        """Queue a cloud; the oldest of a full queue is dropped as `queue_full`."""
        with self._lock:
            queue = self._waiting.setdefault(waiting.scan.sensor, deque())
            queue.append(waiting)
            overflow = queue.popleft() if len(queue) > self._size else None
        if overflow is not None:
            overflow.handle.drop("queue_full")

    def collect(self, now_ns: int, is_ready: Callable[[QueuedCloud], bool]) -> list[QueuedCloud]:
        """Take out, in the order of arrival, the clouds that are ready or waited long enough."""
        with self._lock:
            due = [
                waiting
                for queue in self._waiting.values()
                for waiting in queue
                if now_ns - waiting.arrived_ns >= self._max_wait_ns or is_ready(waiting)
            ]
            for waiting in due:
                self._waiting[waiting.scan.sensor].remove(waiting)
        return sorted(due, key=lambda waiting: waiting.arrived_ns)

    def clear(self, reason: str) -> None:
        """Drop everything that waits."""
        with self._lock:
            cleared = [waiting for queue in self._waiting.values() for waiting in queue]
            self._waiting.clear()
        for waiting in cleared:
            waiting.handle.drop(reason)

    def __len__(self) -> int:
        """Count the waiting clouds."""
        with self._lock:
            return sum(len(queue) for queue in self._waiting.values())
