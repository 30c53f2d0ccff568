"""Images to label maps."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial

from seg_perception.core.drop_reasons import SHUTDOWN, SUPERSEDED
from seg_perception.core.types import CameraFrame
from seg_perception.inference.look_ahead import LookAhead
from seg_perception.inference.scheduler import FrameTurns
from seg_perception.inference.segmenter import Segmenter
from seg_perception.io.messages import header_of, stamp_to_ns
from seg_perception.io.still_images import make_decoder
from seg_perception.io.video_packets import is_video
from seg_perception.outputs.topics import image_topics
from seg_perception.ros.image_stages import (
    AnsweredFrame,
    Decoding,
    Inference,
    Publishing,
    TakeSegmented,
    Turns,
)
from seg_perception.ros.inputs import CameraInput, StreamInput
from seg_perception.ros.node_context import NodeContext
from seg_perception.ros.video_input import VideoInput
from seg_perception.ros.workers import Handover, ReceivedMessage

# Answers that may wait to be published; the engine waits for the next place.
_UNPUBLISHED = 2
# No more than these: a cloud and an image in work at a time hold each other up.
_FEW_PROCESSORS = 2


class ImageSegmentation:
    """Images to label maps: the newest of each camera, through stages that work side by side."""

    def __init__(
        self, context: NodeContext, segmenter: Segmenter, take: TakeSegmented | None = None
    ) -> None:
        """Start.

        Args:
            context: of this activation.
            segmenter: asks the network.
            take: gets what the network said; None: `Perception.take_segmented`.
        """
        self._context = context
        self._segmenter = segmenter
        cameras = context.config.cameras
        threads = decoding_threads(len(cameras))
        self._turns: Turns = FrameTurns({n: c.weight for n, c in cameras.items()}, threads + 1)
        if is_short_of_processors():
            context.urgent = self._turns.paused
        context.outputs.advertise(image_topics(context.config))
        self._videos = {
            name: VideoInput(context, name, partial(self._lost, name), self._put_image)
            for name in cameras
        }
        # The first images may come while later cameras are subscribed.
        self._inputs: dict[str, CameraInput] = {}
        stills = make_decoder(segmenter.least_size)
        for name, camera in cameras.items():
            self._inputs[name] = CameraInput(context, name, camera, self._put, stills)
        context.on_change.append(self._reconfigure)
        done: Handover[AnsweredFrame] = Handover(_UNPUBLISHED)
        ahead = LookAhead(threads + 1)
        self._decoding = Decoding(context, segmenter, self._turns, self._decode, threads, ahead)
        ready = self._decoding.ready
        self._inference = Inference(context, segmenter, self._turns, ready, done, ahead)
        take = take or context.perception.take_segmented
        self._publishing = Publishing(context, segmenter, done, take)

    @property
    def streams(self) -> Sequence[StreamInput]:
        """The image streams."""
        return [source.images for source in self._inputs.values()]

    def adapt(self) -> None:
        """Follow type and quality of service of the images."""
        for source in self._inputs.values():
            source.adapt()

    def stop(self) -> None:
        """Unsubscribe, publish the frame that is being segmented, drop those that wait."""
        for source in self._inputs.values():
            source.close()
        for video in self._videos.values():
            video.stop()
        for received in self._turns.close():
            received.handle.drop(SHUTDOWN)
        self._decoding.stop()
        self._inference.stop()
        self._publishing.stop()

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
        self._context.perception.expect_label_map(received.name, stamp_ns, received.handle)
        replaced = self._turns.put(received.name, received)
        if replaced is not None:
            replaced.handle.drop(SHUTDOWN if replaced is received else SUPERSEDED)

    def _reconfigure(self) -> None:
        self._segmenter.set_min_confidence(self._context.config.segmentation.min_confidence)

    def _decode(self, received: ReceivedMessage) -> CameraFrame:
        decode = self._inputs[received.name].decode
        if received.image is not None:
            return decode(received)
        with self._context.latencies.measure("decode", received.handle.stream):
            return decode(received)


def decoding_threads(cameras: int) -> int:
    """One for each camera, while a core of the processor stays free for the clouds."""
    return max(1, min(cameras, _processors() - 1))


def is_short_of_processors() -> bool:
    """Whether images have to give way to clouds that are in work."""
    return _processors() <= _FEW_PROCESSORS


def _processors() -> int:
    return len(os.sched_getaffinity(0))
