"""Which frames are kept aside: whole stretches of a drive, since neighbours look alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_STRETCHES = 12
# So many frames a stretch, or there are fewer stretches.
_FEWEST_FRAMES = 2
_FEWEST_STRETCHES = 3
# Of a stretch, at both of its ends: what lies nearer to the other part is in neither.
_MARGIN = 0.1


@dataclass(frozen=True)
class Stretches:
    """Which frames of a drive go where, as places in the list that was given.

    Attributes:
        teach: may be learnt from.
        gate: whole stretches that only prove.
    """

    teach: tuple[int, ...]
    gate: tuple[int, ...]


def split_stretches(times: Sequence[int], share: float, seed: int) -> Stretches:
    """Keep whole stretches aside, with a margin between the parts.

    A drive of so few frames that no stretches can be made of it is for teaching alone: then there
    is nothing to prove with, which the gate says.

    Args:
        times: of the frames, in any unit and order.
        share: of the stretches that is kept aside, 0 to 1.
        seed: chooses them.
    """
    order = np.argsort(np.asarray(times), kind="stable")
    count = min(_STRETCHES, len(order) // _FEWEST_FRAMES)
    if count < _FEWEST_STRETCHES or share <= 0:
        return Stretches(tuple(range(len(order))), ())
    parts = list(np.array_split(order, count))
    kept = _spread(count, max(1, round(share * count)), seed)
    teach = [_inner(parts, n, kept) for n in range(count) if n not in kept]
    gate = [_inner(parts, n, kept) for n in sorted(kept)]
    return Stretches(_places(teach), _places(gate))


def _spread(count: int, wanted: int, seed: int) -> frozenset[int]:
    """So many numbers below `count`, one from each of as many equal pieces."""
    rng = np.random.default_rng(seed)
    pieces = np.array_split(np.arange(count), wanted)
    return frozenset(int(rng.choice(piece)) for piece in pieces)


def _inner(
    parts: Sequence[NDArray[np.intp]], number: int, kept: frozenset[int]
) -> NDArray[np.intp]:
    """A stretch without its margins to the other part."""
    part = parts[number]
    margin = int(len(part) * _MARGIN)
    differs = [
        0 <= other < len(parts) and (other in kept) != (number in kept)
        for other in (number - 1, number + 1)
    ]
    first, last = (margin if other else 0 for other in differs)
    return part[first : len(part) - last]


def _places(parts: Sequence[NDArray[np.intp]]) -> tuple[int, ...]:
    return tuple(int(place) for part in parts for place in part)
