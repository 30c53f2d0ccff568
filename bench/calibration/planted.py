"""Errors planted into a calibration that is known, and what the search says of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.alignment.evidence import Evidence
from seg_perception.alignment.observation import Observation
from seg_perception.alignment.rotation_search import search_rotation, turn
from seg_perception.alignment.verdict import judge

Turns = NDArray[np.float64]

# "Good" is false from here on, and what is found is right up to there (pitch, yaw, roll; degree).
FALSE_DEG = np.array([1.0, 1.0, 2.0])
RIGHT_DEG = np.array([0.75, 0.75, 1.5])
_SIZES_DEG = (0.5, 1.0, 2.0, 3.0)


@dataclass(frozen=True, eq=False)
class Case:
    """One planted turn.

    Attributes:
        recording: its name.
        moments: how many were looked at.
        planted_deg, left_deg: float64 (3,), what was planted; what is left after the correction.
        level: what was said.
    """

    recording: str
    moments: int
    planted_deg: Turns
    left_deg: Turns
    level: str

    @property
    def is_true(self) -> bool:
        """Whether nothing was planted."""
        return not self.planted_deg.any()

    @property
    def is_false_good(self) -> bool:
        """Whether a wrong calibration was called good."""
        return self.level == "good" and bool((np.abs(self.planted_deg) >= FALSE_DEG).any())

    @property
    def is_false_alarm(self) -> bool:
        """Whether the published pose was called off by what it can't be."""
        return self.level == "off" and self.is_true and not self.is_right

    @property
    def is_right(self) -> bool:
        """Whether the search lands at the published pose."""
        return bool((np.abs(self.left_deg) <= RIGHT_DEG).all())


def planted_turns(seed: int) -> list[Turns]:
    """None; each size along all axes, either way by chance; one at random."""
    random = np.random.default_rng(seed)
    sizes = [size * random.choice([-1, 1], 3) for size in _SIZES_DEG]
    return [np.zeros(3), *sizes, random.uniform(-3, 3, 3)]


def cases(name: str, moments: Sequence[Observation], seed: int) -> Iterator[Case]:
    """Plant each turn and search."""
    evidence = Evidence(moments)
    for planted in planted_turns(seed):
        search = search_rotation(evidence.placed(as_if=turn(planted)))
        level, _ = judge(search)
        yield Case(name, len(moments), planted, search.turn_deg + planted, level)
