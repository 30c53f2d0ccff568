"""Whether another clock of the camera would explain the pictures better than its mounting does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seg_perception.alignment.evidence import Evidence
from seg_perception.alignment.rotation_search import RotationSearch, around, turn
from seg_perception.alignment.verdict import judge

# Offsets that are looked at (second); none is among them.
OFFSETS_S = (0.0, *(sign * 0.02 * k for k in range(1, 6) for sign in (-1, 1)))
_TURN_STEP_DEG, _TURN_STEPS = 0.5, 3
# A clock has to explain so much more, in the window's sigmas.
_CLEARLY = 2.0


def better_offset(
    evidence: Evidence, search: RotationSearch, offsets_s: Sequence[float]
) -> float | None:
    """The offset of the camera's clock (second) under which pictures fit better; None: none.

    Turns are tried along, since an error of the mounting must not pass for one of the clock: about
    the best one where that is sure, else about the given one.
    """
    tried = around(_TURN_STEP_DEG, _TURN_STEPS)
    if judge(search)[0] != "undecided":
        tried = tried + search.window.top
    changes = [turn(one) for one in tried]
    best = [float(evidence.placed(at).sums(changes).scores.max()) for at in range(len(offsets_s))]
    at = int(np.argmax(best))
    clear = best[at] - best[0] > _CLEARLY * search.window.sigma
    return offsets_s[at] if at and clear else None
