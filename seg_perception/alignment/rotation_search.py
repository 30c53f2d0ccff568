"""The rotation under which pictures fit a camera's scans best, searched for all three axes at once.

Curves along one axis at a time find local tops and certify wrong calibrations; only the top of the
whole window says something, and only where it stands out of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.alignment.evidence import Evidence
from seg_perception.alignment.sums import HALVES, Sums
from seg_perception.alignment.window import Window

Matrix = NDArray[np.float64]
Turns = NDArray[np.float64]

# About x (right), y (down) and z (forward) of the optical frame.
AXES = ("pitch", "yaw", "roll")
REACH_DEG, _STEP_DEG = 4.0, 0.5
# Tops within this of each other are one.
NEAR_DEG = np.array([1.25, 1.25, 2.5])
# The interval is looked for within so many steps of the top; the top itself is then refined.
_WIDE_DEG, _WIDE_STEPS = 0.2, 5
_FINE_DEG, _FINE_STEPS = 0.05, 4
_DRAWS, _SEED = 200, 0
# The window needs no more edges than this: a top that stands out does so among fewer.
_MOST = 10_000
# What a scan's spacing and the size of pixels leave, beside chance (degree).
_FLOOR_DEG = 0.03


@dataclass(frozen=True, eq=False)
class RotationSearch:
    """What the window holds.

    Attributes:
        turn_deg: float64 (3,), the best, by `AXES`.
        interval_deg: float64 (3,), half the width of its 95 % interval.
        window: how far the top stands out.
        halves_deg: float64 (3,), how far the tops of two halves of the edges lie apart.
        is_inside: whether the top lies within the window, not at its border.
        edges: in view, at the top.
    """

    turn_deg: Turns
    interval_deg: Turns
    window: Window
    halves_deg: Turns
    is_inside: bool
    edges: int


def search_rotation(evidence: Evidence) -> RotationSearch:
    """Search the window, and refine its top."""
    turns, sums, window = _window(evidence)
    first, second = (turns[int(sums.half(half).argmax())] for half in range(HALVES))
    refined, interval = _refined(evidence, window.top)
    return RotationSearch(
        turn_deg=refined,
        interval_deg=interval,
        window=window,
        halves_deg=np.abs(first - second),
        is_inside=bool((np.abs(window.top) < REACH_DEG).all()),
        edges=int(sums.edges[int(sums.scores.argmax())]),
    )


def search_window(evidence: Evidence) -> Window:
    """Search the window alone, which takes two thirds of the time."""
    return _window(evidence)[2]


def _window(evidence: Evidence) -> tuple[Turns, Sums, Window]:
    turns = around(_STEP_DEG, round(REACH_DEG / _STEP_DEG))
    sums = evidence.thinned(_MOST).sums([turn(one) for one in turns])
    return turns, sums, Window.of(turns, sums.scores, NEAR_DEG)


def turn(degrees: Turns) -> Matrix:
    """A turn, float64 (3,), about x, y and z at once, as float64 (4, 4)."""
    T = np.eye(4)
    T[:3, :3] = cv2.Rodrigues(np.radians(degrees))[0]
    return T


def around(step: float, count: int) -> Turns:
    """Turns around none, float64 ((2 count + 1)**3, 3), degree."""
    steps = step * np.arange(-count, count + 1)
    return np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)


def _refined(evidence: Evidence, top: Turns) -> tuple[Turns, Turns]:
    """The top near a turn of the grid, and half its 95 % interval."""
    wide = top + around(_WIDE_DEG, _WIDE_STEPS)
    sums = evidence.sums([turn(one) for one in wide])
    tops = [
        wide[scores.argmax(axis=1)] for scores in sums.drawn(_DRAWS, np.random.default_rng(_SEED))
    ]
    spread = np.max([one.std(axis=0) for one in tops], axis=0)
    top = wide[int(sums.scores.argmax())]
    fine = top + around(_FINE_DEG, _FINE_STEPS)
    scores = evidence.sums([turn(one) for one in fine]).scores
    return _middle(fine, scores), 1.96 * np.hypot(spread, _FLOOR_DEG)


def _middle(turns: Turns, scores: NDArray[np.float64]) -> Turns:
    """The mean of the best twentieth: a top is as wide as the beams are apart, and ragged."""
    best = scores >= np.quantile(scores, 0.95)
    mean: Turns = turns[best].mean(axis=0)
    return mean
