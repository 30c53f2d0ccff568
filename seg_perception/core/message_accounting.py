"""Where every message went: received = published + dropped (by reason) + in flight.

A message gets a handle when it arrives; whoever ends its way closes the handle.
In flight is counted from the open handles, never inferred from the other numbers,
so that the balance is a check and not a definition.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from seg_perception.core.drop_reasons import DROP_REASONS
from seg_perception.core.types import PointStatus, SemanticCloud


def stream(kind: str, name: str) -> str:
    """The name of an input, for instance `camera.front`."""
    return f"{kind}.{name}"


@dataclass(frozen=True)
class StreamCount:
    """What became of the messages of one stream until now."""

    received: int
    published: int
    dropped: Mapping[str, int]
    in_flight: int

    @property
    def balanced(self) -> bool:
        """Whether no message is unaccounted for."""
        return self.received == self.published + sum(self.dropped.values()) + self.in_flight


@dataclass(frozen=True)
class Counts:
    """What was counted in a stretch of time; what was in flight at its begin is not received in it.

    Attributes:
        streams, points, stray_times, disputed, degraded: as the `MessageAccounting` gives them.
    """

    streams: Mapping[str, StreamCount]
    points: Mapping[str, Mapping[PointStatus, int]]
    stray_times: Mapping[str, int]
    disputed: Mapping[str, int]
    degraded: Mapping[str, int]


@dataclass
class _Stream:
    numbered: int = 0
    received: int = 0
    published: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    open: set[int] = field(default_factory=set)


class MessageHandle:
    """One message on its way; it is closed once, by `publish` or by `drop`.

    Attributes:
        stream, number: whose message, and which of that stream.
        opened_s: when the message came (time.perf_counter).
        is_open: whether it is still on its way.
    """

    def __init__(self, accounting: MessageAccounting, stream: str, number: int) -> None:
        """Tickets are made by `MessageAccounting.receive`."""
        self.stream = stream
        self.number = number
        self.opened_s = time.perf_counter()
        self.is_open = True
        self._accounting = accounting

    def publish(self) -> None:
        """The message's result was published.

        Raises:
            RuntimeError: the handle is closed already.
        """
        self._accounting.close(self, None)

    def drop(self, reason: str) -> None:
        """The message ended without a result.

        Raises:
            RuntimeError: the handle is closed already.
            ValueError: a reason that is not in the catalogue.
        """
        if reason not in DROP_REASONS:
            msg = f"reason {reason!r}: expected one of {sorted(DROP_REASONS)}"
            raise ValueError(msg)
        self._accounting.close(self, reason)


class MessageAccounting:
    """Counts of all streams; may be used from several threads."""

    def __init__(self) -> None:
        """Start with no stream."""
        self._lock = threading.Lock()
        self._streams: dict[str, _Stream] = {}
        self._points: dict[str, Counter[PointStatus]] = {}
        self._stray_times: Counter[str] = Counter()
        self._disputed: Counter[str] = Counter()
        self._degraded: Counter[str] = Counter()

    def open_stream(self, stream: str) -> None:
        """Show a stream although it has not received anything."""
        with self._lock:
            self._streams.setdefault(stream, _Stream())

    def receive(self, stream: str) -> MessageHandle:
        """Count an arrival."""
        with self._lock:
            entry = self._streams.setdefault(stream, _Stream())
            entry.received += 1
            entry.numbered += 1
            entry.open.add(entry.numbered)
            return MessageHandle(self, stream, entry.numbered)

    def count_points(self, semantic: SemanticCloud) -> None:
        """Add a cloud's points to the sensor's counts by status."""
        counts = np.bincount(semantic.status, minlength=len(PointStatus))
        with self._lock:
            points = self._points.setdefault(semantic.sensor, Counter())
            for status in PointStatus:
                points[status] += int(counts[status])

    def count_stray_times(self, sensor: str, count: int) -> None:
        """Add to the sensor's points whose time is that of another scan."""
        with self._lock:
            self._stray_times[sensor] += count

    def count_disputed(self, sensor: str, count: int) -> None:
        """Add to the sensor's points to which two cameras gave different labels."""
        with self._lock:
            self._disputed[sensor] += count

    def count_degraded(self, stream: str) -> None:
        """Count a picture that can't be trusted, or a cloud that has labels of one."""
        with self._lock:
            self._degraded[stream] += 1

    def degraded(self) -> dict[str, int]:
        """Messages per stream that were not to be trusted; streams without any are left out."""
        with self._lock:
            return {stream: count for stream, count in self._degraded.items() if count}

    def disputed(self) -> dict[str, int]:
        """Points per sensor on which two cameras disagreed; sensors without any are left out."""
        with self._lock:
            return {sensor: count for sensor, count in self._disputed.items() if count}

    def stray_times(self) -> dict[str, int]:
        """Points per sensor whose time made no sense; sensors without any are left out."""
        with self._lock:
            return {sensor: count for sensor, count in self._stray_times.items() if count}

    def snapshot(self) -> dict[str, StreamCount]:
        """The counts of this moment, taken together."""
        with self._lock:
            return {
                name: StreamCount(
                    entry.received, entry.published, dict(entry.dropped), len(entry.open)
                )
                for name, entry in self._streams.items()
            }

    def points(self) -> dict[str, dict[PointStatus, int]]:
        """Points per sensor and status; statuses that did not occur are 0."""
        with self._lock:
            return {
                sensor: {status: counts[status] for status in PointStatus}
                for sensor, counts in self._points.items()
            }

    def counts(self) -> Counts:
        """Everything that was counted until now."""
        return Counts(
            self.snapshot(), self.points(), self.stray_times(), self.disputed(), self.degraded()
        )

    def count_anew(self) -> None:
        """Forget what was counted; what is in flight stays so, and will be counted when it ends."""
        with self._lock:
            for entry in self._streams.values():
                entry.received = entry.published = 0
                entry.dropped.clear()
            for counters in (self._points, self._stray_times, self._disputed, self._degraded):
                counters.clear()

    def add(self, earlier: Counts) -> None:
        """Add what was counted in a stretch of time before: what it left in flight ended here."""
        with self._lock:
            for name, count in earlier.streams.items():
                entry = self._streams.setdefault(name, _Stream())
                entry.received += count.received
                entry.published += count.published
                entry.dropped.update(count.dropped)
            for sensor, points in earlier.points.items():
                self._points.setdefault(sensor, Counter()).update(points)
            self._stray_times.update(earlier.stray_times)
            self._disputed.update(earlier.disputed)
            self._degraded.update(earlier.degraded)

    def close(self, handle: MessageHandle, reason: str | None) -> None:
        """End a message's way: published without a reason, dropped with one.

        Raises:
            RuntimeError: the handle is closed already.
        """
        with self._lock:
            entry = self._streams[handle.stream]
            if handle.number not in entry.open:
                msg = f"message {handle.number} of {handle.stream} is closed already"
                raise RuntimeError(msg)
            entry.open.remove(handle.number)
            handle.is_open = False
            if reason is None:
                entry.published += 1
            else:
                entry.dropped[reason] += 1
