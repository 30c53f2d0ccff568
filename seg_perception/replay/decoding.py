"""Messages of a bag to frames and clouds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seg_perception.config.input_topics import IMAGE_TYPES
from seg_perception.core.errors import SegPerceptionError
from seg_perception.core.types import Calibration, CameraFrame, PointCloud, clean_frame_id
from seg_perception.io.bag_message import BagMessage
from seg_perception.io.clouds import decode_points
from seg_perception.io.images import decode_compressed_image, decode_image
from seg_perception.io.messages import CompressedImage, stamp_to_ns


def read_frame(camera: str, message: BagMessage, calibration: Calibration | None) -> CameraFrame:
    """The image of a raw or compressed message, decoded ahead or now.

    Raises:
        ImageError: it can't be decoded.
        BagError: its bytes do not fit its type.
    """
    header = message.message.header
    return CameraFrame(
        camera=camera,
        image=_pixels(message) if message.decoded is None else message.decoded,
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


def decode_ahead(message: BagMessage) -> None:
    """Decode a message, and the pixels of an image, before they are asked for.

    What can't be decoded is left: whoever asks for it meets the error.
    """
    try:
        if message.type in IMAGE_TYPES:
            message.decoded = _pixels(message)
        else:
            _ = message.message
    except SegPerceptionError:
        message.decoded = None


def _pixels(message: BagMessage) -> NDArray[np.uint8]:
    if message.type == CompressedImage.type_name:
        return decode_compressed_image(message.message)
    return decode_image(message.message)
