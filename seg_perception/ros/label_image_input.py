"""Label images that another process made, with their confidence, on a thread of their own."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.drop_reasons import SHUTDOWN
from seg_perception.core.types import LabelMap, clean_frame_id
from seg_perception.io.images import decode_label_image
from seg_perception.io.messages import CompressedImage, Image, stamp_to_ns
from seg_perception.outputs.topics import CameraTopics
from seg_perception.ros.confidence_input import PATIENCE_S, ConfidenceInput, certain
from seg_perception.ros.inputs import CameraInfoSubscriber, StreamInput
from seg_perception.ros.node_context import NodeContext
from seg_perception.ros.workers import Inbox, ReceivedMessage, Worker

_TAKE_TIMEOUT_S = 0.2


class LabelImageInput:
    """Label images that another process made, for the clouds.

    Where they come raw their confidence does, too; PNG is for a network that has no room for it.
    """

    def __init__(self, context: NodeContext) -> None:
        """Subscribe label images, their camera_info and confidence."""
        self._context = context
        self._waiting: list[ReceivedMessage] = []
        self._confidences: dict[str, ConfidenceInput] = {}
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
                if context.config.output.confidence:
                    confidence = ConfidenceInput(context, camera, self._inbox.notify)
                    self._confidences[name] = confidence
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
        for confidence in self._confidences.values():
            confidence.adapt()

    def stop(self) -> None:
        """Unsubscribe, finish the label image in work, drop those that wait."""
        for name, source in self._streams.items():
            source.close()
            self._camera_infos[name].close()
        for confidence in self._confidences.values():
            confidence.close()
        self._worker.stop()
        self._inbox.close()
        for received in self._waiting:
            received.handle.drop(SHUTDOWN)

    def _step(self) -> None:
        patience_s = PATIENCE_S if self._waiting else _TAKE_TIMEOUT_S
        here = [*self._waiting, *self._inbox.take_all(patience_s)]
        self._waiting = [received for received in here if self._must_wait(received)]
        for received in here:
            if received not in self._waiting:
                with self._context.accounted(received.handle):
                    self._add_label_image(received)

    def _must_wait(self, received: ReceivedMessage) -> bool:
        confidence = self._confidences.get(received.name)
        return confidence is not None and confidence.is_awaited(received)

    def _add_label_image(self, received: ReceivedMessage) -> None:
        context, header = self._context, received.message.header
        stamp_ns, frame_id = stamp_to_ns(header.stamp), clean_frame_id(header.frame_id)
        context.observe(received.handle.stream, frame_id, stamp_ns)
        context.latencies.add_wait(received.handle, time.perf_counter())
        with context.latencies.measure("decode", received.handle.stream):
            labels = decode_label_image(received.message)
            confidence = self._confidence(received.name, stamp_ns, labels)
        context.perception.add_label_map(
            LabelMap(
                camera=received.name,
                labels=labels,
                confidence=confidence,
                stamp_ns=stamp_ns,
                frame_id=frame_id,
                calibration=context.sensors.label_calibration(received.name),
            )
        )
        context.tell_clouds()
        context.published(received.handle, stamp_ns)

    def _confidence(
        self, camera: str, stamp_ns: int, labels: NDArray[np.uint8] | NDArray[np.uint16]
    ) -> NDArray[np.uint8]:
        known = labels != self._context.ontology.unknown_id
        heard = self._confidences.get(camera)
        return certain(known) if heard is None else heard.of(stamp_ns, known)
