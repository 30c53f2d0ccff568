"""H.264 and H.265 streams to pictures, packet by packet, by PyAV.

A wrong picture is worse than none: decoding begins at a key frame, and where a packet is lost or
damaged it waits for the next one.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import (
    ImageError,
    KeyFrameError,
    MemoryShortError,
    NoPictureError,
    NoVideoDecoderError,
    SegPerceptionError,
)
from seg_perception.core.types import NANOSECONDS
from seg_perception.io.bit_depth import Pixels
from seg_perception.io.h264_packets import H264Packets
from seg_perception.io.hevc_packets import HevcPackets
from seg_perception.io.nal_units import MAX_VIDEO_PIXELS, PacketFacts, PacketReader
from seg_perception.io.packet_numbers import PacketNumbers
from seg_perception.io.video_packets import H264, HEVC, VideoPacket, read_packet

Tag = TypeVar("Tag")
# No level of either codec lets a decoder hold back more pictures.
_MOST_HELD = 17
_MOST_PARAMETER_BYTES = 1 << 16
_BEGUN = "the stream begins between two of them"
_LOST, _DAMAGED = "a packet was lost", "a packet was damaged"
_LOST_OR_DAMAGED = "a packet was lost or damaged"
_NOT_DESCRIBED = "the one that came lacks its parameter sets, which the encoder is to repeat"
_NAMES = {H264: "H.264", HEVC: "H.265"}


@dataclass(frozen=True, eq=False)
class Decoded(Generic[Tag]):
    """What became of a packet.

    Attributes:
        tag: what was handed in with it.
        image: its picture, uint8 or uint16 (H, W, 3), RGB; None where it has none.
        error: why it has none.
    """

    tag: Tag
    image: Pixels | None
    error: SegPerceptionError | None

    def pixels(self) -> Pixels:
        """The picture.

        Raises:
            SegPerceptionError: why it has none.
        """
        if self.image is None:
            raise self.error or NoPictureError("video: no picture")
        return self.image


@dataclass(eq=False)
class _Entry(Generic[Tag]):
    """A packet on its way through the decoder."""

    tag: Tag
    number: int
    frame: Any = None
    error: SegPerceptionError | None = None

    @property
    def is_settled(self) -> bool:
        return self.frame is not None or self.error is not None

    def refuse(self, error: SegPerceptionError) -> None:
        self.frame, self.error = None, error


class VideoDecoder(Generic[Tag]):
    """The stream of one camera; not for several threads.

    What is handed in with a packet comes out once, by `feed` or by `finish`, with the picture of
    that very packet or with the reason why it has none, and in the order of the packets: a
    picture is held back until those before it, from which it may be made, are known to be sound.
    Streams without B-frames come out without delay.
    """

    def __init__(self) -> None:
        """Start before the first packet, of either codec."""
        self._codec = ""
        self._context: Any = None
        self._packets = packet_reader(H264)
        self._numbers = PacketNumbers()
        self._count = itertools.count()
        self._entries: deque[_Entry[Tag]] = deque()
        self._parameters = b""
        self._waits = _BEGUN
        self._skips_leading = False
        self._stamp_ns = 0

    def feed(self, packet: VideoPacket, tag: Tag) -> list[Decoded[Tag]]:
        """Take the next packet; what is known by it."""
        entry = _Entry(tag, next(self._count))
        try:
            self._admit(packet)
        except SegPerceptionError as error:
            entry.refuse(error)
        self._entries.append(entry)
        if not entry.is_settled:
            self._decode(packet.data, entry)
        return self._release()

    def lose(self) -> None:
        """Say that packets were lost before the next one."""
        self._interrupt(_LOST)

    def finish(self) -> list[Decoded[Tag]]:
        """What the decoder still holds; the stream may begin anew."""
        self._interrupt(_BEGUN)
        return self._release()

    def _admit(self, packet: VideoPacket) -> None:
        """Raise an error where a packet has no picture, or none that can be right."""
        if packet.codec != self._codec:
            self._open(packet.codec)
        try:
            facts = self._packets.read(packet.data)
        except ImageError:
            self._interrupt(_DAMAGED)
            raise
        if not facts.pictures:
            self._keep_parameters(packet.data, facts)
            msg = f"{self._name}: the packet carries no picture"
            raise NoPictureError(msg)
        if self._is_gap(packet, facts):
            self._interrupt(_LOST)
        if facts.pictures > 1:
            self._interrupt(_DAMAGED)
            msg = (
                f"{self._name}: expected one picture a message, got {facts.pictures}; let the "
                "sender publish each by itself"
            )
            raise ImageError(msg)
        self._expect_key(facts)

    def _open(self, codec: str) -> None:
        self._interrupt(_BEGUN)
        self._codec, self._context = "", None
        self._context = _open_context(codec)
        self._codec, self._parameters, self._waits = codec, b"", _BEGUN
        self._packets = packet_reader(codec)
        self._numbers = PacketNumbers()

    def _keep_parameters(self, data: bytes, facts: PacketFacts) -> None:
        """They go to the decoder with the next picture."""
        if facts.has_parameters:
            kept = self._parameters + data
            self._parameters = kept if len(kept) <= _MOST_PARAMETER_BYTES else data

    def _is_gap(self, packet: VideoPacket, facts: PacketFacts) -> bool:
        """Whether pictures are missing before a packet; a clock that jumps back is a new start."""
        counted = self._numbers.follows(packet.number)
        jumped = packet.stamp_ns < self._stamp_ns - NANOSECONDS
        self._stamp_ns = packet.stamp_ns
        return jumped or not counted or not facts.follows

    def _expect_key(self, facts: PacketFacts) -> None:
        if facts.is_key and self._waits and facts.is_described:
            self._waits, self._skips_leading = "", True
            return
        if self._waits:
            raise self._waiting(_NOT_DESCRIBED if facts.is_key else self._waits)
        if facts.is_leading and self._skips_leading:
            raise self._waiting(_BEGUN)
        self._skips_leading &= facts.is_leading

    def _decode(self, data: bytes, entry: _Entry[Tag]) -> None:
        import av

        packet = av.Packet(self._parameters + data)
        packet.pts = entry.number
        self._parameters = b""
        try:
            frames = self._context.decode(packet)
        except av.FFmpegError as error:
            missing = self._codec == HEVC and not isinstance(error, MemoryError)
            entry.refuse(self._waiting(_LOST_OR_DAMAGED) if missing else self._refusal(error))
            self._interrupt(_LOST_OR_DAMAGED)
            return
        if not self._settle(frames):
            self._interrupt(_DAMAGED)
        oldest = self._entries[0]
        if not oldest.is_settled and entry.number - oldest.number >= _MOST_HELD:
            oldest.refuse(self._left_out())

    def _settle(self, frames: Iterable[Any]) -> bool:
        """Give frames to their packets; False where one is damaged, and all after it."""
        entries = {entry.number: entry for entry in self._entries}
        sound = True
        for frame in frames:
            entry = entries.get(frame.pts)
            if entry is None or entry.error is not None:
                continue
            if frame.is_corrupt:
                sound = False
                self._spoil(entry)
            else:
                entry.frame = frame
        return sound

    def _spoil(self, damaged: _Entry[Tag]) -> None:
        damaged.refuse(self._refusal(None))
        for entry in self._entries:
            if entry.number > damaged.number and entry.error is None:
                entry.refuse(self._waiting(_DAMAGED))

    def _interrupt(self, why: str) -> None:
        """Take what the decoder holds, and wait for a key frame from here on."""
        if self._context is not None and not self._waits:
            import av

            with suppress(av.FFmpegError):
                self._settle(self._context.decode(None))
            self._context.flush_buffers()
        for entry in self._entries:
            if not entry.is_settled:
                entry.refuse(self._left_out())
        self._waits = self._waits or why

    def _release(self) -> list[Decoded[Tag]]:
        released: list[Decoded[Tag]] = []
        while self._entries and self._entries[0].is_settled:
            entry = self._entries.popleft()
            image, error = None, entry.error
            if entry.frame is not None:
                image, error = self._pixels(entry.frame)
            released.append(Decoded(entry.tag, image, error))
        return released

    def _pixels(self, frame: Any) -> tuple[NDArray[np.uint8] | None, SegPerceptionError | None]:
        """RGB by the matrix and range that the stream names; BT.601, limited, where it does not."""
        import av

        try:
            return np.ascontiguousarray(frame.to_ndarray(format="rgb24"), np.uint8), None
        except (av.FFmpegError, MemoryError, ValueError) as error:
            return None, self._refusal(error)

    def _refusal(self, error: Exception | None) -> SegPerceptionError:
        if isinstance(error, MemoryError):
            return MemoryShortError(f"{self._name}: {error}; close other programs")
        detail = f" ({error})" if error is not None else ""
        return ImageError(f"{self._name}: the packet is damaged{detail}; check the link")

    def _waiting(self, why: str) -> KeyFrameError:
        msg = f"{self._name}: waits for a key frame: {why}; let the encoder send more of them"
        return KeyFrameError(msg)

    def _left_out(self) -> NoPictureError:
        return NoPictureError(f"{self._name}: the decoder left the picture out")

    @property
    def _name(self) -> str:
        return f"{_NAMES.get(self._codec, '')} video"


def first_picture(messages: Iterable[Any]) -> Pixels:
    """The first picture, uint8 (H, W, 3), RGB, of a stream's messages, which are read up to it.

    Raises:
        ImageError: no message gives one; why the last does not.
    """
    decoder: VideoDecoder[None] = VideoDecoder()
    error: SegPerceptionError = NoPictureError("video: no packet came")
    for message in messages:
        for decoded in decoder.feed(read_packet(message), None):
            if decoded.image is not None:
                return decoded.image
            error = decoded.error or error
    raise error


def packet_reader(codec: str) -> PacketReader:
    """What reads the packets of `h264` or `hevc`."""
    return H264Packets() if codec == H264 else HevcPackets()


def _open_context(codec: str) -> Any:
    """A decoder that gives each picture as soon as the order of the stream allows it.

    Raises:
        NoVideoDecoderError: PyAV is missing, or was built without the codec.
    """
    try:
        import av

        context = av.CodecContext.create(codec, "r")
    except (ImportError, ValueError) as error:
        msg = f"{_NAMES[codec]} video: expected PyAV to decode {codec}, got {error}; pip install av"
        raise NoVideoDecoderError(msg) from error
    # Frames that are decoded side by side come out late.
    context.thread_count = 1
    context.options = {"max_pixels": str(MAX_VIDEO_PIXELS)}
    if codec == HEVC:
        # A missing reference is an error; in H.264 the numbers of the frames tell it.
        context.options = {**context.options, "err_detect": "explode"}
    return context
