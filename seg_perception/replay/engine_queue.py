"""When a frame gets its labels: at once, or as on a machine that needs time for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from seg_perception.core.drop_reasons import SUPERSEDED
from seg_perception.core.message_accounting import MessageHandle
from seg_perception.core.types import CameraFrame
from seg_perception.inference.scheduler import FrameSlots


@dataclass(frozen=True, eq=False)
class Job:
    """A frame on its way to the engine."""

    frame: CameraFrame
    handle: MessageHandle


Complete = Callable[[Job, int], None]


class EngineQueue(Protocol):
    """Decides which frames are segmented, and at which message time they are done."""

    def offer(self, job: Job, now_ns: int) -> None:
        """Hand in a frame that arrives at `now_ns`."""

    def advance(self, now_ns: int) -> None:
        """Complete what is done by `now_ns`, in order of time."""

    def finish(self) -> None:
        """Complete everything that still waits."""


class NoLatency:
    """Every frame is segmented the moment it arrives: nothing is dropped."""

    def __init__(self, complete: Complete) -> None:
        """Remember whom to call with a frame and the time at which it is done."""
        self._complete = complete

    def offer(self, job: Job, now_ns: int) -> None:
        """Complete it."""
        self._complete(job, now_ns)

    def advance(self, now_ns: int) -> None:
        """Nothing waits."""

    def finish(self) -> None:
        """Nothing waits."""


class SimulatedLatency:
    """One engine that is busy for `latency_ns` with each frame; the newest frame wins.

    While it is busy a newer frame of a camera replaces the waiting one, which is dropped
    as `superseded`; cameras take turns by weight, as live.
    """

    def __init__(self, complete: Complete, latency_ns: int, weights: Mapping[str, float]) -> None:
        """Start idle."""
        self._complete = complete
        self._latency_ns = latency_ns
        self._slots: FrameSlots[Job] = FrameSlots(weights)
        self._busy: tuple[Job, int] | None = None

    def offer(self, job: Job, now_ns: int) -> None:
        """Start on it if the engine is idle, else let it wait."""
        replaced = self._slots.put(job.frame.camera, job)
        if replaced is not None:
            replaced.handle.drop(SUPERSEDED)
        if self._busy is None:
            self._start(now_ns)

    def advance(self, now_ns: int) -> None:
        """Complete frames whose time has come, and start the next ones."""
        while self._busy is not None and self._busy[1] <= now_ns:
            job, done_ns = self._busy
            self._complete(job, done_ns)
            self._start(done_ns)

    def finish(self) -> None:
        """Complete everything, each at the time it would be done."""
        while self._busy is not None:
            self.advance(self._busy[1])

    def _start(self, now_ns: int) -> None:
        job = self._slots.take(timeout_s=0)
        self._busy = None if job is None else (job, now_ns + self._latency_ns)
