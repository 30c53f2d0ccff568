"""The last images of one topic, any of which may be asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import suppress

from seg_perception.core.errors import KeyFrameError, SegPerceptionError
from seg_perception.io.bag_message import BagMessage
from seg_perception.io.bit_depth import Pixels
from seg_perception.io.nal_units import PacketFacts
from seg_perception.io.video import Decoded, VideoDecoder, packet_reader
from seg_perception.io.video_packets import H264, HEVC, is_video, read_packet
from seg_perception.replay.decoding import decode_still


class RecentImages:
    """Decodes single images; of a video stream it keeps what each is made from.

    That are the packets since the last key frame before the oldest image that is wanted.
    """

    def __init__(self) -> None:
        """Start before the first message."""
        self._packets: deque[tuple[BagMessage, PacketFacts]] = deque()
        self._readers = {codec: packet_reader(codec) for codec in (H264, HEVC)}
        self._described_by: BagMessage | None = None

    def add(self, message: BagMessage) -> None:
        """Take the next message of the topic."""
        with suppress(SegPerceptionError):
            if is_video(message.message):
                packet = read_packet(message.message)
                self._add_packet(message, self._readers[packet.codec].read(packet.data))

    def forget_before(self, log_time_ns: int) -> None:
        """Give up images that were recorded before a time."""
        older = [
            number
            for number, (message, facts) in enumerate(self._packets)
            if facts.is_key and message.log_time_ns <= log_time_ns
        ]
        for _ in range(older[-1] if older else 0):
            self._packets.popleft()

    def decode(self, message: BagMessage) -> Pixels:
        """RGB pixels, uint8 or uint16 (H, W, 3), of a message that was added.

        Raises:
            ImageError: it can't be decoded.
            BagError: its bytes do not fit its type.
        """
        if not is_video(message.message):
            return decode_still(message)
        for decoded in self._outcomes(message):
            if decoded.tag is message:
                return decoded.pixels()
        msg = "video: the packet is no longer kept"
        raise KeyFrameError(msg)

    def _add_packet(self, message: BagMessage, facts: PacketFacts) -> None:
        if facts.has_parameters:
            self._described_by = message
        # Before the first key frame there is nothing that could be decoded.
        if self._packets or facts.is_key:
            self._packets.append((message, facts))

    def _outcomes(self, message: BagMessage) -> Iterator[Decoded[BagMessage]]:
        decoder: VideoDecoder[BagMessage] = VideoDecoder()
        for needed in self._needed_for(message):
            yield from decoder.feed(read_packet(needed.message), needed)
        yield from decoder.finish()

    def _needed_for(self, message: BagMessage) -> Iterator[BagMessage]:
        """From the key frame before a message on."""
        packets = list(self._packets)
        at = next((n for n, (packet, _) in enumerate(packets) if packet is message), None)
        if at is None:
            yield message
            return
        begin = max((n for n in range(at + 1) if packets[n][1].is_key), default=at)
        if not packets[begin][1].has_parameters and self._described_by is not None:
            yield self._described_by
        for packet, _ in packets[begin:]:
            yield packet
