"""The threads of a replay: a few that keep all processors busy, or as good as none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Protocol

from seg_perception.config import SegmentationConfig
from seg_perception.core.background_work import (
    BackgroundWork,
    NoWorkers,
    Work,
    WorkAtOnce,
    Workers,
    WorkerThreads,
)
from seg_perception.inference.engine import Engine
from seg_perception.inference.segmenter import Segmenter
from seg_perception.io.bag_message import BagMessage
from seg_perception.replay.look_ahead import AheadSegmenter, LookAhead
from seg_perception.replay.prefetch import DEPTH, Prepare
from seg_perception.replay.session import Session

# Steps that may wait for whoever writes, beside two for each thread that prepares them.
_WAITING = 4


class Crew(Protocol):
    """Who does the work of a replay.

    Attributes:
        workers: decode images, and make messages of labels.
        compressors: how many threads compress the bag.
        depth: how many messages may be read ahead.
    """

    workers: Workers
    compressors: int
    depth: int

    def make_work(self) -> Work:
        """Who writes, in order; the caller closes it."""
        ...

    def segmenter(self, engine: Engine, config: SegmentationConfig) -> Segmenter:
        """What labels images; it ends with the crew."""
        ...

    def preparing(self, session: Session) -> Prepare[BagMessage]:
        """What is done with a message as soon as it is read."""
        ...


class OneByOne:
    """One thread reads and decodes; who calls does everything else, one after the other."""

    def __init__(self) -> None:
        """Nothing is opened."""
        self.workers: Workers = NoWorkers()
        self.compressors, self.depth = 0, DEPTH

    def make_work(self) -> Work:
        """The caller."""
        return WorkAtOnce()

    def segmenter(self, engine: Engine, config: SegmentationConfig) -> Segmenter:
        """One that labels when it is asked."""
        return Segmenter(engine, config)

    def preparing(self, session: Session) -> Prepare[BagMessage]:
        """Decode it."""
        return session.decode_ahead


class SideBySide:
    """Threads that decode, draw and compress; one that reads, one that labels, one that writes."""

    def __init__(self, threads: int) -> None:
        """Start them; who opens the crew closes it."""
        self.workers: Workers = WorkerThreads("replay", threads)
        self.compressors, self.depth = threads, DEPTH + 2 * threads
        self._waiting = _WAITING + 2 * threads
        self._segmenter: AheadSegmenter | None = None

    def make_work(self) -> Work:
        """A thread of its own."""
        return BackgroundWork("write", self._waiting)

    def segmenter(self, engine: Engine, config: SegmentationConfig) -> Segmenter:
        """One that labels ahead."""
        self._segmenter = AheadSegmenter(engine, config)
        return self._segmenter

    def preparing(self, session: Session) -> Prepare[BagMessage]:
        """Decode it, and label it where all images are labelled."""
        if self._segmenter is None or not session.labels_all:
            return session.decode_ahead
        return LookAhead(session, self._segmenter, self.workers).prepare

    def close(self) -> None:
        """End the threads; what waits is not begun."""
        self.workers.close()
        if self._segmenter is not None:
            self._segmenter.close()


@contextmanager
def make_crew(threads: int) -> Iterator[Crew]:
    """Who does the work of a replay.

    Args:
        threads: as in `ReplayOptions`.
    """
    count = threads or len(os.sched_getaffinity(0))
    if count == 1:
        yield OneByOne()
        return
    with closing(SideBySide(count)) as crew:
        yield crew
