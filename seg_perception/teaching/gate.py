"""Whether a taught model is better: asked points on stretches that nothing was learnt from."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Decision = Literal["better", "worse", "not proven", "no difference", "ask more", "no points"]
# A model that is not better passes in at most one of so many teachings, however often one looks.
ODDS = 20.0
_STEPS = 2000


@dataclass(frozen=True)
class GatePoint:
    """One answered point at which the models differ: which of them was right, if any."""

    old_right: bool
    new_right: bool


@dataclass(frozen=True)
class Verdict:
    """What the gate says.

    Attributes:
        decision: `better` alone hands a model out.
        asked: answered points at which old and new differ.
        new_right, old_right: how many of them each has right.
        differing: share of the kept-aside pixels at which they differ.
        gain, low, high: of the pixel accuracy on the kept-aside frames, with the bounds of its
            95 % interval.
        more: how many points should be asked yet.
    """

    decision: Decision
    asked: int
    new_right: int
    old_right: int
    differing: float
    gain: float
    low: float
    high: float
    more: int

    @property
    def passed(self) -> bool:
        """Whether the model may be handed out."""
        return self.decision == "better"

    def __str__(self) -> str:
        """The verdict in words."""
        return f"{_HEADS[self.decision].format(more=self.more)} {self._evidence()}".strip()

    def _evidence(self) -> str:
        if self.decision in ("no points", "no difference"):
            return ""
        if not self.asked:
            return f"Old and new differ on {self.differing:.1%} of the kept-aside pixels."
        return (
            f"Of {self.asked} kept-aside points where old and new differ, the new model is right "
            f"at {self.new_right}, the old one at {self.old_right}; they differ on "
            f"{self.differing:.1%} of the pixels, so that the share of right pixels changes by "
            f"{100 * self.gain:+.1f} points (95 % interval {100 * self.low:+.1f} to "
            f"{100 * self.high:+.1f})."
        )


_HEADS: dict[Decision, str] = {
    "better": "Better: this model may go out.",
    "worse": "No: the taught model is worse than the one before.",
    "not proven": "No: it is not proven that the taught model is better.",
    "no difference": "No: on the kept-aside frames the taught model says what the one before says; "
    "click on more errors and train again.",
    "ask more": "Not decided yet: answer {more} more points.",
    "no points": "No: there is nothing kept aside to prove it on; give a longer drive or more "
    "images.",
}


def judge(points: Iterable[GatePoint], differing: float, most: int, left: int) -> Verdict:
    """Decide on the points that were answered so far.

    Points where both models are wrong count for neither. Against "the new one is right no more
    often than the old one" stands a bet that grows with every point it wins (`evidence`). Its
    value exceeds `ODDS` with a chance of at most 1 / `ODDS` where the new model is not better,
    whenever one stops.

    Args:
        points: at which old and new differ, drawn evenly.
        differing: share of the kept-aside pixels at which they differ.
        most: points that may be asked.
        left: how many there are to be asked yet.
    """
    answered = list(points)
    new = sum(point.new_right for point in answered)
    old = sum(point.old_right for point in answered)
    gain, spread = _difference(new, old, len(answered))
    decision, more = _decide(new, old, len(answered), min(most, len(answered) + left))
    if not differing and not answered:
        decision, more = "no difference", 0
    low, high = max(gain - 1.96 * spread, -1.0), min(gain + 1.96 * spread, 1.0)
    bounds = (differing * gain, differing * low, differing * high)
    return Verdict(decision, len(answered), new, old, differing, *bounds, more)


def without_points() -> Verdict:
    """The verdict where nothing was kept aside."""
    return Verdict("no points", 0, 0, 0, 0.0, 0.0, 0.0, 0.0, 0)


def _decide(new: int, old: int, asked: int, most: int) -> tuple[Decision, int]:
    if evidence(new, old) >= ODDS:
        return "better", 0
    if evidence(old, new) >= ODDS:
        return "worse", 0
    if asked >= most:
        return "not proven", 0
    return "ask more", _wanted(new, old, asked, most)


def _wanted(new: int, old: int, asked: int, most: int) -> int:
    """Points that would decide if they went on as before; a dozen where nothing is known."""
    if asked < 8:
        return min(12, most - asked) if not asked else min(12 - asked, most - asked)
    for more in range(1, most - asked):
        grown = 1 + more / asked
        if max(evidence(round(new * grown), round(old * grown)), 0.0) >= ODDS:
            return more
        if evidence(round(old * grown), round(new * grown)) >= ODDS:
            return more
    return most - asked


@lru_cache(maxsize=4096)
def evidence(wins: int, losses: int) -> float:
    """The bet's value, an e-value; 1 without points.

    It is the mean of the likelihood ratios (2p)^wins (2 - 2p)^losses over the chances p above one
    half, weighed by (p - 1/2) (1 - p): few models that are better are so hardly or always.
    """
    total = weights = 0.0
    for step in range(_STEPS):
        place = (step + 0.5) / _STEPS
        weight = place * (1 - place)
        total += weight * math.exp(wins * math.log1p(place) + losses * math.log1p(-place))
        weights += weight
    return total / weights


def _difference(new: int, old: int, asked: int) -> tuple[float, float]:
    """Mean and deviation of the difference of both chances, each possible before any point."""
    alpha = (new + 1.0, old + 1.0, asked - new - old + 1.0)
    total = sum(alpha)
    one, other = alpha[0] / total, alpha[1] / total
    variance = (one * (1 - one) + other * (1 - other) + 2 * one * other) / (total + 1)
    return one - other, math.sqrt(variance)
