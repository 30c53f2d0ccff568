"""The stages of an image: decoded by several threads, inferred by one, published by another.

Each camera has one image between its slot and the engine, so that nothing overtakes and what is
decoded is the newest; behind the engine everything goes on in the engine's order. The thread of
the engine does nothing else: whatever it did, the engine would wait for.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from seg_perception.core.drop_reasons import SHUTDOWN
from seg_perception.core.types import CameraFrame, LabelMap
from seg_perception.inference.look_ahead import LookAhead
from seg_perception.inference.scheduler import FrameTurns
from seg_perception.inference.segmenter import Answer, PreparedFrame, Segmenter
from seg_perception.ros.latencies import READY
from seg_perception.ros.node_context import NodeContext
from seg_perception.ros.workers import Handover, ReceivedMessage, Worker

TAKE_TIMEOUT_S = 0.2
# Clouds first: of images there are more than the engine takes, and a newer one comes at once.
_NICENESS = 5

Turns = FrameTurns[ReceivedMessage]
# Of a label map, the generation of its image and the image, the label map to be published.
TakeSegmented = Callable[[LabelMap, int, CameraFrame], LabelMap]


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
class AnsweredFrame:
    """An image of which the network has spoken.

    Attributes:
        ready: the image.
        answer: what the network said.
    """

    ready: ReadyFrame
    answer: Answer


class Decoding:
    """From messages to pictures for the network, on as many threads as there may be."""

    def __init__(
        self,
        context: NodeContext,
        segmenter: Segmenter,
        turns: Turns,
        decode: Callable[[ReceivedMessage], CameraFrame],
        threads: int,
        ahead: LookAhead,
    ) -> None:
        """Start.

        Args:
            context: of this activation.
            segmenter: prepares the pictures.
            turns: whose image is next; gets a turn back where an image came to nothing.
            decode: makes a frame of a message.
            threads: how many.
            ahead: told how long an image takes.
        """
        self._context = context
        self._ahead = ahead
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
        start_s = time.perf_counter()
        context.latencies.add_wait(received.handle, start_s)
        frame = self._decode(received)
        generation = context.observe(stream, frame.frame_id, frame.stamp_ns)
        with context.latencies.measure("prepare", stream):
            prepared = self._segmenter.prepare(frame)
        ready_s = time.perf_counter()
        self._ahead.made_ready(ready_s - start_s)
        return ReadyFrame(received, prepared, generation, ready_s)


class Inference:
    """One image after the other through the engine."""

    def __init__(
        self,
        context: NodeContext,
        segmenter: Segmenter,
        turns: Turns,
        ready: Handover[ReadyFrame],
        done: Handover[AnsweredFrame],
        ahead: LookAhead,
    ) -> None:
        """Start; a turn is over when the engine takes its image, `ahead` says what follows."""
        self._context = context
        self._segmenter = segmenter
        self._turns = turns
        self._ready = ready
        self._done = done
        self._ahead = ahead
        self._worker = Worker("inference", self._step, context.on_thread_error("inference"))

    def stop(self) -> None:
        """Finish the image that is being segmented."""
        self._worker.stop()

    def _step(self) -> None:
        ready = self._ready.take(TAKE_TIMEOUT_S)
        if ready is None:
            return
        self._turns.bring_back(ready.received.name, self._ahead.images)
        with self._context.accounted(ready.received.handle):
            self._done.put(AnsweredFrame(ready, self._infer(ready)))

    def _infer(self, ready: ReadyFrame) -> Answer:
        latencies, stream = self._context.latencies, ready.received.handle.stream
        start_s = time.perf_counter()
        answer = self._segmenter.infer(ready.prepared)
        duration_s = time.perf_counter() - start_s
        self._ahead.inferred(duration_s)
        latencies.add(READY, stream, start_s - ready.since_s)
        latencies.add("segment", stream, duration_s)
        return answer


class Publishing:
    """Label maps of what the engine says: for the clouds, and into the graph, in its order."""

    def __init__(
        self,
        context: NodeContext,
        segmenter: Segmenter,
        done: Handover[AnsweredFrame],
        take: TakeSegmented,
    ) -> None:
        """Start; `take` gets every label map, and says what of it is published."""
        self._context = context
        self._segmenter = segmenter
        self._done = done
        self._take = take
        self._worker = Worker("publish", self._step, context.on_thread_error("publish"))

    def stop(self) -> None:
        """Publish what the engine has still said; it says nothing more."""
        left = self._done.close()
        self._worker.stop()
        for answered in left:
            self._publish(answered)

    def _step(self) -> None:
        answered = self._done.take(TAKE_TIMEOUT_S)
        if answered is not None:
            self._publish(answered)

    def _publish(self, answered: AnsweredFrame) -> None:
        context, handle = self._context, answered.ready.received.handle
        with context.accounted(handle):
            label_map = self._finish(answered)
            context.tell_clouds()
            with context.latencies.measure("publish", handle.stream):
                now_ns = context.clock.now_ns()
                image = answered.ready.prepared.frame.image
                context.outputs.publish_label_map(label_map, image, now_ns)
            context.published(handle, label_map.stamp_ns)

    def _finish(self, answered: AnsweredFrame) -> LabelMap:
        context, ready = self._context, answered.ready
        frame = ready.prepared.frame
        with context.latencies.measure("finish", ready.received.handle.stream):
            segmented = self._segmenter.finish(frame, answered.answer)
            return self._take(segmented, ready.generation, frame)
