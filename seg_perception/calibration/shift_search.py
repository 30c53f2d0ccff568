"""Where the picture lies on the sensor, where it was cut and camera_info does not say so."""

from __future__ import annotations

import numpy as np

from seg_perception.alignment.evidence import WIDEST, Evidence, Matrix
from seg_perception.alignment.sums import HALVES
from seg_perception.alignment.window import Window

# How far a cut image is looked for, and in which steps, as shares of the picture's width. Less
# than the least is an error of mounting.
_FARTHEST, _STEP, _LEAST = 0.4, 1 / 80, 0.05
# Tops within so many steps are one; those of two halves of the edges lie within so many.
_NEAR_STEPS, _HALVES_STEPS = 3.0, 1.5
# More is tried than turns, and far fewer images are cut than turned.
_LEAST_Z, _LEAST_DISTINCTNESS = 6.0, 1.0
_FINER = (1 / 160, 1 / 320, 1 / 640)


def search_shift(evidence: Evidence, as_if: Matrix) -> tuple[float, float] | None:
    """The shift of the principal point that fits best (pixel); None where none surely does.

    Args:
        evidence: of one camera.
        as_if: float64 (4, 4), another mistake, applied to the scans in the optical frame.
    """
    width, height = evidence.size
    wide = evidence.placed(as_if=as_if, beside_view=WIDEST)
    across = np.arange(-_FARTHEST, _FARTHEST + _STEP, _STEP) * width
    down = across[np.abs(across) <= _FARTHEST * height]
    shifts = np.array([(right, low) for right in across for low in down])
    sums = wide.shifted_sums([(right, low) for right, low in shifts.tolist()])
    step = _STEP * width
    window = Window.of(shifts, sums.scores, np.full(2, _NEAR_STEPS * step))
    first, second = (shifts[int(sums.half(half).argmax())] for half in range(HALVES))
    is_clear = window.z >= _LEAST_Z and window.distinctness >= _LEAST_DISTINCTNESS
    agree = bool((np.abs(first - second) <= _HALVES_STEPS * step).all())
    if not (is_clear and agree and np.abs(window.top).max() > _LEAST * width):
        return None
    best = window.top
    for finer in _FINER:
        steps = width * finer * np.arange(-2, 3)
        near = best + np.array([(right, low) for right in steps for low in steps])
        tried = [(right, low) for right, low in near.tolist()]
        best = near[int(wide.shifted_sums(tried).scores.argmax())]
    return float(best[0]), float(best[1])
