"""When a search for the rotation may speak, and what it says then."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from seg_perception.alignment.rotation_search import AXES, REACH_DEG, RotationSearch

# Measured by the benchmark of the calibration: below them wrong calibrations are certified.
LEAST_EDGES, LEAST_Z, LEAST_DISTINCTNESS = 50, 4.5, 0.6
MOST_HALVES_DEG = np.array([0.75, 0.75, 1.5])
# A turn is known where its interval is at most this wide, and none where it is at most that.
_WIDEST_DEG = np.array([0.6, 0.6, 1.2])
NONE_DEG = np.array([0.25, 0.25, 0.5])

Level = Literal["good", "off", "undecided"]
RECORD = (
    "record four moments or more, at different places, with near and far objects (trunks, poles, "
    "cars or people within 30 m), while turning slowly"
)


def judge(search: RotationSearch) -> tuple[Level, tuple[str, ...]]:
    """What a search says, and why it says nothing.

    `good` means: off by no more than 0.25 degrees in pitch and yaw and 0.5 in roll, or by no more
    than its own interval.
    """
    if doubts := tuple(_doubts(search)):
        return "undecided", doubts
    most = np.maximum(NONE_DEG, search.interval_deg)
    return ("good" if (np.abs(search.turn_deg) <= most).all() else "off"), ()


def _doubts(search: RotationSearch) -> Iterator[str]:
    window = search.window
    if search.edges < LEAST_EDGES:
        yield f"{search.edges} edges of the scans are in view, expected {LEAST_EDGES}"
    if not search.is_inside:
        yield f"the best turn lies at the border of the {REACH_DEG:g} deg that are searched"
    if window.z < LEAST_Z:
        yield f"the best turn hardly stands out (z {window.z:.1f}, expected {LEAST_Z})"
    if window.distinctness < LEAST_DISTINCTNESS:
        yield (
            "another turn fits nearly as well (distinct by "
            f"{window.distinctness:.2f}, expected {LEAST_DISTINCTNESS})"
        )
    for axis, apart, most in zip(AXES, search.halves_deg, MOST_HALVES_DEG, strict=True):
        if apart > most:
            yield f"two halves of the edges lie {apart:.1f} deg of {axis} apart"
    for axis, half, most in zip(AXES, search.interval_deg, _WIDEST_DEG, strict=True):
        if half > most:
            yield f"{axis} is known to {half:.1f} deg only"
