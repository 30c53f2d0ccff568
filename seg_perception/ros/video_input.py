"""The video stream of one camera: every packet is decoded in its order, beside the inference."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from seg_perception.core.drop_reasons import DECODER_BUSY, SHUTDOWN
from seg_perception.io.video import Decoded, VideoDecoder
from seg_perception.io.video_packets import read_packet
from seg_perception.ros.node_context import NodeContext
from seg_perception.ros.workers import ReceivedMessage, Worker

_TAKE_TIMEOUT_S = 0.2
# A second at 30 Hz: what lags farther behind is given up until the next key frame.
_MOST_WAITING = 30


class VideoInput:
    """Takes packets, and delivers those whose pictures are decoded with these.

    No packet is left out for a newer one, since the newer ones are made from it.
    """

    def __init__(
        self,
        context: NodeContext,
        name: str,
        lost: Callable[[], int],
        deliver: Callable[[ReceivedMessage], None],
    ) -> None:
        """Wait for the first packet; it starts the thread.

        Args:
            context: of this activation.
            name: of the camera.
            lost: counts messages that were sent and never came.
            deliver: called on the thread, in the order of the packets.
        """
        self._context = context
        self._name = name
        self._lost = lost
        self._lost_before = 0
        self._deliver = deliver
        self._decoder: VideoDecoder[ReceivedMessage] = VideoDecoder()
        self._changed = threading.Condition()
        # With each whether others are missing before it.
        self._waiting: deque[tuple[ReceivedMessage, bool]] = deque()
        self._worker: Worker | None = None
        self._closed = False

    def put(self, received: ReceivedMessage) -> None:
        """Take the next packet; where the decoder can't keep up, those that wait are dropped."""
        lost = self._lost()
        with self._changed:
            if self._closed:
                received.handle.drop(SHUTDOWN)
                return
            is_full = len(self._waiting) >= _MOST_WAITING
            given_up = self._take_all() if is_full else []
            self._waiting.append((received, is_full or lost != self._lost_before))
            self._lost_before = lost
            self._start()
            self._changed.notify()
        for late in given_up:
            late.handle.drop(DECODER_BUSY)

    def stop(self) -> None:
        """End the thread, and drop what waits and what the decoder holds."""
        with self._changed:
            self._closed = True
            waiting = self._take_all()
            self._changed.notify()
        if self._worker is not None:
            self._worker.stop()
        held = [decoded.tag for decoded in self._decoder.finish()]
        for received in [*held, *waiting]:
            received.handle.drop(SHUTDOWN)

    def _start(self) -> None:
        if self._worker is None:
            name = f"video {self._name}"
            self._worker = Worker(name, self._step, self._context.on_thread_error(name))

    def _take_all(self) -> list[ReceivedMessage]:
        waiting = [received for received, _ in self._waiting]
        self._waiting.clear()
        return waiting

    def _step(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed, _TAKE_TIMEOUT_S)
            if not self._waiting:
                return
            received, is_gap = self._waiting.popleft()
        for decoded in self._decode(received, is_gap=is_gap):
            with self._context.accounted(decoded.tag.handle):
                self._deliver(replace(decoded.tag, image=decoded.pixels()))

    def _decode(self, received: ReceivedMessage, *, is_gap: bool) -> list[Decoded[ReceivedMessage]]:
        context, handle = self._context, received.handle
        if refusal := context.perception.rate_limiter.refuses_packet(self._name):
            handle.drop(refusal)
            return self._decoder.finish()
        if is_gap:
            self._decoder.lose()
        found: list[Decoded[ReceivedMessage]] = []
        with context.accounted(handle), context.latencies.measure("decode", handle.stream):
            found += self._decoder.feed(read_packet(received.message), received)
        return found
