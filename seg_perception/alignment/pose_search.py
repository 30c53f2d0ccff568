"""The place and the clock of a camera under which pictures fit best, all seven numbers at once.

Turns and moves stand for each other (pitch for down, yaw for right, 15 to 21 cm a degree), so the
search climbs from several starts; what it can't tell from nothing is left at nothing, moves and
the clock before turns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.alignment.evidence import Evidence
from seg_perception.alignment.pose import CLOCK, COMPONENTS, NONE, TURN, Values, change_of
from seg_perception.alignment.sums import Sums
from seg_perception.alignment.surface import Surface, terms

Mask = NDArray[np.bool_]

# Fewer moments than this can't tell moves from turns.
LEAST_MOMENTS = 4
# A top is about as wide.
_UNIT: Values = np.array([0.2, 0.2, 0.4, 0.04, 0.04, 0.08, 0.8])
# What a scan's spacing and the size of pixels leave, beside chance (one standard deviation).
_FLOOR: Values = np.array([0.05, 0.05, 0.07, 0.007, 0.007, 0.02, 0.15])
# Starts: a move, and the turn that looks like it.
_ALIKE = (
    NONE,
    *(
        sign * np.array(way)
        for sign in (1.0, -1.0)
        for way in (
            (0.0, 0.6, 0.0, 0.15, 0.0, 0.0, 0.0),
            (0.6, 0.0, 0.0, 0.0, -0.15, 0.0, 0.0),
            (0.0, 0.0, 0.0, 0.0, 0.0, 0.2, 0.0),
        )
    ),
)
_FIRST_ROUNDS, _LAST_ROUNDS, _CLIMBERS = 2, 4, 3
_TRIED, _ELITE, _WIDE = 120, 20, 3.0
# The best of a sample lie closer together than the top is wide.
_WIDER = 1.3
# Samples for each term of a surface, and how often it is fitted, each time narrower; less often
# where the place before was nearly the same.
_A_TERM, _POLISHES, _AGAIN, _NARROWER, _NARROWEST = 16, 3, 2, 0.7, 0.5
_DRAWS, _SEED = 300, 0
# Climbing needs no more edges than this.
_MOST = 10_000
# Wider intervals, of all components at once, than this know nothing.
_WIDEST: Values = np.array([1.0, 1.0, 2.0, 0.3, 0.3, 0.4, 5.0])
# Another place fits nearly as well where it is lower by less than this, in the window's sigmas.
_DISTINCT = 0.6


@dataclass(frozen=True, eq=False)
class PoseSearch:
    """What was found.

    Attributes:
        values: float64 (7,), by `COMPONENTS`; nothing where a component is not known.
        interval: float64 (7,), half the width of their 95 % intervals; 0: it was not searched.
        known: bool (7,), which differ from nothing by more than their interval.
        is_sure: whether no other place, not near it, fits nearly as well, and no component is
            known so badly that it might be anything.
        gain: how much better it fits than the start with the clock as given (sigmas).
    """

    values: Values
    interval: Values
    known: Mask
    is_sure: bool
    gain: float


def search_pose(
    evidence: Evidence, start: Values, none: Values, sigma: float, *, with_clock: bool
) -> PoseSearch:
    """Climb.

    Args:
        evidence: of at least `LEAST_MOMENTS` observations.
        start: float64 (7,), a rough one; a turn.
        none: float64 (7,), the calibration as given: nothing, but for the clock.
        sigma: of scores under wrong calibrations.
        with_clock: whether the clock is searched, too.
    """
    random = np.random.default_rng(_SEED)
    free = np.ones(len(COMPONENTS), bool)
    free[CLOCK] = with_clock
    fewer = evidence.thinned(_MOST)
    climbers = [_Climber(fewer, start + way * free, free, random) for way in _ALIKE]
    for climber in climbers:
        climber.climb(_FIRST_ROUNDS)
    climbers = sorted(climbers, key=lambda one: -one.score)[:_CLIMBERS]
    for climber in climbers:
        climber.climb(_LAST_ROUNDS)
    best, *others = sorted(climbers, key=lambda one: -one.score)
    found = _Polished.of(evidence, best.values, free, random, _POLISHES)
    apart = [one for one in others if (np.abs(one.values - found.values) > 3 * _UNIT).any()]
    is_sure = all(best.score - one.score >= _DISTINCT * sigma for one in apart)
    while (least := _least_known(found, none)) is not None:
        kept, given_up = found.free.copy(), found.interval
        kept[least] = False
        values = np.where(kept, found.values, none)
        found = _Polished.of(evidence, values, kept, random, _AGAIN)
        found.interval[~kept] = given_up[~kept]
    is_sure &= bool((found.interval <= _WIDEST).all())
    as_turned = np.where(np.arange(len(none)) == CLOCK, none, start)
    gain = best.score - float(_sums(fewer, as_turned[None]).scores[0])
    return PoseSearch(found.values, found.interval, found.free, is_sure, gain / sigma)


def _least_known(found: _Polished, none: Values) -> int | None:
    """The component that is least surely other than as given; None: all are. Turns come last."""
    with np.errstate(invalid="ignore", divide="ignore"):
        sure = np.abs(found.values - none) / found.interval
    doubtful = found.free & (sure <= 1)
    for some in (slice(TURN.stop, None), TURN):
        if doubtful[some].any():
            at = np.where(doubtful[some], sure[some], np.inf).argmin()
            return int(np.arange(len(COMPONENTS))[some][at])
    return None


def _tried(values: Values, free: Mask, steps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places around one, float64 (P, 7), by steps, float64 (P, free), in the tops' widths."""
    tried = np.repeat(values[None], len(steps), axis=0)
    tried[:, free] += steps * _UNIT[free]
    return tried


