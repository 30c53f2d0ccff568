"""What the pictures of a camera say of its place and its clock, from one search to the next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.alignment.evidence import Evidence, Matrix
from seg_perception.alignment.pose import (
    CLOCK,
    COMPONENTS,
    NONE,
    SHIFT,
    SHIFTS,
    TURN,
    Values,
    change_of,
    turned,
)
from seg_perception.alignment.pose_search import LEAST_MOMENTS, PoseSearch, search_pose
from seg_perception.alignment.rotation_search import (
    AXES,
    RotationSearch,
    search_rotation,
    turn,
)
from seg_perception.alignment.verdict import LEAST_EDGES, NONE_DEG, Level, judge
from seg_perception.calibration.clock_search import STEP_S, better_offset

# A search of the place ends where no turn about it fits better; so often it may begin again.
_ROUNDS = 3
# Where a place fits better by this than a turn does (sigmas), a turn alone says nothing.
_BETTER = 2.0
# Moves and clocks that are none, whatever their interval (metre, second).
_NONE_M, _NONE_S = 0.05, 0.005


@dataclass(frozen=True, eq=False)
class Finding:
    """The best place and clock.

    Attributes:
        search: for a turn: about the calibration as given; where a place was found, about that.
        pose: the place, its clock from that of `offset_s` on; None: only a turn was looked for.
        offset_s: of the camera's clock, that the searches began at (second).
        doubt: why nothing can be said although a turn may be clear; empty: nothing is.
    """

    search: RotationSearch
    pose: PoseSearch | None = None
    offset_s: float = 0.0
    doubt: str = ""

    @property
    def turn_deg(self) -> NDArray[np.float64]:
        """The turn under which pictures fit, float64 (3,), by `AXES`."""
        return self.search.turn_deg if self.pose is None else self.pose.values[TURN]

    @property
    def turn_interval_deg(self) -> NDArray[np.float64]:
        """Half the width of its 95 % interval, float64 (3,)."""
        return self.search.interval_deg if self.pose is None else self.pose.interval[TURN]

    @property
    def shift_m(self) -> NDArray[np.float64]:
        """The move after it, float64 (3,), by `SHIFTS`."""
        return NONE[SHIFT] if self.pose is None else self.pose.values[SHIFT]

    @property
    def shift_interval_m(self) -> NDArray[np.float64]:
        """Half the width of its 95 % interval, float64 (3,)."""
        return NONE[SHIFT] if self.pose is None else self.pose.interval[SHIFT]

    @property
    def clock_s(self) -> float:
        """What is to be added to the camera's stamps (second); 0 where that is not known."""
        if self.pose is None:
            return 0.0
        return self.offset_s + STEP_S * float(self.pose.values[CLOCK])

    @property
    def clock_steps(self) -> int:
        """The same in steps of the offsets that were looked at."""
        return round(self.clock_s / STEP_S)

    @property
    def clock_interval_s(self) -> float:
        """Half the width of its 95 % interval (second)."""
        return 0.0 if self.pose is None else STEP_S * float(self.pose.interval[CLOCK])

    @property
    def hinted_clock_s(self) -> float | None:
        """A clock that explains more, of too few moments to measure it (second); None: none."""
        return self.offset_s if self.pose is None and self.offset_s else None

    @property
    def known(self) -> tuple[str, ...]:
        """What of it is more than its interval: no other is corrected."""
        if self.pose is not None:
            return tuple(np.array(COMPONENTS)[self.pose.known].tolist())
        search = self.search
        surely = np.abs(search.turn_deg) > search.interval_deg
        return tuple(np.array(AXES)[surely].tolist())

    @property
    def change(self) -> Matrix:
        """What mends it, float64 (4, 4), in the optical frame: what is known."""
        if self.pose is not None:
            return change_of(self.pose.values)
        return turn(np.where([axis in self.known for axis in AXES], self.search.turn_deg, 0.0))

    def judge(self) -> tuple[Level, tuple[str, ...]]:
        """What it says, and why it says nothing.

        `good` means: as `verdict.judge` has it; and moved by no more than 5 cm, late by no more
        than 5 ms, or by no more than their intervals.
        """
        level, doubts = judge(self.search)
        if self.doubt:
            return "undecided", (*doubts, self.doubt)
        if level == "undecided" or self.pose is None:
            return level, doubts
        return ("good" if self._is_none else "off"), ()

    @property
    def _is_none(self) -> bool:
        none = np.array([*NONE_DEG, *(_NONE_M,) * len(SHIFTS), _NONE_S])
        values = np.array([*self.turn_deg, *self.shift_m, self.clock_s])
        interval = [*self.turn_interval_deg, *self.shift_interval_m, self.clock_interval_s]
        return bool((np.abs(values) <= np.maximum(none, interval)).all())

    @property
    def figures(self) -> str:
        """All of it with 95 % intervals, in words."""
        parts = [
            f"{axis} {best:+.2f} ± {half:.2f} deg"
            for axis, best, half in zip(AXES, self.turn_deg, self.turn_interval_deg, strict=True)
        ]
        parts += [
            f"{way} {100 * best:+.1f} ± {100 * half:.1f} cm"
            for way, best, half in zip(SHIFTS, self.shift_m, self.shift_interval_m, strict=True)
            if half
        ]
        if self.clock_interval_s:
            late, half = 1000 * self.clock_s, 1000 * self.clock_interval_s
            parts.append(f"clock {late:+.1f} ± {half:.1f} ms")
        return ", ".join(parts)

    def to_json(self) -> dict[str, Any]:
        """For machines."""
        search = self.search
        return {
            "edges": search.edges,
            "z": search.window.z,
            "distinctness": search.window.distinctness,
            "halves_deg": _by(AXES, search.halves_deg),
            "is_inside": search.is_inside,
            "turn_deg": _by(AXES, self.turn_deg),
            "interval_deg": _by(AXES, self.turn_interval_deg),
            "shift_m": _by(SHIFTS, self.shift_m),
            "shift_interval_m": _by(SHIFTS, self.shift_interval_m),
            "clock_s": self.clock_s,
            "clock_interval_s": self.clock_interval_s,
            "known": list(self.known),
        }


