"""The clouds of one kind of sensor on a thread of their own."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager

from seg_perception.io.clouds import decode_points
from seg_perception.io.messages import header_of, stamp_to_ns
from seg_perception.pipeline.perception import LabelledCloud
from seg_perception.ros.latencies import GAP
from seg_perception.ros.node_context import NodeContext
from seg_perception.ros.workers import Inbox, ReceivedMessage, Worker

# How often clouds are looked for whose wait is over; and, while none waits, whether to go on.
_COLLECT_S, _IDLE_S = 0.02, 0.2


class CloudThread:
    """Decodes, labels and publishes clouds one by one, the next deadline first.

    Attributes:
        inbox: where the messages of its sensors go.
    """

    def __init__(
        self,
        context: NodeContext,
        name: str,
        sensors: Collection[str],
        in_work: Callable[[], AbstractContextManager[None]],
    ) -> None:
        """Start.

        Args:
            context: of this activation.
            name: of the thread.
            sensors: whose clouds no other thread takes.
            in_work: a cloud is labelled and published within it.
        """
        self._context = context
        self._in_work = in_work
        self._sensors = tuple(sensors)
        self.inbox = Inbox(context.config.synchronizer.queue_size)
        context.on_news.append(self.inbox.notify)
        self._worker = Worker(name, self._step, context.on_thread_error(name))

    def stop(self) -> None:
        """Finish the cloud in work, drop those that nobody looked at yet."""
        self._worker.stop()
        self.inbox.close()

    def _step(self) -> None:
        """Label what can be, else prepare what waits; wait only where there is nothing to do."""
        self._take_in(self._patience_s())
        while self._publish_next() or self._context.perception.look_ahead(self._sensors):
            self._take_in(0)

    def _publish_next(self) -> bool:
        """Label and publish a cloud; whether there was one."""
        with self._in_work():
            labelled = self._label_next()
            if labelled is None:
                return False
            with self._context.accounted(labelled.handle):
                self._publish(labelled)
        return True

    def _patience_s(self) -> float:
        waits = self._context.perception.has_waiting(self._sensors)
        return _COLLECT_S if waits else _IDLE_S

    def _take_in(self, patience_s: float) -> None:
        for received in self.inbox.take_all(patience_s):
            with self._context.accounted(received.handle):
                self._add(received)

    def _add(self, received: ReceivedMessage) -> None:
        context, handle = self._context, received.handle
        stamp_ns = stamp_to_ns(header_of(received.message).stamp)
        if refusal := context.perception.rate_limiter.refuses_cloud(received.name, stamp_ns):
            handle.drop(refusal)
            return
        with context.latencies.measure("decode", handle.stream):
            cloud = decode_points(received.message)
        context.observe(handle.stream, cloud.frame_id, cloud.stamp_ns)
        context.perception.add_cloud(received.name, cloud, handle, context.clock.now_ns())

    def _label_next(self) -> LabelledCloud | None:
        context, start = self._context, time.perf_counter()
        labelled = context.perception.label_next(self._sensors, context.clock.now_ns())
        if labelled is not None:
            stream = labelled.handle.stream
            context.latencies.add_wait(labelled.handle, start)
            context.latencies.add("transfer", stream, time.perf_counter() - start)
            for gap_s in labelled.semantic.gaps_s:
                context.latencies.add(GAP, stream, gap_s)
        return labelled

    def _publish(self, labelled: LabelledCloud) -> None:
        semantic, handle = labelled.semantic, labelled.handle
        with self._context.latencies.measure("publish", handle.stream):
            self._context.outputs.publish_cloud(semantic, self._context.clock.now_ns())
        self._context.published(handle, semantic.cloud.stamp_ns)
