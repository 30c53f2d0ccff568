"""JPEG and PNG files to pixels, with their headers read before anything is decoded."""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import ImageError, MemoryShortError, UnknownEncodingError
from seg_perception.io.bit_depth import Pixels

# 134 megapixels: twice what the largest industrial sensors have.
MAX_PIXELS = 1 << 27
# One byte of a deflate stream makes at most 1032 (RFC 1951); no picture comes near it in both its
# directions, and a small file that declares more is a bomb, or its size field is damaged.
MAX_PIXELS_PER_BYTE = 1032
_PNG = b"\x89PNG\r\n\x1a\n"
# Length, type and checksum around a chunk's data.
_PNG_CHUNK, _PNG_END = 12, b"IEND"
_JPEG = b"\xff\xd8\xff"
_JPEG_SIZE_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_SCAN, _JPEG_END = 0xDA, b"\xff\xd9"
# Drivers pad files to whole blocks; most end with the mark.
_JPEG_TAIL = 4096
# Shares of its size that libjpeg decodes to, and OpenCV's flag for each, beside that of colour.
_REDUCTIONS = {
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
}
# Other files that publishers send: where which bytes stand, and the transport that reads them.
_OTHERS = {
    "WebP": (8, b"WEBP", "compressed"),
    "TIFF": (0, b"II*\0", "compressed"),
    "TIFF (big-endian)": (0, b"MM\0*", "compressed"),
    "JPEG 2000": (4, b"jP  ", "compressed"),
    "AVIF": (4, b"ftypavif", "compressed"),
    "GIF": (0, b"GIF8", "compressed"),
    "zstd": (0, b"\x28\xb5\x2f\xfd", "zstd"),
}
_CUT_OFF, _GAVE_UP = "it is cut off", "the decoder gave up"


class FileHeader(NamedTuple):
    """What a file says of itself; `depth` is the bits of a sample, where they are below 8."""

    kind: str
    width: int
    height: int
    depth: int = 8


def decode_rgb(file: NDArray[np.uint8], name: str, least: tuple[int, int] | None = None) -> Pixels:
    """RGB pixels of a JPEG or PNG file; an EXIF orientation is not applied.

    Args:
        file: uint8 (n,), the whole file.
        name: what the message calls its format, for error texts.
        least: width and height that a JPEG may be reduced to, see `reduction`; None: all pixels.

    Returns:
        uint8 or, of 16-bit PNG, uint16 (H, W, 3), RGB.

    Raises:
        ImageError: a damaged file, or one that declares an absurd size.
        UnknownEncodingError: neither JPEG nor PNG.
        MemoryShortError: no memory for its pixels.
    """
    header = read_header(file, name)
    is_jpeg = header.kind == "jpeg"
    # OpenCV from 4.11 on can let libjpeg itself write red first.
    straight = getattr(cv2, "IMREAD_COLOR_RGB", 0) if is_jpeg else 0
    flags = (straight or cv2.IMREAD_COLOR) | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION
    if is_jpeg and least is not None:
        flags |= _REDUCTIONS.get(reduction((header.width, header.height), least), 0)
    pixels = _decode(file, flags, name)
    if not straight:
        cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB, dst=pixels)
    rgb: Pixels = pixels
    return rgb


