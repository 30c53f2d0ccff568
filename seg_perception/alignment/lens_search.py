"""Whether pictures would fit a camera's scans with another focal length, and with which."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.alignment.evidence import Evidence
from seg_perception.alignment.rotation_search import turn
from seg_perception.alignment.sums import HALVES
from seg_perception.alignment.window import Window

Matrix = NDArray[np.float64]

# Focal lengths from 0.70 to 1.42 times the given one, in steps that move a picture's border by 5 %
# of half its width; with each, turns of pitch and yaw, which a wrong lens is often mixed with.
_STEP, _STEPS = 0.05, 7
_TURN_STEP_DEG, _TURN_STEPS = 0.5, 4
# Tops within this of each other are one: step of the focal length, degrees of pitch and yaw.
_NEAR = np.array([1.01, 1.25, 1.25])
_FINE, _FINE_STEPS = 0.01, 6
_MOST = 10_000
# A lens that is off by less is not told from chance; tops of two halves lie within a step.
_LEAST, _HALVES_STEPS = 0.06, 1.5
# Measured: with focal lengths of 0.8, 0.9 and 1.25 times the true ones z is 5.1 to 16, the
# distinctness 2.0 to 12.5.
_LEAST_Z, _LEAST_DISTINCTNESS = 4.5, 1.5


@dataclass(frozen=True, eq=False)
class LensSearch:
    """What the window holds.

    Attributes:
        focal: times the given focal length, the best.
        turn_deg: float64 (3,), pitch, yaw and roll (which is none) that go with it.
        window: how far the top stands out.
        halves_steps: how far the tops of two halves of the edges lie apart.
        is_inside: whether the top lies within the window, not at its border.
    """

    focal: float
    turn_deg: NDArray[np.float64]
    window: Window
    halves_steps: float
    is_inside: bool

    @property
    def is_another(self) -> bool:
        """Whether the pictures surely belong to another focal length than the given one."""
        is_clear = self.window.z >= _LEAST_Z and self.window.distinctness >= _LEAST_DISTINCTNESS
        agree = self.halves_steps <= _HALVES_STEPS and self.is_inside
        return is_clear and agree and abs(np.log(self.focal)) >= _LEAST

    @property
    def change(self) -> Matrix:
        """The same applied to the scans in the optical frame, float64 (4, 4)."""
        return _change(np.log(self.focal), self.turn_deg)


def search_lens(evidence: Evidence) -> LensSearch:
    """Search the window, and refine its top; a sixth of the time of a search for a turn."""
    tried = _grid(_STEPS)
    few = evidence.thinned(_MOST)
    sums = few.sums([_change(_STEP * step, [p, y, 0.0]) for step, p, y in tried.tolist()])
    window = Window.of(tried, sums.scores, _NEAR)
    first, second = (tried[int(sums.half(half).argmax())] for half in range(HALVES))
    turn_deg = np.array([*window.top[1:], 0.0])
    near = _STEP * window.top[0] + _FINE * np.arange(-_FINE_STEPS, _FINE_STEPS + 1)
    scores = evidence.sums([_change(log, turn_deg) for log in near.tolist()]).scores
    return LensSearch(
        focal=float(np.exp(near[int(scores.argmax())])),
        turn_deg=turn_deg,
        window=window,
        halves_steps=float(abs(first[0] - second[0])),
        is_inside=bool(abs(window.top[0]) < _STEPS),
    )


def _grid(steps: int) -> NDArray[np.float64]:
    """Steps of the focal length with pitch and yaw (degree), float64 (P, 3)."""
    focal = np.arange(-steps, steps + 1, dtype=np.float64)
    turns = _TURN_STEP_DEG * np.arange(-_TURN_STEPS, _TURN_STEPS + 1)
    return np.stack(np.meshgrid(focal, turns, turns, indexing="ij"), axis=-1).reshape(-1, 3)


def _change(log_focal: float, turn_deg: NDArray[np.float64] | list[float]) -> Matrix:
    """Scans seen through a longer lens are wider: x and y grow, depths stay."""
    focal = np.exp(log_focal)
    change: Matrix = np.diag([focal, focal, 1.0, 1.0]) @ turn(np.asarray(turn_deg, np.float64))
    return change
