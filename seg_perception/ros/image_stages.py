"""The stages of an image: decoded by several threads, segmented by one, published by another.

Each camera has one image between its slot and the engine, so that nothing overtakes and what is
decoded is the newest; behind the engine everything goes on in the engine's order.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.drop_reasons import SHUTDOWN
from seg_perception.core.types import CameraFrame, LabelMap
from seg_perception.inference.scheduler import FrameTurns
from seg_perception.inference.segmenter import PreparedFrame, Segmenter
from seg_perception.ros.latencies import READY
from seg_perception.ros.node_context import NodeContext
from seg_perception.ros.workers import Handover, ReceivedMessage, Worker

TAKE_TIMEOUT_S = 0.2
# Clouds first: of images there are more than the engine takes, and a newer one comes at once.
_NICENESS = 5

Turns = FrameTurns[ReceivedMessage]


@dataclass(frozen=True, eq=False)
class ReadyFrame:
    """An image that waits for the engine.

    Attributes:
        received: its message.
        prepared: the image, and the network's picture of it.
        generation: in which it came, of those between jumps of the clock.
        since_s: when it was ready (time.perf_counter).
    """

    received: ReceivedMessage
    prepared: PreparedFrame
    generation: int
    since_s: float


@dataclass(frozen=True, eq=False)
class SegmentedFrame:
    """An image that waits to be published.

    Attributes:
        received: its message.
        label_map: what the network said.
        image: uint8 (H, W, 3), RGB, that it was said of.
    """

    received: ReceivedMessage
    label_map: LabelMap
    image: NDArray[np.uint8]


class Decoding:
    """From messages to pictures for the network, on as many threads as there may be."""

    def __init__(
        self,
        context: NodeContext,
        segmenter: Segmenter,
        turns: Turns,
        decode: Callable[[ReceivedMessage], CameraFrame],
        threads: int,
    ) -> None:
        """Start.

        Args:
            context: of this activation.
            segmenter: prepares the pictures.
            turns: whose image is next; gets a turn back where an image came to nothing.
            decode: makes a frame of a message.
            threads: how many.
        """
        self._context = context
        self._segmenter = segmenter
        self._turns = turns
        self._decode = decode
        # The turns are what bounds it: who puts an image here never waits.
        self.ready: Handover[ReadyFrame] = Handover(threads + 1)
        self._workers = [
            Worker(f"decode {n}", self._step, context.on_thread_error("decode"), _NICENESS)
            for n in range(threads)
        ]

    def stop(self) -> None:
        """Finish the images that are being decoded, drop those that wait; the turns are closed."""
        for worker in self._workers:
            worker.stop()
        for left in self.ready.close():
            left.received.handle.drop(SHUTDOWN)

    def _step(self) -> None:
        received = self._turns.take(TAKE_TIMEOUT_S)
        if received is None:
            return
        is_ready = False
        try:
            with self._context.accounted(received.handle):
                is_ready = self.ready.put(self._prepare(received))
        finally:
            if not is_ready:
                self._turns.bring_back(received.name)

    def _prepare(self, received: ReceivedMessage) -> ReadyFrame:
        context, stream = self._context, received.handle.stream
        context.latencies.add_wait(received.handle, time.perf_counter())
        frame = self._decode(received)
        generation = context.observe(stream, frame.frame_id, frame.stamp_ns)
        with context.latencies.measure("prepare", stream):
            prepared = self._segmenter.prepare(frame)
        return ReadyFrame(received, prepared, generation, time.perf_counter())


class Inference:
    """One image after the other through the engine."""

    def __init__(
        self,
        context: NodeContext,
        segmenter: Segmenter,
        turns: Turns,
        ready: Handover[ReadyFrame],
        done: Handover[SegmentedFrame],
    ) -> None:
        """Start; a turn is over when the engine takes its image."""
        self._context = context
        self._segmenter = segmenter
        self._turns = turns
        self._ready = ready
        self._done = done
        self._worker = Worker("inference", self._step, context.on_thread_error("inference"))

    def stop(self) -> None:
        """Finish the image that is being segmented."""
        self._worker.stop()

    def _step(self) -> None:
        ready = self._ready.take(TAKE_TIMEOUT_S)
        if ready is None:
            return
        self._turns.bring_back(ready.received.name)
        with self._context.accounted(ready.received.handle):
            self._done.put(self._segment(ready))

    def _segment(self, ready: ReadyFrame) -> SegmentedFrame:
        context, frame = self._context, ready.prepared.frame
        stream = ready.received.handle.stream
        context.latencies.add(READY, stream, time.perf_counter() - ready.since_s)
        with context.latencies.measure("segment", stream):
            answer = self._segmenter.infer(ready.prepared)
            segmented = self._segmenter.finish(frame, answer)
            label_map = context.perception.take_segmented(segmented, ready.generation, frame)
        context.tell_clouds()
        return SegmentedFrame(ready.received, label_map, frame.image)


class Publishing:
    """Label maps into the graph, in the engine's order."""

    def __init__(self, context: NodeContext, done: Handover[SegmentedFrame]) -> None:
        """Start."""
        self._context = context
        self._done = done
        self._worker = Worker("publish", self._step, context.on_thread_error("publish"))

    def stop(self) -> None:
        """Publish what the engine has still said; it says nothing more."""
        left = self._done.close()
        self._worker.stop()
        for segmented in left:
            self._publish(segmented)

    def _step(self) -> None:
        segmented = self._done.take(TAKE_TIMEOUT_S)
        if segmented is not None:
            self._publish(segmented)

    def _publish(self, segmented: SegmentedFrame) -> None:
        context, handle = self._context, segmented.received.handle
        label_map = segmented.label_map
        with context.accounted(handle):
            with context.latencies.measure("publish", handle.stream):
                now_ns = context.clock.now_ns()
                context.outputs.publish_label_map(label_map, segmented.image, now_ns)
            context.published(handle, label_map.stamp_ns)
