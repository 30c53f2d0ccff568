"""Reads numbers bit by bit, as the headers of H.264 and H.265 hold them."""

from __future__ import annotations

from seg_perception.core.errors import ImageError

_ESCAPED, _PLAIN = b"\x00\x00\x03", b"\x00\x00"
# A number of more bits than that stands nowhere in a header.
_LONGEST = 32


class BitReader:
    """The bits of a NAL unit behind its header, without the bytes that escape start codes."""

    def __init__(self, unit: bytes) -> None:
        """Begin at the first bit."""
        self._data = unit.replace(_ESCAPED, _PLAIN)
        self._position = 0

    def bits(self, count: int) -> int:
        """The next bits as a number.

        Raises:
            ImageError: the unit ends before.
        """
        end = self._position + count
        if end > 8 * len(self._data):
            msg = "video: a header is cut off; check the link"
            raise ImageError(msg)
        first, last = self._position // 8, (end + 7) // 8
        number = int.from_bytes(self._data[first:last], "big") >> (8 * last - end)
        self._position = end
        return number & ((1 << count) - 1)

    def unsigned(self) -> int:
        """An Exp-Golomb number (ITU-T H.264, 9.1).

        Raises:
            ImageError: the unit ends before, or the number is longer than any may be.
        """
        zeros = 0
        while not self.bits(1):
            zeros += 1
            if zeros > _LONGEST:
                msg = "video: a header is damaged; check the link"
                raise ImageError(msg)
        return (1 << zeros) - 1 + self.bits(zeros)

    def signed(self) -> int:
        """A signed Exp-Golomb number (ITU-T H.264, 9.1.1)."""
        number = self.unsigned()
        return (number + 1) // 2 if number % 2 else -(number // 2)
