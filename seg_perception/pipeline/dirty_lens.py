"""Dirt that has come onto the glass: parts of the picture that lost their texture and stand still.

A cell of the picture is taken for dirt where its texture is a small part of what it was lately,
more than in the rest of the picture, and where its light stays the same while others' changes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from seg_perception.core.picture_facts import Cells, PictureFacts
from seg_perception.core.types import NANOSECONDS

_EVERY_NS = NANOSECONDS // 2
# Of the last second.
_LOOKS = 3
# Less texture than this can't be lost.
LEAST_TEXTURE = 1.5
LOST = 0.35
# Grey levels between the lightest and the darkest of a second, in a picture of usual light.
_STILL, MOVING, _USUAL_LIGHT = 4.0, 8.0, 90.0
_LEAST_STILL = 1.5
# Sky and mud may be most of a picture.
LEAST_MOVING = 0.25


@dataclass
class RecentLight:
    """The light of a camera's cells during the last second, in three pictures.

    Attributes:
        looks: float32 (9, 16) each.
    """

    looks: deque[Cells] = field(default_factory=lambda: deque(maxlen=_LOOKS))
    _slot: int = -1

    def add(self, facts: PictureFacts, stamp_ns: int) -> None:
        """Take note of a picture."""
        slot = stamp_ns // _EVERY_NS
        if slot != self._slot:
            self.looks.append(facts.colours.mean(axis=2))
            self._slot = slot

    def clear(self) -> None:
        """Begin anew, as after a stretch without pictures."""
        self.looks.clear()

    @property
    def change(self) -> Cells | None:
        """By how much each cell changed; None: too few pictures, or too few cells move."""
        if len(self.looks) < _LOOKS:
            return None
        change: Cells = np.ptp(np.array(self.looks), axis=0)
        moving = float(np.percentile(change, 100 * (1 - LEAST_MOVING)))
        return change if moving >= MOVING * dimness(self.looks[-1]) else None

    @property
    def still(self) -> float:
        """A cell that changes less stands still."""
        return still_below(self.looks[-1])


def dimness(light: Cells) -> float:
    """How dark a picture with such cells is, 1 where it is light enough."""
    return min(1.0, float(light.mean()) / _USUAL_LIGHT)


def still_below(light: Cells) -> float:
    """A cell that changes by less grey levels stands still."""
    return max(_LEAST_STILL, _STILL * dimness(light))


def dirty_share(facts: PictureFacts, usual: Iterable[Cells], light: RecentLight) -> float | None:
    """Share of the cells that are dirty, 0 to 1; None where it can't be told.

    Args:
        facts: of the picture.
        usual: texture of earlier, sound pictures, float32 (9, 16) each.
        light: of the last second.
    """
    change = light.change
    if change is None:
        return None
    before = np.median(np.array(list(usual)), axis=0)
    left = facts.texture / np.maximum(before, 1e-3)
    # Dusk, haze and blur take texture everywhere.
    lost = left < LOST * min(1.0, float(np.median(left)))
    dirty = lost & (before > LEAST_TEXTURE) & (change < light.still)
    return float(dirty.mean())
