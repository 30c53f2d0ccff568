"""What the packets of H.264 and H.265 say of themselves, read before a decoder sees them.

A packet is a row of NAL units, each behind a start code (ITU-T H.264 and H.265, annex B).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from seg_perception.core.errors import ImageError

# The largest picture of H.264's highest level, 6.2: 8192 x 4352. A decoder keeps up to 17 of them.
MAX_VIDEO_PIXELS = 139264 * 256
_START = b"\x00\x00\x01"
# What is read of a slice stands at its very beginning.
SLICE_HEAD_BYTES = 64


@dataclass(frozen=True)
class PacketFacts:
    """What a packet holds.

    Attributes:
        pictures: how many it holds slices of.
        has_parameters: it holds a parameter set.
        is_key: decoding may begin here, if the parameter sets are known.
        is_leading: its picture comes before a key picture that it follows, and may refer to
            what was before that one.
        follows: no picture is known to be missing between the packet before and this one.
        is_described: the parameter sets that its picture needs have come.
    """

    pictures: int = 0
    has_parameters: bool = False
    is_key: bool = False
    is_leading: bool = False
    follows: bool = True
    is_described: bool = True


class PacketReader(Protocol):
    """Reads the packets of one stream in their order."""

    def read(self, data: bytes) -> PacketFacts:
        """What a packet holds.

        Raises:
            ImageError: it is no packet of such a stream, or its pictures would be too large.
        """


def nal_units(data: bytes) -> Iterator[bytes]:
    """The NAL units of a packet, without their start codes.

    Raises:
        ImageError: it does not begin with a start code.
    """
    position = data.find(_START)
    if position < 0 or data[:position].strip(b"\x00"):
        msg = (
            f"video: expected a packet that begins with a start code (annex B), got {len(data)} "
            f"bytes that begin with {data[:4].hex() or 'nothing'}; set the encoder's stream format "
            "to byte-stream"
        )
        raise ImageError(msg)
    while position >= 0:
        begin = position + len(_START)
        position = data.find(_START, begin)
        unit = data[begin : position if position >= 0 else len(data)].rstrip(b"\x00")
        if unit:
            yield unit


def check_size(width: int, height: int) -> None:
    """Refuse a picture before anything is allocated for it.

    Raises:
        ImageError: it has no pixel, or more than the codecs' usual levels allow.
    """
    if not 0 < width * height <= MAX_VIDEO_PIXELS:
        msg = (
            f"video: expected 1 to {MAX_VIDEO_PIXELS} pixels, the stream declares "
            f"{width}x{height}; check the sender"
        )
        raise ImageError(msg)
