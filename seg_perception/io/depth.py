"""Depth images: raw, or as compressed_depth_image_transport sends them.

Its messages are a header of 12 bytes (an integer and two numbers), then a PNG or RVL file of 16
bits; those of floats hold inverse depths, depth = a / (value - b).
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import ImageError, UnknownEncodingError
from seg_perception.io.compressed import decode_depth_png
from seg_perception.io.image_encodings import DEPTH_ENCODINGS
from seg_perception.io.images import encode_pixels, message_pixels
from seg_perception.io.messages import Image, byte_array
from seg_perception.io.rvl import decode_rvl

Depths = NDArray[np.uint16] | NDArray[np.float32]

_HEADER = struct.Struct("<iff")
_SIZE = struct.Struct("<II")
# Several times as many as any depth camera has: a few bytes can stand for any number of zeros.
_MOST_PIXELS = 1 << 24
_FLOAT = "32FC1"


def decode_depth(msg: Any) -> Depths:
    """The values of a depth image, as it was sent.

    Args:
        msg: any object with the attributes of sensor_msgs/Image or, of compressedDepth,
            CompressedImage.

    Returns:
        uint16 (H, W) in the driver's unit, or float32 (H, W), metre; a view into a raw message.

    Raises:
        ImageError: no pixels, fewer bytes than declared, or a damaged file.
        UnknownEncodingError: no depths.
    """
    if not hasattr(msg, "encoding"):
        return _decode_compressed(byte_array(msg.data), str(msg.format))
    if msg.encoding not in DEPTH_ENCODINGS:
        raise UnknownEncodingError(_unknown(str(msg.encoding)))
    depths: Depths = message_pixels(msg, DEPTH_ENCODINGS[msg.encoding])
    return depths


def encode_depth(values: NDArray[np.uint16], stamp_ns: int, frame_id: str) -> Image:
    """A `16UC1` message around depths, uint16 (H, W), which are not copied."""
    return encode_pixels(values, "16UC1", stamp_ns, frame_id)


def _decode_compressed(data: NDArray[np.uint8], name: str) -> Depths:
    """The same of a file; `name` is what the message calls its format."""
    encoding, _, transport = (part.strip() for part in name.partition(";"))
    words = transport.split()
    # Older senders know png alone, and do not say it.
    codec = words[1] if len(words) > 1 else "png"
    if words[:1] != ["compressedDepth"] and transport:
        raise UnknownEncodingError(_unknown(name))
    if encoding not in DEPTH_ENCODINGS or codec not in _CODECS:
        raise UnknownEncodingError(_unknown(name))
    if len(data) <= _HEADER.size:
        msg = f"compressedDepth: expected a header and a file, got {len(data)} bytes"
        raise ImageError(msg)
    _, a, b = _HEADER.unpack_from(data.data)
    values = _CODECS[codec](data[_HEADER.size :], name)
    return _from_inverse(values, a, b) if encoding == _FLOAT else values


def _decode_rvl(file: NDArray[np.uint8], name: str) -> NDArray[np.uint16]:
    if len(file) <= _SIZE.size:
        msg = f"compressedDepth ({name}): expected a size and a file, got {len(file)} bytes"
        raise ImageError(msg)
    width, height = _SIZE.unpack_from(file.data)
    if not 0 < width * height <= _MOST_PIXELS:
        msg = (
            f"compressedDepth ({name}): expected 1 to {_MOST_PIXELS} pixels, the file declares "
            f"{width}x{height}; check the sender"
        )
        raise ImageError(msg)
    return decode_rvl(file[_SIZE.size :], width * height).reshape(height, width)


_CODECS = {"png": decode_depth_png, "rvl": _decode_rvl}


def _from_inverse(values: NDArray[np.uint16], a: float, b: float) -> NDArray[np.float32]:
    """Depths of quantised inverse ones, float32 (H, W), metre; NaN where nothing was measured."""
    with np.errstate(divide="ignore", invalid="ignore"):
        depth: NDArray[np.float32] = np.float32(a) / (values.astype(np.float32) - np.float32(b))
    depth[values == 0] = np.nan
    return depth


def _unknown(name: str) -> str:
    return (
        f"depth image: expected one of {', '.join(DEPTH_ENCODINGS)}, raw or compressedDepth (png "
        f"or rvl), got {name!r}; name the camera's depth topic"
    )
