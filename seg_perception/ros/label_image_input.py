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

    def __init__(self, runtime: NodeContext) -> None:
        """Subscribe label images and their camera_info."""
        self._runtime = runtime
        self._lenses: dict[str, CameraInfoSubscriber] = {}
        self._streams: dict[str, StreamInput] = {}
        for name, camera in runtime.config.cameras.items():
            topics = CameraTopics.of(camera)
            self._lenses[name] = CameraInfoSubscriber(runtime, name, topics.camera_info)
            self._streams[name] = StreamInput(runtime, "camera", name, runtime.inbox.put)
            if runtime.config.output.png:
                self._streams[name].listen(CompressedImage.type_name, topics.label_image_png)
            else:
                self._streams[name].listen(Image.type_name, topics.label_image)

    @property
    def streams(self) -> Sequence[StreamInput]:
        """The label streams."""
        return list(self._streams.values())

    def problems(self) -> list[str]:
        """Label images that can't be heard, or have no lens."""
        return [
            f"{self._streams[name].stream}: {text}"
            for name in self._streams
            for text in (self._streams[name].problem, self._lenses[name].problem)
            if text
        ]

    def adapt(self) -> None:
        """Follow what the publishers offer."""
        for name, source in self._streams.items():
            source.adapt()
            self._lenses[name].adapt()

    def stop(self) -> None:
        """Unsubscribe."""
        for name, source in self._streams.items():
            source.close()
            self._lenses[name].close()

    @property
    def handlers(self) -> dict[str, MessageHandler]:
        """Who takes in the label images of each stream."""
        return {source.stream: self._take_in for source in self._streams.values()}

    def _take_in(self, arrival: ReceivedMessage) -> None:
        runtime, header = self._runtime, arrival.message.header
        stamp_ns, frame_id = stamp_to_ns(header.stamp), clean_frame_id(header.frame_id)
        runtime.observe(arrival.handle.stream, frame_id, stamp_ns)
        runtime.latencies.add_wait(arrival.handle, time.perf_counter())
        with runtime.latencies.measure("decode", arrival.handle.stream):
            labels = decode_label_image(arrival.message)
        known = labels != runtime.ontology.unknown_id
        runtime.perception.add_label_map(
            LabelMap(
                camera=arrival.name,
                labels=labels,
                confidence=np.where(known, np.uint8(255), np.uint8(0)),
                stamp_ns=stamp_ns,
                frame_id=frame_id,
                calibration=self._lenses[arrival.name].calibration,
            )
        )
        runtime.published(arrival.handle, stamp_ns)
