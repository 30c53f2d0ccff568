"""What the pixels of each image encoding are (sensor_msgs/image_encodings.hpp), in one table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Encoding:
    """How the pixels of one encoding lie in memory, and how they become RGB.

    Attributes:
        dtype, channels: of one pixel.
        convert: pixels to RGB of the same depth.
        columns: this many share a value, so that the width is a multiple of it.
    """

    dtype: type[np.uint8 | np.uint16 | np.float32]
    channels: int
    convert: Callable[[NDArray[Any]], NDArray[Any]]
    columns: int = 1

    @property
    def pixel_bytes(self) -> int:
        """Size of one pixel."""
        return self.channels * np.dtype(self.dtype).itemsize


def _convert(code: int) -> Callable[[NDArray[Any]], NDArray[Any]]:
    return partial(cv2.cvtColor, code=code)


def _as_it_is(pixels: NDArray[Any]) -> NDArray[Any]:
    return pixels


_EIGHT_BIT = {
    "rgb8": Encoding(np.uint8, 3, _as_it_is),
    "bgr8": Encoding(np.uint8, 3, _convert(cv2.COLOR_BGR2RGB)),
    "rgba8": Encoding(np.uint8, 4, _convert(cv2.COLOR_RGBA2RGB)),
    "bgra8": Encoding(np.uint8, 4, _convert(cv2.COLOR_BGRA2RGB)),
    "mono8": Encoding(np.uint8, 1, _convert(cv2.COLOR_GRAY2RGB)),
    "8UC1": Encoding(np.uint8, 1, _convert(cv2.COLOR_GRAY2RGB)),
    "8UC3": Encoding(np.uint8, 3, _convert(cv2.COLOR_BGR2RGB)),
    "8UC4": Encoding(np.uint8, 4, _convert(cv2.COLOR_BGRA2RGB)),
    "yuv422": Encoding(np.uint8, 2, _convert(cv2.COLOR_YUV2RGB_UYVY), 2),
    "uyvy": Encoding(np.uint8, 2, _convert(cv2.COLOR_YUV2RGB_UYVY), 2),
    "yuv422_yuy2": Encoding(np.uint8, 2, _convert(cv2.COLOR_YUV2RGB_YUYV), 2),
    "yuyv": Encoding(np.uint8, 2, _convert(cv2.COLOR_YUV2RGB_YUYV), 2),
    # ROS names the pixels from the first of the first row, OpenCV from the second of the second.
    "bayer_rggb8": Encoding(np.uint8, 1, _convert(cv2.COLOR_BayerBG2RGB)),
    "bayer_bggr8": Encoding(np.uint8, 1, _convert(cv2.COLOR_BayerRG2RGB)),
    "bayer_gbrg8": Encoding(np.uint8, 1, _convert(cv2.COLOR_BayerGR2RGB)),
    "bayer_grbg8": Encoding(np.uint8, 1, _convert(cv2.COLOR_BayerGB2RGB)),
}
_SIXTEEN_BIT = {
    name: replace(_EIGHT_BIT[like], dtype=np.uint16)
    for name, like in {
        "rgb16": "rgb8",
        "bgr16": "bgr8",
        "rgba16": "rgba8",
        "bgra16": "bgra8",
        "mono16": "mono8",
        "16UC1": "mono8",
        "bayer_rggb16": "bayer_rggb8",
        "bayer_bggr16": "bayer_bggr8",
        "bayer_gbrg16": "bayer_gbrg8",
        "bayer_grbg16": "bayer_grbg8",
    }.items()
}
# Depths, of which drivers of depth cameras call some mono16.
DEPTH_ENCODINGS = {
    "16UC1": Encoding(np.uint16, 1, _as_it_is),
    "mono16": Encoding(np.uint16, 1, _as_it_is),
    "32FC1": Encoding(np.float32, 1, _as_it_is),
}
ENCODINGS = {**_EIGHT_BIT, **_SIXTEEN_BIT}
