"""Mutated bytes: the usual small damages, several at once, from seeds that are right."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

_TELLING = (0, 1, 0x7F, 0x80, 0xFF)
_MOST_BYTES = 1 << 14


def mutations(seeds: Sequence[bytes], seed: int) -> Iterator[bytes]:
    """The seeds themselves, then for ever mutations of them; the same for the same seed."""
    yield from seeds
    rng = random.Random(seed)  # noqa: S311 (no secret)
    while True:
        data = bytearray(rng.choice(seeds))
        for _ in range(rng.choice((1, 1, 2, 4, 16))):
            rng.choice(_DAMAGES)(data, rng)
        yield bytes(data[:_MOST_BYTES])


def _flip(data: bytearray, rng: random.Random) -> None:
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _set(data: bytearray, rng: random.Random) -> None:
    """A byte, or a run of up to eight, becomes extreme: lengths, NaN, the sign."""
    if data:
        first = rng.randrange(len(data))
        length = rng.choice((1, 1, 2, 4, 8))
        data[first : first + length] = bytes([rng.choice(_TELLING)]) * length


def _cut(data: bytearray, rng: random.Random) -> None:
    first = rng.randrange(len(data) + 1)
    del data[first : first + rng.choice((1, 4, 32, len(data)))]


def _repeat(data: bytearray, rng: random.Random) -> None:
    first = rng.randrange(len(data) + 1)
    data[first:first] = data[first : first + rng.choice((1, 4, 64))]


def _insert(data: bytearray, rng: random.Random) -> None:
    first = rng.randrange(len(data) + 1)
    data[first:first] = rng.randbytes(rng.choice((1, 4, 32)))


def _move(data: bytearray, rng: random.Random) -> None:
    first, second = rng.randrange(len(data) + 1), rng.randrange(len(data) + 1)
    length = rng.choice((1, 4, 16))
    data[first : first + length] = data[second : second + length]


_DAMAGES: tuple[Callable[[bytearray, random.Random], None], ...] = (
    *(_flip, _flip, _set, _set),
    *(_cut, _repeat, _insert, _move),
)
