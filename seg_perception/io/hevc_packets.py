"""Packets of H.265 (ITU-T H.265): what they hold.

Every picture names those that it refers to, so that the decoder itself finds one missing.
"""

from __future__ import annotations

from seg_perception.io.bits import BitReader
from seg_perception.io.nal_units import PacketFacts, check_size, nal_units

_SLICES, _KEYS, _LEADING = range(32), range(16, 24), (8, 9)
_VPS, _SPS, _PPS = 32, 33, 34
_HEADER_BYTES = 2


class HevcPackets:
    """Reads packets in their order."""

    def __init__(self) -> None:
        """Start before the first packet."""
        self._described = False

    def read(self, data: bytes) -> PacketFacts:
        """What a packet holds; see `PacketReader`."""
        kinds: list[int] = []
        pictures = 0
        for unit in nal_units(data):
            kind, layer = unit[0] >> 1 & 63, (unit[0] & 1) << 5 | unit[1:2].ljust(1)[0] >> 3
            if layer:
                continue
            kinds.append(kind)
            if kind == _SPS:
                _read_sequence(BitReader(unit[_HEADER_BYTES:]))
                self._described = True
            elif kind in _SLICES:
                pictures += BitReader(unit[_HEADER_BYTES:3]).bits(1)
        slices = [kind for kind in kinds if kind in _SLICES]
        return PacketFacts(
            pictures=max(pictures, bool(slices)),
            has_parameters=any(kind in (_VPS, _SPS, _PPS) for kind in kinds),
            is_key=any(kind in _KEYS for kind in slices),
            is_leading=any(kind in _LEADING for kind in slices),
            is_described=self._described or not slices,
        )


def _read_sequence(reader: BitReader) -> None:
    """Read a sequence parameter set (7.3.2.2.1) as far as to its size.

    Raises:
        ImageError: it is cut off, or its pictures would be too large.
    """
    reader.bits(4)
    layers = reader.bits(3)
    reader.bits(1)
    _skip_profile(reader, layers)
    reader.unsigned()
    if reader.unsigned() == 3:
        reader.bits(1)
    check_size(reader.unsigned(), reader.unsigned())


def _skip_profile(reader: BitReader, layers: int) -> None:
    """Skip profile, tier and level (7.3.3)."""
    reader.bits(96)
    present = [(reader.bits(1), reader.bits(1)) for _ in range(layers)]
    if layers:
        reader.bits(2 * (8 - layers))
    for has_profile, has_level in present:
        reader.bits(88 * has_profile + 8 * has_level)
