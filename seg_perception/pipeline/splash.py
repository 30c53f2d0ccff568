"""Mud that comes onto the glass at once: cells lose their texture from one picture to the next.

Those cells are remembered with what they had before, and watched: they are dirt while they stay
dull and keep their light, as others' changes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.picture_facts import Cells, PictureFacts
from seg_perception.core.types import NANOSECONDS
from seg_perception.pipeline.dirty_lens import (
    LEAST_MOVING,
    LEAST_TEXTURE,
    LOST,
    MOVING,
    dimness,
    still_below,
)

# Five of the 144 cells, lost at once; three of them stay dull.
_LEAST, _LEAST_STAYING = 0.034, 0.02
# Pictures farther apart differ by what moves.
_AT_ONCE_NS = 3 * NANOSECONDS // 5
# Until then the scene has to have moved; then it is looked at anew.
_LOOK_NS = 3 * NANOSECONDS // 2


@dataclass
class Splash:
    """Cells that went dull at once.

    Attributes:
        cells: bool (9, 16).
        texture: float32 (9, 16), what each had before.
        since_ns: of the first picture that shows it.
        least, most: float32 (9, 16), light of each cell since the look began.
        is_borne_out: the scene moved meanwhile.
        share: of the picture, that is dull and stands still.
    """

    cells: NDArray[np.bool_]
    texture: Cells
    since_ns: int
    least: Cells
    most: Cells
    is_borne_out: bool = False
    share: float = 0.0

    @classmethod
    def between(
        cls, before: PictureFacts, now: PictureFacts, apart_ns: int, stamp_ns: int
    ) -> Splash | None:
        """What one picture has lost of the one before it; None: little, or they are far apart."""
        cells = _dull(now, before.texture) & (before.texture > LEAST_TEXTURE)
        if apart_ns > _AT_ONCE_NS or cells.mean() < _LEAST:
            return None
        light = _light(now)
        return cls(cells, before.texture, stamp_ns, light, light, share=float(cells.mean()))

    def see(self, facts: PictureFacts, stamp_ns: int) -> bool:
        """Take in the next picture; whether it is still there."""
        light = _light(facts)
        self.least, self.most = np.minimum(self.least, light), np.maximum(self.most, light)
        change = self.most - self.least
        stays = self.cells & _dull(facts, self.texture) & (change < still_below(light))
        self.share = float(stays.mean())
        moving = float(np.percentile(change, 100 * (1 - LEAST_MOVING)))
        self.is_borne_out |= moving >= MOVING * dimness(light)
        if stamp_ns - self.since_ns >= _LOOK_NS:
            if not self.is_borne_out:
                return False
            self.least, self.most, self.since_ns = light, light, stamp_ns
        return self.share >= _LEAST_STAYING


def _dull(now: PictureFacts, texture: Cells) -> NDArray[np.bool_]:
    """Cells with a small part of a texture, smaller than the picture as a whole."""
    left = now.texture / np.maximum(texture, 1e-3)
    dull: NDArray[np.bool_] = left < LOST * min(1.0, float(np.median(left)))
    return dull


def _light(facts: PictureFacts) -> Cells:
    light: Cells = facts.colours.mean(axis=2)
    return light
