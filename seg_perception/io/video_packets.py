"""Messages that carry one packet of a video stream: which they are, and what they hold."""

from __future__ import annotations

from typing import Any, NamedTuple

from seg_perception.core.errors import UnknownEncodingError
from seg_perception.io.messages import byte_array, header_of, stamp_to_ns

H264, HEVC = "h264", "hevc"
_NAMES = {H264: ("264", "avc"), HEVC: ("265", "hevc")}
_OTHERS = ("vp8", "vp9", "av1")


class VideoPacket(NamedTuple):
    """One packet of a stream.

    Attributes:
        codec: `h264` or `hevc`.
        data: the packet.
        stamp_ns: of its message.
        number: how the sender counts its pictures; None where it does not.
    """

    codec: str
    data: bytes
    stamp_ns: int
    number: int | None = None


def codec_of(name: str) -> str:
    """`h264` or `hevc` by a sender's name for it (`h265`, `hevc_nvenc`), else empty."""
    word = name.lower().partition(";")[0]
    found = (codec for codec, parts in _NAMES.items() if any(part in word for part in parts))
    return next(found, "")


def is_video(message: Any) -> bool:
    """Whether a message of an image topic holds a packet of a stream, not a whole image."""
    if hasattr(message, "pts") or not hasattr(message, "header"):
        return True
    return hasattr(message, "format") and _is_stream(str(message.format))


def read_packet(message: Any) -> VideoPacket:
    """The packet in a CompressedImage, a CompressedVideo or an FFMPEGPacket.

    Args:
        message: any object with the attributes of one of them.

    Raises:
        UnknownEncodingError: neither H.264 nor H.265.
    """
    has_number = hasattr(message, "pts")
    name = str(message.encoding if has_number else message.format)
    codec = codec_of(name)
    if not codec:
        msg = f"video: expected h264 or h265 (hevc), got {name!r}; set another codec at the sender"
        raise UnknownEncodingError(msg)
    stamp_ns = stamp_to_ns(header_of(message).stamp)
    number = int(message.pts) if has_number else None
    return VideoPacket(codec, byte_array(message.data).tobytes(), stamp_ns, number)


def _is_stream(name: str) -> bool:
    return bool(codec_of(name)) or name.lower().startswith(_OTHERS)
