"""All clouds and the map on one thread, as the node did it before: the baseline."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from seg_perception.io.clouds import decode_points
from seg_perception.io.messages import PointCloud2, header_of, stamp_to_ns
from seg_perception.outputs.topics import cloud_topics
from seg_perception.pipeline.perception import LabelledCloud
from seg_perception.pipeline.semantic_mapper import SemanticMapper
from seg_perception.ros.inputs import StreamInput
from seg_perception.ros.latencies import GAP
from seg_perception.ros.node_context import NodeContext
from seg_perception.ros.transform_listener import TransformListener
from seg_perception.ros.workers import Inbox, ReceivedMessage, Worker

# Clouds whose wait is over are looked for this often while nothing arrives.
COLLECT_S = 0.02


class SerialClouds:
    """First in, first out, and every cloud that is ready before the first is published."""

    def __init__(self, context: NodeContext) -> None:
        """Start."""
        self._context = context
        self._inbox = Inbox(context.config.synchronizer.queue_size)
        context.on_news.append(self._inbox.notify)
        self._sensors: dict[str, Any] = {**context.config.lidars, **context.config.radars}
        context.outputs.advertise(cloud_topics(context.config))
        self._transforms = TransformListener(
            context.node,
            context.sensors.transforms,
            self._inbox.notify,
            context.config.transforms.odometry_topic,
            context.on_thread_error("tf"),
        )
        self._streams = [self._listen("lidar", name) for name in context.config.lidars]
        self._streams += [self._listen("radar", name) for name in context.config.radars]
        self._worker = Worker("clouds", self._step, context.on_thread_error("clouds"))

    @property
    def streams(self) -> Sequence[StreamInput]:
        """The clouds' streams."""
        return self._streams

    def adapt(self) -> None:
        """Follow what the publishers offer."""
        for source in self._streams:
            source.adapt()

    def stop(self) -> None:
        """Unsubscribe, finish the clouds in work, drop those that wait."""
        for source in self._streams:
            source.close()
        self._worker.stop()
        self._transforms.close()
        self._inbox.close()
        self._context.perception.close()

    def _listen(self, kind: str, name: str) -> StreamInput:
        source = StreamInput(self._context, kind, name, self._inbox.put)
        source.listen(PointCloud2.type_name, self._sensors[name].topic)
        return source

    def _step(self) -> None:
        for received in self._inbox.take_all(COLLECT_S):
            with self._context.accounted(received.handle):
                self._add_cloud(received)
        for cloud in self._collect():
            with self._context.accounted(cloud.handle):
                self._publish(cloud)
        for mapper in self._context.perception.mappers:
            self._publish_map(mapper)

    def _collect(self) -> list[LabelledCloud]:
        start = time.perf_counter()
        labelled = self._context.perception.collect(self._context.clock.now_ns())
        share_s = (time.perf_counter() - start) / max(len(labelled), 1)
        for cloud in labelled:
            self._add_latencies(cloud, start, share_s)
        return labelled

    def _add_latencies(self, cloud: LabelledCloud, start_s: float, transfer_s: float) -> None:
        latencies, handle = self._context.latencies, cloud.handle
        latencies.add_wait(handle, start_s)
        latencies.add("transfer", handle.stream, transfer_s)
        for gap_s in cloud.semantic.gaps_s:
            latencies.add(GAP, handle.stream, gap_s)

    def _add_cloud(self, received: ReceivedMessage) -> None:
        context, handle = self._context, received.handle
        stamp_ns = stamp_to_ns(header_of(received.message).stamp)
        if refusal := context.perception.rate_limiter.refuses_cloud(received.name, stamp_ns):
            handle.drop(refusal)
            return
        with context.latencies.measure("decode", handle.stream):
            cloud = decode_points(received.message)
        context.observe(handle.stream, cloud.frame_id, cloud.stamp_ns)
        context.perception.add_cloud(received.name, cloud, handle, context.clock.now_ns())

    def _publish(self, labelled: LabelledCloud) -> None:
        semantic, handle = labelled.semantic, labelled.handle
        with self._context.latencies.measure("publish", handle.stream):
            self._context.outputs.publish_cloud(semantic, self._context.clock.now_ns())
        self._context.published(handle, semantic.cloud.stamp_ns)

    def _publish_map(self, mapper: SemanticMapper) -> None:
        """Publish the map in real time: the node's clock stands still with a bag that is paused."""
        start = time.perf_counter()
        if self._context.outputs.publish_map(mapper, time.monotonic_ns()):
            self._context.latencies.add("publish", "map", time.perf_counter() - start)