def _sums(evidence: Evidence, tried: NDArray[np.float64]) -> Sums:
    return evidence.sums([change_of(one) for one in tried], tried[:, CLOCK].tolist())


class _Climber:
    """A sample that moves to where its best are, and narrows (cross-entropy method)."""

    def __init__(
        self, evidence: Evidence, values: Values, free: Mask, random: np.random.Generator
    ) -> None:
        self.values, self.score = values, -np.inf
        self._evidence, self._free, self._random = evidence, free, random
        self._spread = _WIDE**2 * np.eye(int(free.sum()))

    def climb(self, rounds: int) -> None:
        """Move, so many times."""
        none = np.zeros(len(self._spread))
        for _ in range(rounds):
            steps = self._random.multivariate_normal(none, self._spread, size=_TRIED)
            steps[0] = 0
            tried = _tried(self.values, self._free, steps)
            scores = _sums(self._evidence, tried).scores
            elite = scores.argsort()[-_ELITE:]
            self.values, self.score = tried[elite].mean(axis=0), float(scores[elite].mean())
            self._spread = _WIDER * np.cov(steps[elite].T, bias=True) + 0.01 * np.eye(len(none))


@dataclass(frozen=True, eq=False)
class _Polished:
    """The top of a quadratic surface about a place, and its interval."""

    values: Values
    interval: Values
    free: Mask

    @classmethod
    def of(
        cls,
        evidence: Evidence,
        values: Values,
        free: Mask,
        random: np.random.Generator,
        rounds: int,
    ) -> _Polished:
        interval = np.zeros(len(COMPONENTS))
        if not free.any():
            return cls(values, interval, free)
        dimensions = int(free.sum())
        samples = _A_TERM * terms(dimensions)
        width = _NARROWEST / _NARROWER ** (rounds - 1)
        for _ in range(rounds):
            steps = width * random.uniform(-1, 1, (samples, dimensions))
            sums = _sums(evidence, _tried(values, free, steps))
            surface = Surface.through(steps, sums.scores)
            top = surface.top.clip(-width, width)
            values = _tried(values, free, top[None])[0]
            width *= _NARROWER
        spread = surface.spread(sums.drawn(_DRAWS, np.random.default_rng(_SEED))) * _UNIT[free]
        moments = len(evidence.observations)
        interval[free] = quantile(moments) * np.hypot(spread, _FLOOR[free])
        return cls(values, interval, free)


def quantile(moments: int) -> float:
    """By how many standard deviations 95 % of what so many moments give differ from the truth.

    Student's for as many moments less one, to 0.06 from four moments on.
    """
    freedom = max(moments - 1, 1)
    return 1.96 + 2.4 / freedom + 3.3 / freedom**2
