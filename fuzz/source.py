"""Numbers, names and lists drawn from bytes, so that mutated bytes make mutated messages."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Source:
    """Takes values from the front of a byte string; what is missing is zero."""

    def __init__(self, data: bytes) -> None:
        """Begin at the first byte."""
        self._data = data
        self._position = 0

    def byte(self) -> int:
        """A number from 0 to 255."""
        return self._unpack("<B")

    def short(self) -> int:
        """A number from 0 to 65535."""
        return self._unpack("<H")

    def word(self) -> int:
        """A number from 0 to 2^32 - 1."""
        return self._unpack("<I")

    def real(self) -> float:
        """Any float64: NaN and infinity too."""
        return self._unpack("<d")

    def reals(self, count: int) -> list[float]:
        """Several of them."""
        return [self.real() for _ in range(count)]

    def choice(self, values: Sequence[T]) -> T:
        """One of the values."""
        return values[self.byte() % len(values)]

    def word_of(self, length: int) -> str:
        """A name of at most so many characters."""
        return self.take(length).decode("latin-1").rstrip("\0")

    def take(self, count: int) -> bytes:
        """The next bytes; fewer at the end."""
        piece = self._data[self._position : self._position + count]
        self._position += count
        return piece

    def rest(self) -> bytes:
        """All bytes that are left."""
        return self.take(len(self._data))

    def _unpack(self, layout: str) -> int | float:  # type: ignore[return]
        size = struct.calcsize(layout)
        return struct.unpack(layout, self.take(size).ljust(size, b"\0"))[0]
