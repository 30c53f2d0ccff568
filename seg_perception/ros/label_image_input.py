"""Label images that another machine made."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from seg_perception.core.types import LabelMap, clean_frame_id
from seg_perception.io.images import decode_label_image
from seg_perception.io.messages import CompressedImage, Image, stamp_to_ns
from seg_perception.outputs.topics import CameraTopics
from seg_perception.ros.cloud_labelling import MessageHandler
from seg_perception.ros.inputs import CameraInfoSubscriber, StreamInput
from seg_perception.ros.node_context import NodeContext
from seg_perception.ros.workers import ReceivedMessage


class LabelImageInput:
    """Label images that another machine made; the thread of the clouds takes them in."""

    def __init__(self, context: NodeContext) -> None:
        """Subscribe label images and their camera_info."""
        self._context = context
        self._camera_infos: dict[str, CameraInfoSubscriber] = {}
        self._streams: dict[str, StreamInput] = {}
        for name, camera in context.config.cameras.items():
            topics = CameraTopics.of(camera)
            self._camera_infos[name] = CameraInfoSubscriber(
                context, name, topics.camera_info, context.sensors.take_label_camera_info
            )
            self._streams[name] = StreamInput(context, "camera", name, context.inbox.put)
            if context.config.output.png:
                self._streams[name].listen(CompressedImage.type_name, topics.label_image_png)
            else:
                self._streams[name].listen(Image.type_name, topics.label_image)

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
        """Unsubscribe."""
        for name, source in self._streams.items():
            source.close()
            self._camera_infos[name].close()

    @property
    def handlers(self) -> dict[str, MessageHandler]:
        """Who takes in the label images of each stream."""
        return {source.stream: self._add_label_image for source in self._streams.values()}

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
        context.published(received.handle, stamp_ns)
