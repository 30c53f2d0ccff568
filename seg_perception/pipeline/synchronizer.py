"""Which label map goes with which cloud, and how long a cloud waits for it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from seg_perception.config import SynchronizerConfig
from seg_perception.core.drop_reasons import QUEUE_FULL, SUPERSEDED
from seg_perception.core.message_accounting import MessageHandle
from seg_perception.core.types import NANOSECONDS
from seg_perception.pipeline.coming_images import ComingImages
from seg_perception.pipeline.scan import Scan

Prepared = TypeVar("Prepared")


@dataclass(frozen=True, eq=False)
class Timed(Generic[Prepared]):
    """Something and the corrected time it belongs to."""

    time_ns: int
    value: Prepared


class LabelMapBuffer(Generic[Prepared]):
    """The last label maps of each camera; may be used from several threads.

    Attributes:
        coming: images whose label maps will follow; where nobody enters any, each label map is
            there before a cloud asks, or unknown until it comes.
    """

    def __init__(self, cameras: Iterable[str], config: SynchronizerConfig) -> None:
        """Start with an empty buffer for each camera."""
        cameras = tuple(cameras)
        self.coming = ComingImages(cameras)
        self._lock = threading.Lock()
        self._buffers: dict[str, deque[Timed[Prepared]]] = {
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
        """Keep a label map; the oldest one of a full buffer goes.

        Args:
            camera: whose it is.
            time_ns: its corrected time.
            value: the label map.
            generation: of the moment when the work on it began; one from before the last
                `clear` is not kept. None: now.
        """
        with self._lock:
            if generation in (None, self._generation):
                self._buffers[camera].append(Timed(time_ns, value))

    def nearest(self, camera: str, time_ns: int) -> list[Timed[Prepared]]:
        """The label maps within `max_gap_s`, the nearest in time first."""

        def gap_ns(entry: Timed[Prepared]) -> int:
            return abs(entry.time_ns - time_ns)

        with self._lock:
            near = [entry for entry in self._buffers[camera] if gap_ns(entry) <= self._max_gap_ns]
        return sorted(near, key=gap_ns)

    def newest(self, camera: str) -> Timed[Prepared] | None:
        """The label map that came last; None before the first."""
        with self._lock:
            buffer = self._buffers[camera]
            return buffer[-1] if buffer else None

    def is_complete(self, cameras: Iterable[str], time_ns: int) -> bool:
        """Whether no camera that still delivers will have a label map nearer to `time_ns`.

        That is so where its newest one is not older, and where the next image that has come
        is no nearer. A camera that has been silent for longer than a cloud could use is not
        waited for; while no camera delivers at all, the cloud waits.
        """
        with self._lock:
            newest = {
                camera: max(entry.time_ns for entry in self._buffers[camera])
                for camera in cameras
                if self._buffers[camera]
            }
        silent_ns = time_ns - self._max_gap_ns - self._max_wait_ns
        alive = {camera: stamp for camera, stamp in newest.items() if stamp >= silent_ns}
        return bool(alive) and all(
            stamp >= time_ns or self._next_is_no_nearer(camera, stamp, time_ns)
            for camera, stamp in alive.items()
        )

    def _next_is_no_nearer(self, camera: str, newest_ns: int, time_ns: int) -> bool:
        next_ns = self.coming.first_after(camera, newest_ns)
        return next_ns is not None and next_ns - time_ns >= time_ns - newest_ns

    def clear(self) -> None:
        """Forget all label maps: the clock jumped."""
        with self._lock:
            self._generation += 1
            self.coming.clear()
            for buffer in self._buffers.values():
                buffer.clear()


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
        self._idle_ns: dict[str, int] = {}
        self._size = config.queue_size
        self._max_wait_ns = round(config.max_wait_s * NANOSECONDS)

    def put(self, waiting: QueuedCloud) -> None:
        """Queue a cloud; the oldest of a full queue is dropped as `queue_full`."""
        with self._lock:
            queue = self._waiting.setdefault(waiting.scan.sensor, deque())
            queue.append(waiting)
            overflow = queue.popleft() if len(queue) > self._size else None
        if overflow is not None:
            overflow.handle.drop(QUEUE_FULL)

    def collect(self, now_ns: int, is_ready: Callable[[QueuedCloud], bool]) -> list[QueuedCloud]:
        """Take out, in the order of arrival, the clouds that are ready or waited long enough."""
        with self._lock:
            due = [
                waiting
                for queue in self._waiting.values()
                for waiting in queue
                if self._is_over(waiting, now_ns) or is_ready(waiting)
            ]
            for waiting in due:
                self._waiting[waiting.scan.sensor].remove(waiting)
        return sorted(due, key=lambda waiting: waiting.arrived_ns)

    def take(
        self, sensors: Collection[str], now_ns: int, is_ready: Callable[[QueuedCloud], bool]
    ) -> QueuedCloud | None:
        """Take out the cloud whose deadline is next, of those that are ready or waited long enough.

        Where a newer cloud of its sensor can be labelled as well, one is dropped as `superseded`
        that is past its deadline, or came while its thread had not a moment without work since:
        the thread is behind, and all that follow would be late, too. Clouds that waited together
        for a label map are no sign of that.

        Args:
            sensors: whose clouds are asked for, by one thread.
            now_ns: as for `collect`.
            is_ready: whether a cloud has nothing to wait for.
        """
        due = [w for w in self.waiting(sensors) if self._is_over(w, now_ns) or is_ready(w)]
        if not due:
            self._idle_ns.update(dict.fromkeys(sensors, now_ns))
        newest = {waiting.scan.sensor: waiting for waiting in due}
        for waiting in due:
            is_behind = waiting is not newest[waiting.scan.sensor]
            is_late = self._is_over(waiting, now_ns) or self._found_no_rest(waiting)
            gives_way = is_behind and is_late
            if not self._remove(waiting):
                continue
            if not gives_way:
                return waiting
            waiting.handle.drop(SUPERSEDED)
        return None

    def holds_any(self, sensors: Collection[str]) -> bool:
        """Whether a cloud of these sensors waits."""
        return bool(self.waiting(sensors))

    def clear(self, reason: str) -> None:
        """Drop everything that waits."""
        with self._lock:
            cleared = [waiting for queue in self._waiting.values() for waiting in queue]
            self._waiting.clear()
            self._idle_ns.clear()
        for waiting in cleared:
            waiting.handle.drop(reason)

    def __len__(self) -> int:
        """Count the waiting clouds."""
        with self._lock:
            return sum(len(queue) for queue in self._waiting.values())

    def waiting(self, sensors: Collection[str]) -> list[QueuedCloud]:
        """The clouds of sensors in the order of their deadlines, which is that of arrival."""
        with self._lock:
            waiting = [w for sensor in sensors for w in self._waiting.get(sensor, ())]
        return sorted(waiting, key=lambda one: one.arrived_ns)

    def _found_no_rest(self, waiting: QueuedCloud) -> bool:
        """Whether its thread has had work all the time since it came."""
        return waiting.arrived_ns > self._idle_ns.get(waiting.scan.sensor, waiting.arrived_ns)

    def _is_over(self, waiting: QueuedCloud, now_ns: int) -> bool:
        return now_ns - waiting.arrived_ns >= self._max_wait_ns

    def _remove(self, waiting: QueuedCloud) -> bool:
        """Take a cloud out; False where it was dropped meanwhile."""
        with self._lock:
            queue = self._waiting.get(waiting.scan.sensor, deque())
            if waiting not in queue:
                return False
            queue.remove(waiting)
            return True
