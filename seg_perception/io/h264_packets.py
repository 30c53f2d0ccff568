"""Packets of H.264 (ITU-T H.264): what they hold, and where one is missing before them."""

from __future__ import annotations

from dataclasses import dataclass

from seg_perception.io.bits import BitReader
from seg_perception.io.nal_units import SLICE_HEAD_BYTES, PacketFacts, check_size, nal_units

_SLICE, _IDR, _SPS, _PPS = 1, 5, 7, 8
# Profiles whose sequence parameter sets say more of their samples (7.3.2.1.1).
_HIGH_PROFILES = frozenset({44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244})
_PLANES_APART = 3
_MACROBLOCK = 16


@dataclass(frozen=True)
class _Sequence:
    """What a sequence parameter set says of the numbers of frames."""

    planes_apart: bool
    number_bits: int
    gaps_allowed: bool
    frames_only: bool


class H264Packets:
    """Reads packets in their order; the numbers of their frames tell where one is missing.

    Every frame has the number of the last frame that others refer to, plus one (7.4.3).
    """

    def __init__(self) -> None:
        """Start before the first packet."""
        self._sequences: dict[int, _Sequence] = {}
        self._sequence_of: dict[int, int] = {}
        self._last = -1

    def read(self, data: bytes) -> PacketFacts:
        """What a packet holds; see `PacketReader`."""
        has_parameters = False
        slices: list[bytes] = []
        for unit in nal_units(data):
            kind = unit[0] & 31
            has_parameters |= kind in (_SPS, _PPS)
            if kind == _SPS:
                self._read_sequence(BitReader(unit[1:]))
            elif kind == _PPS:
                reader = BitReader(unit[1:])
                self._sequence_of[reader.unsigned()] = reader.unsigned()
            elif kind in (_SLICE, _IDR):
                slices.append(unit[:SLICE_HEAD_BYTES])
        if not slices:
            return PacketFacts(0, has_parameters)
        is_key = any(unit[0] & 31 == _IDR for unit in slices)
        found = [self._sequence_and_number(unit) for unit in slices]
        numbers = {number for _, number in found}
        sequence = found[0][0]
        if sequence is None:
            return PacketFacts(1, has_parameters, is_key, is_described=False)
        follows = self._follows(sequence, max(numbers), is_key=is_key)
        if slices[0][0] & 0x60:
            self._last = max(numbers)
        return PacketFacts(len(numbers), has_parameters, is_key, follows=follows)

    def _follows(self, sequence: _Sequence, number: int, *, is_key: bool) -> bool:
        next_number = (self._last + 1) % (1 << sequence.number_bits)
        # The second field of a frame has its number.
        is_second_field = not sequence.frames_only and number == self._last
        return is_key or sequence.gaps_allowed or number == next_number or is_second_field

    def _sequence_and_number(self, unit: bytes) -> tuple[_Sequence | None, int]:
        """Of a slice; None where its parameter sets have not come."""
        reader = BitReader(unit[1:])
        reader.unsigned()  # its first macroblock
        reader.unsigned()  # its type
        sequence = self._sequences.get(self._sequence_of.get(reader.unsigned(), -1))
        if sequence is None:
            return None, 0
        if sequence.planes_apart:
            reader.bits(2)
        return sequence, reader.bits(sequence.number_bits)

    def _read_sequence(self, reader: BitReader) -> None:
        """Read a sequence parameter set (7.3.2.1.1) as far as to its size."""
        profile = reader.bits(8)
        reader.bits(16)
        identity = reader.unsigned()
        planes_apart = profile in _HIGH_PROFILES and _read_samples(reader)
        number_bits = reader.unsigned() + 4
        _skip_order(reader)
        reader.unsigned()
        gaps_allowed = bool(reader.bits(1))
        width, height = reader.unsigned() + 1, reader.unsigned() + 1
        frames_only = bool(reader.bits(1))
        check_size(width * _MACROBLOCK, height * _MACROBLOCK * (1 if frames_only else 2))
        self._sequences[identity] = _Sequence(planes_apart, number_bits, gaps_allowed, frames_only)


def _read_samples(reader: BitReader) -> bool:
    """Whether the colour planes are coded apart."""
    chroma = reader.unsigned()
    planes_apart = chroma == _PLANES_APART and bool(reader.bits(1))
    reader.unsigned()
    reader.unsigned()
    reader.bits(1)
    if reader.bits(1):
        for index in range(12 if chroma == _PLANES_APART else 8):
            if reader.bits(1):
                _skip_scaling_list(reader, 16 if index < 6 else 64)
    return planes_apart


def _skip_scaling_list(reader: BitReader, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + reader.signed()) % 256
        last = following or last


def _skip_order(reader: BitReader) -> None:
    """Skip how the order of output is coded."""
    kind = reader.unsigned()
    if kind == 0:
        reader.unsigned()
    elif kind == 1:
        reader.bits(1)
        reader.signed()
        reader.signed()
        for _ in range(reader.unsigned()):
            reader.signed()