def reduction(size: tuple[int, int], least: tuple[int, int]) -> int:
    """By how much an image is reduced: the most of 8, 4 and 2 that leaves `least`; else 1.

    Both are width and height. Only whole pixels are merged: odd sizes stay as they are.
    """
    for factor in _REDUCTIONS:
        pairs = list(zip(size, least, strict=True))
        if all(have % factor == 0 and have // factor >= wanted for have, wanted in pairs):
            return factor
    return 1


def sent_size(file: NDArray[np.uint8]) -> tuple[int, int] | None:
    """Width and height that a JPEG file, uint8 (n,), declares; None: it is something else.

    Raises:
        ImageError: it is cut off.
    """
    if not file[: len(_JPEG)].tobytes().startswith(_JPEG):
        return None
    header = _read_jpeg_header(file.tobytes())
    return header.width, header.height


def decode_labels_png(file: NDArray[np.uint8], name: str) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Class ids of a PNG file with one channel.

    Args:
        file: uint8 (n,), the whole file.
        name: what the message calls its format, for error texts.

    Returns:
        uint8 or uint16 (H, W).

    Raises:
        ImageError: damaged, not PNG, or more than one channel.
    """
    if read_header(file, name).kind != "png":
        msg = f"label image: expected PNG, got {name!r}, which alters labels; set the format to png"
        raise ImageError(msg)
    labels = _decode(file, cv2.IMREAD_UNCHANGED, name)
    if labels.ndim != 2:
        msg = f"label image: expected one channel of class ids, got {labels.shape[2]} (a palette?)"
        raise ImageError(msg)
    decoded: NDArray[np.uint8] | NDArray[np.uint16] = labels
    return decoded


def decode_depth_png(file: NDArray[np.uint8], name: str) -> NDArray[np.uint16]:
    """Depths of a PNG file of 16 bits and one channel, uint16 (H, W); arguments as above.

    Raises:
        ImageError: damaged, not PNG, or of another form.
    """
    header = read_header(file, name)
    values = _decode(file, cv2.IMREAD_UNCHANGED, name) if header.kind == "png" else None
    if values is None or values.dtype != np.uint16 or values.ndim != 2:
        msg = (
            f"compressedDepth: expected a PNG of 16 bits and one channel, got {header.kind} of "
            f"{header.depth} bits; check the sender"
        )
        raise ImageError(msg)
    depths: NDArray[np.uint16] = values
    return depths


def read_header(file: NDArray[np.uint8], name: str) -> FileHeader:
    """Kind and size of a file, uint8 (n,), without decoding it.

    Raises:
        ImageError: damaged, cut off, or more pixels than MAX_PIXELS or than its bytes can hold.
        UnknownEncodingError: neither JPEG nor PNG.
    """
    data = file.tobytes()
    if data.startswith(_PNG):
        header = _read_png_header(data)
    elif data.startswith(_JPEG):
        header = _read_jpeg_header(data)
    else:
        raise UnknownEncodingError(_unknown(data, name))
    most = min(MAX_PIXELS, MAX_PIXELS_PER_BYTE * len(data) * 8 // header.depth)
    if not 0 < header.width * header.height <= most:
        msg = (
            f"compressed image: expected 1 to {most} pixels in {len(data)} bytes, "
            f"the file declares {header.width}x{header.height}; check the sender"
        )
        raise ImageError(msg)
    return header


def _unknown(data: bytes, name: str) -> str:
    """What it is in place of JPEG and PNG, and who can turn it into them."""
    expected = "compressed image: expected a JPEG or PNG file, got"
    if "compressedDepth" in name:
        return f"{expected} {name!r}, which holds depths; name the topic of the camera's pictures"
    for kind, (offset, mark, transport) in _OTHERS.items():
        if data[offset:].startswith(mark):
            return (
                f"{expected} {kind} ({name!r}); let its driver send jpeg or png, or run `ros2 run "
                f"image_transport republish --ros-args -p in_transport:={transport} -p "
                "out_transport:=raw` and name the topic that it publishes"
            )
    begins = data[:4].hex() or "nothing"
    return f"{expected} {name!r} of {len(data)} bytes that begins with {begins}"


def _read_png_header(data: bytes) -> FileHeader:
    """Width and height of the IHDR chunk (PNG specification, 11.2.1), of a file that ends.

    Every chunk has to fit: the decoder allocates what a chunk declares, up to 4 GB.
    """
    if len(data) < 25 or data[12:16] != b"IHDR":
        raise _damaged(_CUT_OFF, "png")
    position = len(_PNG)
    while position + _PNG_CHUNK <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        position += _PNG_CHUNK + length
        if kind == _PNG_END and position <= len(data):
            width, height, depth = struct.unpack_from(">IIB", data, 16)
            return FileHeader("png", width, height, min(8, max(1, depth)))
    raise _damaged(_CUT_OFF, "png")


def _read_jpeg_header(data: bytes) -> FileHeader:
    """Width and height of the frame header (ITU-T T.81, B.2.2), once the file is known to end.

    In scan data a byte 0xFF is never followed by 0xD9, so that an end mark behind the first
    scan header is the file's own, not a thumbnail's.
    """
    size = None
    position = 2
    while position + 4 <= len(data):
        marker = data[position + 1]
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        if data[position] != 0xFF:
            break
        if marker == 0xFF:
            position += 1
            continue
        if marker in _JPEG_SIZE_MARKERS and position + 9 <= len(data):
            height, width = struct.unpack_from(">HH", data, position + 5)
            size = FileHeader("jpeg", width, height)
        position += 2 + length
        if marker == _JPEG_SCAN:
            if size is None or not _ends(data, position):
                break
            return size
    raise _damaged(_CUT_OFF, "jpeg")


def _ends(data: bytes, scan: int) -> bool:
    """Whether an end mark follows the scan header; it is looked for where it should stand first."""
    tail = max(scan, len(data) - _JPEG_TAIL)
    return data.find(_JPEG_END, tail) >= 0 or data.find(_JPEG_END, scan) >= 0


def _decode(file: NDArray[np.uint8], flags: int, name: str) -> Any:
    try:
        pixels = cv2.imdecode(file, flags)
    except cv2.error as error:
        if MemoryShortError.explains(error):
            msg = f"compressed image: {error.err}; close other programs, or send smaller images"
            raise MemoryShortError(msg) from error
        raise _damaged(error.err, name) from error
    if pixels is None:
        raise _damaged(_GAVE_UP, name)
    return pixels


def _damaged(detail: str, name: str) -> ImageError:
    return ImageError(f"compressed image: the {name} file is damaged ({detail}); check the link")