def _by(names: tuple[str, ...], values: NDArray[np.float64]) -> dict[str, float]:
    return dict(zip(names, values.tolist(), strict=True))


def find(evidence: Evidence, *, only_turn: bool = False) -> Finding:
    """Search the turn; with enough moments the place and the clock.

    Args:
        evidence: of one camera, with the calibration as given.
        only_turn: as if there were too few.
    """
    search = search_rotation(evidence)
    at = evidence.middle
    if evidence.offsets > 1 and search.edges >= LEAST_EDGES:
        at = better_offset(evidence, search)
    offset_s = STEP_S * (at - evidence.middle)
    few = len(evidence.observations) < LEAST_MOMENTS or search.edges < LEAST_EDGES
    if few or only_turn:
        return Finding(search, None, offset_s)
    there = evidence if at == evidence.middle else evidence.placed(at)
    turned_there = search if there is evidence else search_rotation(there)
    place = _place(there, turned_there, at - evidence.middle)
    if isinstance(place, str):
        return Finding(search, None, offset_s, doubt=place)
    pose, about = place
    return Finding(about, pose, offset_s)


def _place(
    evidence: Evidence, search: RotationSearch, steps: int
) -> tuple[PoseSearch, RotationSearch] | str:
    """Search the place from the best turn; again, where another turn fits better about it.

    Returns:
        It, and the search for a turn about it; else why not, empty: a turn will do.
    """
    none = NONE.copy()
    none[CLOCK] = -steps
    with_clock = evidence.offsets > 1
    values: Values = np.concatenate([search.turn_deg, NONE[SHIFT], NONE[CLOCK:]])
    for _ in range(_ROUNDS):
        pose = search_pose(evidence, values, none, search.window.sigma, with_clock=with_clock)
        about = search_rotation(evidence.moved(change_of(pose.values), pose.values[CLOCK]))
        if (np.abs(about.turn_deg) <= np.maximum(NONE_DEG, about.interval_deg)).all():
            break
        values = turned(pose.values, about.turn_deg)
    else:
        return "turns and moves that fit do not come to an end"
    if pose.is_sure:
        return (pose if pose.known[TURN.stop :].any() else _as_turn(pose, search)), about
    return "another place or clock fits better, but not which" if pose.gain > _BETTER else ""


def _as_turn(pose: PoseSearch, search: RotationSearch) -> PoseSearch:
    """A place that is only turned, as the search for a turn has it: that knows more.

    Beside moves that are searched, too, a turn is known less well than where they are as given.
    """
    values, interval, known = pose.values.copy(), pose.interval.copy(), pose.known.copy()
    interval[TURN] = search.interval_deg
    known[TURN] = np.abs(search.turn_deg) > search.interval_deg
    values[TURN] = np.where(known[TURN], search.turn_deg, 0.0)
    return replace(pose, values=values, interval=interval, known=known)
