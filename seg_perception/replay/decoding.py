"""Messages of a bag to frames and clouds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from seg_perception.io.bag import BagMessage
from seg_perception.io.images import decode_compressed_image, decode_image
from seg_perception.io.messages import CompressedImage, stamp_to_ns
from seg_perception.io.pointcloud2 import decode_cloud
from seg_perception.types import Calibration, CameraFrame, PointCloud, clean_frame_id


def read_frame(camera: str, message: BagMessage, calibration: Calibration | None) -> CameraFrame:
    """The image of a raw or compressed message.

    Raises:
        ImageError: it can't be decoded.
        BagError: its bytes do not fit its type.
    """
    decode: Callable[[Any], Any] = (
        decode_compressed_image if message.type == CompressedImage.type_name else decode_image
    )
    header = message.message.header
    return CameraFrame(
        camera=camera,
        image=decode(message.message),
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
    return decode_cloud(message.message)
