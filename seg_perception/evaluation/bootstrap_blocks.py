"""Cuts a drive into blocks of time, so that the bootstrap has something to draw."""

from __future__ import annotations

from seg_perception.core.types import NANOSECONDS

SHORTEST_S = 10
MOST = 64


class BootstrapBlocks:
    """Names the block of a stamp; their number is bounded, however long the drive is."""

    def __init__(self, sequence: str, duration_s: float) -> None:
        """Take the drive's name and its length."""
        self._sequence = sequence
        self._length_s = max(SHORTEST_S, -(-int(duration_s) // MOST))
        self._start_ns: int | None = None

    def name(self, stamp_ns: int) -> str:
        """The block, counted from the first stamp that was asked for."""
        if self._start_ns is None:
            self._start_ns = stamp_ns
        number = (stamp_ns - self._start_ns) // (self._length_s * NANOSECONDS)
        first_s = min(max(number, -MOST), 2 * MOST) * self._length_s
        return f"{self._sequence} {first_s}-{first_s + self._length_s} s"
