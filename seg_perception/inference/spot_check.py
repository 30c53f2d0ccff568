"""Compares a live frame with a reference now and then, beside the work.

Golden frames validate an engine on what they show; an engine may be right on them and wrong
on what the robot sees. The comparison runs on a thread of its own with a lower priority,
takes one frame at a time and rests so long that its share of one core stays in bounds.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import SegmentationConfig
from seg_perception.core.issue_kinds.engines import LABELS_NOT_TRUSTED, SPOT_CHECK_ENDED
from seg_perception.core.threads import explain, start_thread
from seg_perception.inference.protocol import Engine
from seg_perception.inference.reading import Labels

_NICE = 10


@dataclass(frozen=True)
class SpotReport:
    """What one comparison found.

    Attributes:
        passed: the engine may stay.
        agreement: share of equal labels.
        detail: one sentence.
        duration_s: how long the reference took.
        delay_s: from the frame to the result.
        frames_since: how many frames were answered since the last one that agreed.
    """

    passed: bool
    agreement: float
    detail: str
    duration_s: float
    delay_s: float
    frames_since: int


@dataclass(frozen=True)
class _Sample:
    image: NDArray[np.uint8]
    labels: Labels
    number: int
    taken_s: float


class SpotCheck:
    """Compares frames of one engine with a reference; `offer` and the properties never wait."""

    def __init__(
        self,
        config: SegmentationConfig,
        make_reference: Callable[[], Engine],
        report: Callable[[str], None],
    ) -> None:
        """Start nothing: the thread and the reference are made for the first frame.

        Args:
            config: rate, tolerance and cost.
            make_reference: called once, on the thread.
            report: told when a comparison failed, or can't be made.
        """
        self._config = config
        self._make_reference = make_reference
        self._report = report
        self._sample: _Sample | None = None
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._due_s = 0.0
        self._count = self._agreed = 0
        self._ended = False
        self.last: SpotReport | None = None
        self.ended_since = ""

    def offer(self, image: NDArray[np.uint8], labels: Labels) -> None:
        """Show an answer of the engine; it is copied when a comparison is due.

        Args:
            image: uint8 (H, W, 3), RGB at the network's size.
            labels: uint8 or uint16 (H, W), what the engine gave it.
        """
        self._count += 1
        now_s = time.monotonic()
        if now_s < self._due_s or self._ended or self._sample is not None:
            return
        with self._wake:
            self._sample = _Sample(image.copy(), labels.copy(), self._count, now_s)
            self._wake.notify()
        if self._thread is None:
            self._thread = start_thread("spot check", self._work, self._give_up)

    @property
    def failure(self) -> str:
        """Why the engine must go; empty where it may stay."""
        return self.last.detail if self.last is not None and not self.last.passed else ""

    @property
    def unavailable(self) -> str:
        """That nothing is compared any more, in one sentence; empty while it is."""
        reason = self.ended_since
        return SPOT_CHECK_ENDED.sentence(reason=reason) if reason else ""

    def end(self) -> None:
        """Compare nothing more."""
        with self._wake:
            self._ended = True
            self._wake.notify()

    def close(self) -> None:
        """End the thread; a comparison that goes on is waited for."""
        self.end()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        # Linux counts the priority for each thread.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
        reference = self._make_reference()
        try:
            while (sample := self._next()) is not None:
                self._compare(reference, sample)
                self._sample = None
        finally:
            reference.close()

    def _next(self) -> _Sample | None:
        with self._wake:
            self._wake.wait_for(lambda: self._sample is not None or self._ended)
            return None if self._ended else self._sample

    def _compare(self, reference: Engine, sample: _Sample) -> None:
        start_s = time.monotonic()
        expected = reference.infer(sample.image)[0]
        agreement = float(np.mean(expected == sample.labels))
        end_s = time.monotonic()
        duration_s = end_s - start_s
        rest_s = duration_s * (1 / self._config.spot_check_max_load - 1)
        self._due_s = max(sample.taken_s + self._config.spot_check_period_s, end_s + rest_s)
        self._judge(sample, agreement, duration_s, end_s - sample.taken_s)

    def _judge(self, sample: _Sample, agreement: float, duration_s: float, delay_s: float) -> None:
        passed = agreement >= self._config.spot_check_min_agreement
        since = self._count - self._agreed
        text = f"spot check: {agreement:.1%} equal labels with ONNX Runtime on a live frame"
        if not passed:
            expected = self._config.spot_check_min_agreement
            text = LABELS_NOT_TRUSTED.sentence(check=text, expected=expected, frames=since)
        self.last = SpotReport(passed, agreement, text, duration_s, delay_s, since)
        if passed:
            self._agreed = sample.number
        else:
            self._ended = True
            self._report(text)

    def _give_up(self, error: BaseException) -> None:
        self._ended = True
        self._sample = None
        self.ended_since = explain(error)
        self._report(self.unavailable)
