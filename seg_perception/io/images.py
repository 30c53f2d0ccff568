"""Image messages to RGB and label arrays, and back.

What an encoding means stands in one table (sensor_msgs/image_encodings.hpp). Sizes are
checked before anything is allocated; an `rgb8` message is viewed, not copied.
"""

from __future__ import annotations

import sys
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import ImageError, UnknownEncodingError
from seg_perception.core.types import LabelMap
from seg_perception.io.bit_depth import Pixels, to_picture
from seg_perception.io.compressed import decode_labels_png, decode_rgb
from seg_perception.io.image_encodings import ENCODINGS, Encoding
from seg_perception.io.messages import CompressedImage, Header, Image, byte_array

_NATIVE_BIG_ENDIAN = sys.byteorder == "big"
_PNG_FAST = (cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, 3)
_DEPTHS = ("32FC", "64FC", "16SC", "32SC")
_LABEL_ENCODINGS = ("mono8", "mono16", "8UC1", "16UC1")


def decode_image(msg: Any) -> Pixels:
    """RGB pixels of a sensor_msgs/Image, as many bits as it has.

    Args:
        msg: any object with the attributes of the message.

    Returns:
        uint8 or, of 16-bit encodings, uint16 (H, W, 3), RGB; a view into the message for `rgb8`.

    Raises:
        ImageError: no pixels, or fewer bytes than height, width and step ask for.
        UnknownEncodingError: an encoding that neither the table nor cv_bridge has.
    """
    encoding = ENCODINGS.get(msg.encoding)
    if msg.encoding.startswith(_DEPTHS):
        text = (
            f"image: got {msg.encoding!r}, which are depths and show nothing to label; name the "
            "topic of the camera's pictures"
        )
        raise UnknownEncodingError(text)
    if encoding is None:
        return _decode_by_cv_bridge(msg)
    if msg.width % encoding.columns:
        text = f"image {msg.width}x{msg.height}: expected an even width for {msg.encoding}; crop it"
        raise ImageError(text)
    return encoding.convert(message_pixels(msg, encoding))


def decode_compressed_image(msg: Any) -> Pixels:
    """RGB pixels of a sensor_msgs/CompressedImage that holds a JPEG or PNG file.

    Args:
        msg: any object with the attributes of the message.

    Returns:
        uint8 or, of 16-bit PNG, uint16 (H, W, 3), RGB, as the sensor saw it: an EXIF orientation
        is not applied.

    Raises:
        ImageError: a damaged file, or one that declares an absurd size.
        UnknownEncodingError: neither JPEG nor PNG.
    """
    return decode_rgb(byte_array(msg.data), msg.format)


def decode_picture(msg: Any) -> NDArray[np.uint8]:
    """The pixels of an Image or CompressedImage to look at, uint8 (H, W, 3), RGB.

    How many bits 16-bit pixels hold is found from this image alone.

    Raises:
        ImageError: as `decode_image` and `decode_compressed_image`.
    """
    pixels = decode_image(msg) if hasattr(msg, "encoding") else decode_compressed_image(msg)
    return to_picture(pixels)


