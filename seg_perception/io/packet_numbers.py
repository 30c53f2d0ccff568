"""Whether the numbers that a sender gives to its packets show that one is missing."""

from __future__ import annotations


class PacketNumbers:
    """Numbers in the order of their packets.

    They tell nothing where they count something else than packets, such as microseconds, nor
    where they go back and forth, as with B-frames.
    """

    def __init__(self) -> None:
        """Start before the first."""
        self._last: int | None = None
        self._counts = False
        self._reordered = False

    def follows(self, number: int | None) -> bool:
        """Take the next number; False where packets before it are missing."""
        step = None if number is None or self._last is None else number - self._last
        self._last = number
        if step is None or step == 1:
            self._counts |= step == 1
            return True
        self._reordered |= step < 0
        return self._reordered or not self._counts
