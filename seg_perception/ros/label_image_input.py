"""Label images that another machine made, on a thread of their own."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from seg_perception.core.types import LabelMap, clean_frame_id
from seg_perception.io.images import decode_label_image
from seg_perception.io.messages import CompressedImage, Image, stamp_to_ns
from seg_perception.outputs.topics import CameraTopics
from seg_perception.ros.inputs import CameraInfoSubscriber, StreamInput
from seg_perception.ros.node_context import NodeContext
from seg_perception.ros.workers import Inbox, ReceivedMessage, Worker

_TAKE_TIMEOUT_S = 0.2


class LabelImageInput:
    """Label images that another machine made, for the clouds."""

    def __init__(self, context: NodeContext) -> None:
        """Subscribe label images and their camera_info."""
        self._context = context
        self._inbox = Inbox(context.config.synchronizer.queue_size)
        self._camera_infos: dict[str, CameraInfoSubscriber] = {}
        self._streams: dict[str, StreamInput] = {}
        for name, camera in context.config.cameras.items():
            topics = CameraTopics.of(camera)
            self._camera_infos[name] = CameraInfoSubscriber(
                context, name, topics.camera_info, context.sensors.take_label_camera_info
            )
            context.sensors.expect_camera_info(name, self._camera_infos[name].topic)
            self._streams[name] = StreamInput(context, "camera", name, self._inbox.put)
            if context.config.output.png:
                self._streams[name].listen(CompressedImage.type_name, topics.label_image_png)
            else:
                self._streams[name].listen(Image.type_name, topics.label_image)
        self._worker = Worker("labels", self._step, context.on_thread_error("labels"))

    @property
    def streams(self) -> Sequence[StreamInput]:
        """The label streams."""
        return list(self._streams.values())

    def adapt(self) -> None:
        """Follow what the publishers offer."""
        for name, source in self._streams.items():
            source.adapt()
            self._camera_infos[name].adapt()

    def stop(self) -> None:
        """Unsubscribe, finish the label image in work, drop those that wait."""
        for name, source in self._streams.items():
            source.close()
            self._camera_infos[name].close()
        self._worker.stop()
        self._inbox.close()

    def _step(self) -> None:
        for received in self._inbox.take_all(_TAKE_TIMEOUT_S):
            with self._context.accounted(received.handle):
                self._add_label_image(received)

    def _add_label_image(self, received: ReceivedMessage) -> None:
        context, header = self._context, received.message.header
        stamp_ns, frame_id = stamp_to_ns(header.stamp), clean_frame_id(header.frame_id)
        context.observe(received.handle.stream, frame_id, stamp_ns)
        context.latencies.add_wait(received.handle, time.perf_counter())
        with context.latencies.measure("decode", received.handle.stream):
            labels = decode_label_image(received.message)
        known = labels != context.ontology.unknown_id
        context.perception.add_label_map(
            LabelMap(
                camera=received.name,
                labels=labels,
                confidence=np.where(known, np.uint8(255), np.uint8(0)),
                stamp_ns=stamp_ns,
                frame_id=frame_id,
                calibration=context.sensors.label_calibration(received.name),
            )
        )
        context.tell_clouds()
        context.published(received.handle, stamp_ns)