def decode_label_image(msg: Any) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Class ids of a label image, raw (mono8, mono16) or as PNG.

    Args:
        msg: any object with the attributes of sensor_msgs/Image or CompressedImage.

    Returns:
        uint8 or uint16 (H, W); a view into the message where it is raw.

    Raises:
        ImageError: damaged, JPEG (which alters labels), or more than one channel.
        UnknownEncodingError: raw, but of another encoding.
    """
    if not hasattr(msg, "encoding"):
        return decode_labels_png(byte_array(msg.data), msg.format)
    if msg.encoding not in _LABEL_ENCODINGS:
        text = f"label image: expected one of {_LABEL_ENCODINGS}, got {msg.encoding!r}"
        raise UnknownEncodingError(text)
    return message_pixels(msg, ENCODINGS[msg.encoding])


def encode_rgb(rgb: NDArray[np.uint8], stamp_ns: int, frame_id: str) -> Image:
    """An `rgb8` message around uint8 (H, W, 3) pixels, which are not copied."""
    return encode_pixels(rgb, "rgb8", stamp_ns, frame_id)


def encode_labels(label_map: LabelMap) -> Image:
    """A `mono8` or `mono16` message around the labels, which are not copied."""
    encoding = "mono8" if label_map.labels.dtype == np.uint8 else "mono16"
    return encode_pixels(label_map.labels, encoding, label_map.stamp_ns, label_map.frame_id)


def encode_confidence(label_map: LabelMap) -> Image:
    """A `mono8` message around the confidence, which is not copied; 255 is certain."""
    return encode_pixels(label_map.confidence, "mono8", label_map.stamp_ns, label_map.frame_id)


def encode_labels_png(label_map: LabelMap) -> CompressedImage:
    """The labels as a PNG, without loss."""
    depth = "mono8" if label_map.labels.dtype == np.uint8 else "mono16"
    _, file = cv2.imencode(".png", np.ascontiguousarray(label_map.labels), _PNG_FAST)
    header = Header.at(label_map.stamp_ns, label_map.frame_id)
    # compressed_image_transport writes the format so, with its last space.
    return CompressedImage(header, f"{depth}; png compressed ", file.reshape(-1))


def encode_pixels(pixels: NDArray[Any], encoding: str, stamp_ns: int, frame_id: str) -> Image:
    """A message of an encoding around pixels (H, W) or (H, W, channels), in one piece."""
    pixels = np.ascontiguousarray(pixels)
    height, width = pixels.shape[:2]
    return Image(
        header=Header.at(stamp_ns, frame_id),
        height=height,
        width=width,
        encoding=encoding,
        is_bigendian=int(_NATIVE_BIG_ENDIAN),
        step=pixels.nbytes // height,
        data=pixels.reshape(-1).view(np.uint8),
    )


def message_pixels(msg: Any, encoding: Encoding) -> NDArray[Any]:
    """A view of the pixels of a sensor_msgs/Image, in this machine's byte order.

    Raises:
        ImageError: no pixels, or fewer bytes than declared.
    """
    height, width, step = int(msg.height), int(msg.width), int(msg.step)
    data = byte_array(msg.data)
    row_bytes = width * encoding.pixel_bytes
    if not height or not width:
        text = f"image: expected at least one pixel, got {width}x{height}; check the driver"
        raise ImageError(text)
    if step < row_bytes or height * step > data.size:
        text = (
            f"image {width}x{height} {msg.encoding}: expected rows of {row_bytes} bytes or more "
            f"and height x step bytes, got step {step} and {data.size} bytes; check the driver"
        )
        raise ImageError(text)
    dtype = np.dtype(encoding.dtype)
    swapped = dtype.itemsize > 1 and bool(msg.is_bigendian) != _NATIVE_BIG_ENDIAN
    shape = (height, width, encoding.channels)[: 3 if encoding.channels > 1 else 2]
    strides = (step, encoding.pixel_bytes, dtype.itemsize)[: len(shape)]
    view: NDArray[Any] = np.ndarray(
        shape, dtype.newbyteorder() if swapped else dtype, data.data, 0, strides
    )
    return view.astype(dtype) if swapped else view


def _decode_by_cv_bridge(msg: Any) -> NDArray[np.uint8]:
    try:
        from cv_bridge import CvBridge

        rgb = np.asarray(CvBridge().imgmsg_to_cv2(msg, "rgb8"))
    except (ImportError, AttributeError, KeyError, TypeError, ValueError, cv2.error) as error:
        text = (
            f"image: expected one of {', '.join(ENCODINGS)}, got {msg.encoding!r}; "
            "set another pixel format at the driver"
        )
        raise UnknownEncodingError(text) from error
    return rgb.astype(np.uint8, copy=False)
