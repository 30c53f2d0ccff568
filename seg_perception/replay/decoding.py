"""Messages of a bag to frames and clouds."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import SegPerceptionError
from seg_perception.core.types import Calibration, CameraFrame, PointCloud, clean_frame_id
from seg_perception.io.bag_message import BagMessage
from seg_perception.io.bit_depth import Pixels
from seg_perception.io.clouds import decode_points
from seg_perception.io.messages import header_of, stamp_to_ns
from seg_perception.io.still_images import FullDecoder, StillDecoder
from seg_perception.io.video import Decoded, VideoDecoder
from seg_perception.io.video_packets import is_video, read_packet


def make_frame(
    camera: str, message: BagMessage, image: NDArray[np.uint8], calibration: Calibration | None
) -> CameraFrame:
    """The frame of a message whose pixels, uint8 (H, W, 3), RGB, are decoded."""
    header = header_of(message.message)
    return CameraFrame(
        camera=camera,
        image=image,
        stamp_ns=stamp_to_ns(header.stamp),
        frame_id=clean_frame_id(header.frame_id),
        calibration=calibration,
    )


def read_cloud(message: BagMessage) -> PointCloud:
    """The cloud of a message.

    Raises:
        CloudError: it can't be decoded.
        BagError: its bytes do not fit its type.
    """
    return decode_points(message.message)


def decode_still(message: BagMessage) -> Pixels:
    """RGB pixels, uint8 or uint16 (H, W, 3), of a message that is an image by itself.

    Raises:
        ImageError: it can't be decoded.
        BagError: its bytes do not fit its type.
    """
    return FullDecoder().decode(message.message)


class ImageDecoder:
    """The images of a bag, whose messages come in their order.

    A packet of a video stream may give no picture, or the picture of a message before it.
    """

    def __init__(self, stills: StillDecoder | None = None) -> None:
        """Start before the first message; `stills` decodes single images, by default in full."""
        self._stills = stills or FullDecoder()
        self._streams: defaultdict[str, VideoDecoder[BagMessage]] = defaultdict(VideoDecoder)

    def decode_ahead(self, message: BagMessage, *, is_image: bool = True) -> None:
        """Decode a message, and the pixels of a camera's image, before they are asked for.

        What can't be decoded is left: whoever asks for it meets the error.
        """
        if is_image:
            message.decoded = self._decode(message)
            return
        with suppress(SegPerceptionError):
            _ = message.message

    def take(self, message: BagMessage) -> list[Decoded[BagMessage]]:
        """What is known by an image message, decoded ahead or now."""
        decoded: list[Decoded[BagMessage]] | None = message.decoded
        # A stream's message tells of those before it: kept, each would keep all of them.
        message.decoded = None
        return self._decode(message) if decoded is None else decoded

    def finish(self) -> list[Decoded[BagMessage]]:
        """What streams still hold at the end of the bag."""
        return [decoded for stream in self._streams.values() for decoded in stream.finish()]

    def _decode(self, message: BagMessage) -> list[Decoded[BagMessage]]:
        try:
            if is_video(message.message):
                return self._streams[message.topic].feed(read_packet(message.message), message)
            return [Decoded(message, self._stills.decode(message.message), None)]
        except SegPerceptionError as error:
            return [Decoded(message, None, error)]
