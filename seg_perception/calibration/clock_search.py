"""Another clock of the camera under which pictures fit clearly better than under the given one."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.alignment.evidence import Evidence
from seg_perception.alignment.observation import Observation
from seg_perception.alignment.rotation_search import RotationSearch, search_window, turn

# Offsets that are looked at (second); the middle one is none. A top is gone at five steps.
STEP_S = 0.01
OFFSETS_S = tuple(STEP_S * step for step in range(-10, 11))
# Where the robot turns more slowly than this, no clock that is looked at moves an edge far.
_SLOW_RAD_S = 0.15
_FEWEST_SLOW = 2
_TURN_STEP_DEG, _FAR_STEPS, _NEAR_STEPS = 0.5, 7, 2
# A clock has to explain so much more, in the window's sigmas.
_CLEARLY = 2.0
# The window's sigma is that of so many edges.
_MOST = 10_000


def better_offset(evidence: Evidence, search: RotationSearch) -> int:
    """Which offset of the camera's clock fits clearly better; the middle one: none does.

    An error of the mounting must not pass for one of the clock, so turns are tried along: pitch
    and yaw far about none, and little about the best turn, and about the best of the moments at
    which the robot turns slowly, which hardly depends on the clock.
    """
    tried = _about(np.zeros(3), _FAR_STEPS)
    for top in (search.window.top, *_slow_top(evidence)):
        tried += _about(top, _NEAR_STEPS)
    changes = [turn(one) for one in tried]
    best = [
        float(evidence.placed(at).thinned(_MOST).sums(changes).scores.max())
        for at in range(evidence.offsets)
    ]
    at = int(np.argmax(best))
    clear = best[at] - best[evidence.middle] > _CLEARLY * search.window.sigma
    return at if clear else evidence.middle


def _about(base: NDArray[np.float64], steps: int) -> list[NDArray[np.float64]]:
    turns = _TURN_STEP_DEG * np.arange(-steps, steps + 1)
    return [base + np.array([pitch, yaw, 0.0]) for pitch in turns for yaw in turns]


def _slow_top(evidence: Evidence) -> list[NDArray[np.float64]]:
    """The best turn of the slow moments, where these are some, but not all."""
    seen = evidence.observations
    slow = [one for one in seen if turn_rate_rad_s(one) < _SLOW_RAD_S]
    if not _FEWEST_SLOW <= len(slow) < len(seen):
        return []
    return [search_window(Evidence(slow)).top]


def turn_rate_rad_s(seen: Observation) -> float:
    """How fast the camera turns at a moment (radian a second)."""
    T = seen.T_camera_lidar
    known = np.flatnonzero(np.isfinite(T).all(axis=(1, 2)))
    first, last = int(known[0]), int(known[-1])
    if first == last:
        return 0.0
    between = T[last][:3, :3] @ T[first][:3, :3].T
    return float(np.linalg.norm(cv2.Rodrigues(between)[0])) / ((last - first) * STEP_S)
