"""Chooses frames one after the other: each the one that adds most to those before it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.active_learning.candidate import Candidate, Descriptors
from seg_perception.active_learning.class_frequency import ClassFrequency
from seg_perception.active_learning.config import MiningConfig
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import NANOSECONDS

_TELLING = 0.35


@dataclass(frozen=True)
class Choice:
    """A frame that is worth labelling.

    Attributes:
        candidate: the frame.
        score: the sum of its parts.
        parts: what each criterion added at the moment of the choice.
        reasons: sentences, the weightiest one first.
    """

    candidate: Candidate
    score: float
    parts: dict[str, float]
    reasons: tuple[str, ...]


class Selection:
    """Greedy choice: surprise by surprise, and far from what is there already.

    Diversity is the distance to the nearest frame chosen before (farthest-point sampling,
    Gonzalez 1985); a class counts less each time that it was chosen already.
    """

    def __init__(
        self,
        candidates: list[Candidate],
        frequency: ClassFrequency,
        config: MiningConfig,
        ontology: Ontology,
    ) -> None:
        """Weigh what does not depend on the order."""
        self._candidates = candidates
        self._frequency, self._config = frequency, config
        self._names = [c.name for c in ontology.classes]
        self._descriptors = Descriptors(candidates)
        self._open = np.ones(len(candidates), np.bool_)
        self._nearest: NDArray[np.float32] = np.full(len(candidates), np.inf, np.float32)
        self._reach = self._descriptors.reach()
        self._shown = np.array([frequency.shows(c) for c in candidates])
        self._rare = np.array([frequency.surprise(int(n)) for n in frequency.shown])
        self._times_chosen = np.zeros(len(self._names), np.int64)
        self._uncertain = self._surprises("uncertainty")
        self._denied = self._surprises("disagreement")
        self._unfamiliar = self._surprises("unfamiliarity")
        self._can_tell = not all(math.isnan(c.unfamiliarity) for c in candidates)

    def choose(self) -> list[Choice]:
        """As many frames as are wanted, or as there are; the most valuable one first."""
        chosen: list[Choice] = []
        while len(chosen) < self._config.count and self._open.any():
            parts = self._parts()
            total = np.where(self._open, sum(parts.values()), -np.inf)
            best = int(np.argmax(total))
            chosen.append(self._explain(best, {n: float(p[best]) for n, p in parts.items()}))
            self._take(best)
        return chosen

    def _parts(self) -> dict[str, NDArray[np.float64]]:
        config = self._config
        novelty = self._rare / (1 + self._times_chosen)
        rarest = np.where(self._shown, novelty, 0.0).max(axis=1)
        told = {"unfamiliarity": config.unfamiliarity * self._unfamiliar} if self._can_tell else {}
        return {
            "uncertainty": config.uncertainty * self._uncertain,
            "disagreement": config.disagreement * self._denied,
            **told,
            "rarity": config.rarity * rarest,
            "diversity": config.diversity * self._distances(),
        }

    def _distances(self) -> NDArray[np.float64]:
        """To the nearest chosen frame, of what is far in this bag; 0 before the first choice."""
        if self._reach <= 0 or not np.isfinite(self._nearest).any():
            return np.zeros(len(self._candidates))
        shares: NDArray[np.float64] = np.minimum(self._nearest.astype(float) / self._reach, 1.0)
        return shares

    def _take(self, best: int) -> None:
        self._times_chosen += self._shown[best]
        self._nearest = np.minimum(self._nearest, self._descriptors.distance(best))
        taken = self._candidates[best]
        gap_ns = max(1, round(self._config.min_gap_s * NANOSECONDS))
        for place, other in enumerate(self._candidates):
            if other.camera == taken.camera and abs(other.stamp_ns - taken.stamp_ns) < gap_ns:
                self._open[place] = False

    def _surprises(self, criterion: str) -> NDArray[np.float64]:
        values = [getattr(c, criterion) for c in self._candidates]
        counts = getattr(self._frequency, criterion)
        return np.array(
            [
                0.0 if math.isnan(v) or v <= 0 else self._frequency.surprise(counts.at_least(v))
                for v in values
            ]
        )

    def _explain(self, best: int, parts: dict[str, float]) -> Choice:
        """Every part that says something, or at least the largest one."""
        strongest = max(parts, key=lambda name: parts[name])
        telling = [
            name
            for name in sorted(parts, key=lambda name: -parts[name])
            if name == strongest or parts[name] >= _TELLING * getattr(self._config, name) > 0
        ]
        candidate = self._candidates[best]
        sentences = tuple(self._sentence(name, best) for name in telling)
        return Choice(candidate, sum(parts.values()), parts, sentences)

    def _sentence(self, name: str, best: int) -> str:
        candidate, frames = self._candidates[best], self._frequency.frames
        if name == "uncertainty":
            rank = self._frequency.uncertainty.at_least(candidate.uncertainty)
            ranked = _ranked(rank, "least sure", frames)
            return f"mean confidence {1 - candidate.uncertainty:.0%}: {ranked}"
        if name == "disagreement" and not math.isnan(candidate.disagreement):
            rank = self._frequency.disagreement.at_least(candidate.disagreement)
            ranked = _ranked(rank, "most denied", frames)
            share = f"{candidate.disagreement:.1%}"
            return f"neighbouring frames or cameras deny {share} of its labels: {ranked}"
        if name == "unfamiliarity" and candidate.unfamiliarity < 1:
            rank = self._frequency.unfamiliarity.at_least(candidate.unfamiliarity)
            times = candidate.unfamiliarity / (1 - candidate.unfamiliarity)
            ranked = _ranked(rank, "least familiar", frames)
            return f"{times:.1f} times the distance of places that the model knows: {ranked}"
        if name == "rarity":
            return self._rarity_sentence(best)
        if not np.isfinite(self._nearest[best]):
            return "the first choice"
        return f"unlike the frames chosen before it (distance {self._nearest[best]:.2f} of 1)"

    def _rarity_sentence(self, best: int) -> str:
        novelty = np.where(self._shown[best], self._rare / (1 + self._times_chosen), -1.0)
        rarest = int(np.argmax(novelty))
        share, count = self._candidates[best].shares[rarest], int(self._frequency.shown[rarest])
        return (
            f"shows {self._names[rarest]} ({share:.1%} of the picture), "
            f"as {count} of {self._frequency.frames} frames do"
        )


def _ranked(rank: int, how: str, frames: int) -> str:
    return f"the {how} of {frames} frames" if rank == 1 else f"among the {rank} {how} of {frames}"
