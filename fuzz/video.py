"""Packets of H.264 and H.265, as a broken encoder or an attacker could send them."""

from __future__ import annotations

import struct
from fractions import Fraction
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from fuzz.source import Source
from seg_perception.io.video import VideoDecoder
from seg_perception.io.video_packets import H264, HEVC, VideoPacket

_CODECS = (H264, HEVC)
_ENCODERS = {H264: "libx264", HEVC: "libx265"}


def video(data: bytes) -> None:
    """A stream of packets; each comes out once, with a picture or with one of our errors.

    Raises:
        AssertionError: one does not.
    """
    source = Source(data)
    codec = source.choice(_CODECS)
    decoder: VideoDecoder[int] = VideoDecoder()
    found = []
    count = source.byte() % 16
    for number in range(count):
        stamp_ns, packet = source.word(), source.take(source.short())
        found += decoder.feed(VideoPacket(codec, packet, stamp_ns, number), number)
    found += decoder.finish()
    if [decoded.tag for decoded in found] != list(range(count)):
        raise AssertionError([decoded.tag for decoded in found])
    if any((decoded.image is None) == (decoded.error is None) for decoded in found):
        raise AssertionError(found)


@cache
def seeds() -> dict[str, list[bytes]]:
    """Streams that are right; none where nothing here can make them."""
    if find_spec("av") is None:
        return {}
    return {
        "video": [_stream(n, options) for n in range(2) for options in ("bframes=0", "bframes=2")]
    }


def _stream(number: int, options: str) -> bytes:
    av, codec = import_module("av"), _CODECS[number]
    context: Any = av.CodecContext.create(_ENCODERS[codec], "w")
    context.width, context.height, context.pix_fmt = 64, 48, "yuv420p"
    context.time_base = Fraction(1, 10)
    if codec == H264:
        context.options = {"x264-params": f"keyint=4:{options}"}
    else:
        context.options = {"x265-params": f"log-level=none:keyint=4:{options}"}
    random = np.random.default_rng(number)
    packets = []
    for pts in [*range(8), None]:
        frame = None
        if pts is not None:
            pixels = random.integers(0, 255, (48, 64, 3), np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, "rgb24").reformat(format="yuv420p")
            frame.pts = pts
        packets += [bytes(packet) for packet in context.encode(frame)]
    parts = [struct.pack("<IH", n, len(packet)) + packet for n, packet in enumerate(packets)]
    return bytes([number, len(packets)]) + b"".join(parts)
