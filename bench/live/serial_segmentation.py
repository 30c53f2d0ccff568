"""Images to label maps on one thread, as the node did it before its stages: the baseline."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

from seg_perception.core.drop_reasons import SHUTDOWN, SUPERSEDED
from seg_perception.core.types import CameraFrame
from seg_perception.inference.scheduler import FrameSlots
from seg_perception.inference.segmenter import Segmenter
from seg_perception.io.messages import header_of, stamp_to_ns
from seg_perception.io.still_images import FullDecoder
from seg_perception.io.video_packets import is_video
from seg_perception.outputs.topics import image_topics
from seg_perception.ros.inputs import CameraInput, StreamInput
from seg_perception.ros.node_context import NodeContext
from seg_perception.ros.video_input import VideoInput
from seg_perception.ros.workers import ReceivedMessage, Worker

TAKE_TIMEOUT_S = 0.2


class SerialSegmentation:
    """The newest frame of each camera: decoded, segmented and published, then the next."""

    def __init__(self, context: NodeContext, segmenter: Segmenter) -> None:
        """Start."""
        self._context = context
        self._segmenter = segmenter
        cameras = context.config.cameras
        self._slots: FrameSlots[ReceivedMessage] = FrameSlots(
            {n: c.weight for n, c in cameras.items()}
        )
        context.outputs.advertise(image_topics(context.config))
        self._videos = {
            name: VideoInput(context, name, partial(self._lost, name), self._put_image)
            for name in cameras
        }
        # The first images may come while later cameras are subscribed.
        self._inputs: dict[str, CameraInput] = {}
        for name, camera in cameras.items():
            self._inputs[name] = CameraInput(context, name, camera, self._put, FullDecoder())
        context.on_change.append(self._reconfigure)
        self._worker = Worker("inference", self._step, context.on_thread_error("inference"))

    @property
    def streams(self) -> Sequence[StreamInput]:
        """The image streams."""
        return [source.images for source in self._inputs.values()]

    def adapt(self) -> None:
        """Follow type and quality of service of the images."""
        for source in self._inputs.values():
            source.adapt()

    def stop(self) -> None:
        """Unsubscribe, finish the frame that is being segmented, drop those that wait."""
        for source in self._inputs.values():
            source.close()
        for video in self._videos.values():
            video.stop()
        for received in self._slots.close():
            received.handle.drop(SHUTDOWN)
        self._worker.stop()

    def _put(self, received: ReceivedMessage) -> None:
        """Take a message; a packet of a video waits for no engine, but for its picture."""
        if is_video(received.message):
            self._videos[received.name].put(received)
        else:
            self._put_image(received)

    def _lost(self, camera: str) -> int:
        """Messages of a camera that were sent and never came."""
        return self._inputs[camera].images.lost if camera in self._inputs else 0

    def _put_image(self, received: ReceivedMessage) -> None:
        stamp_ns = stamp_to_ns(header_of(received.message).stamp)
        refusal = self._context.perception.rate_limiter.refuses_image(received.name, stamp_ns)
        if refusal:
            received.handle.drop(refusal)
            return
        replaced = self._slots.put(received.name, received)
        if replaced is not None:
            replaced.handle.drop(SHUTDOWN if replaced is received else SUPERSEDED)

    def _reconfigure(self) -> None:
        self._segmenter.set_min_confidence(self._context.config.segmentation.min_confidence)

    def _step(self) -> None:
        received = self._slots.take(TAKE_TIMEOUT_S)
        if received is not None:
            with self._context.accounted(received.handle):
                self._segment(received)

    def _decode(self, received: ReceivedMessage) -> CameraFrame:
        if received.image is not None:
            return self._inputs[received.name].decode(received)
        with self._context.latencies.measure("decode", received.handle.stream):
            return self._inputs[received.name].decode(received)

    def _segment(self, received: ReceivedMessage) -> None:
        context, stream = self._context, received.handle.stream
        context.latencies.add_wait(received.handle, time.perf_counter())
        frame = self._decode(received)
        context.observe(stream, frame.frame_id, frame.stamp_ns)
        with context.latencies.measure("segment", stream):
            label_map = context.perception.segment(frame, self._segmenter)
        context.tell_clouds()
        with context.latencies.measure("publish", stream):
            context.outputs.publish_label_map(label_map, frame.image, context.clock.now_ns())
        context.published(received.handle, frame.stamp_ns)
