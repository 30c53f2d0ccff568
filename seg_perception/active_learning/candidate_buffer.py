"""The candidates that are kept until the whole bag is known; never more than a fixed number."""

from __future__ import annotations

import heapq
import math

import numpy as np

from seg_perception.active_learning.candidate import Candidate

_KEPT = 4000


class _Top:
    """The candidates with the highest values; of equal ones the earlier."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._heap: list[tuple[float, int, Candidate]] = []

    def add(self, value: float, candidate: Candidate) -> None:
        if math.isnan(value) or value <= 0:
            return
        entry = (value, -candidate.index, candidate)
        if len(self._heap) < self._limit:
            heapq.heappush(self._heap, entry)
        else:
            heapq.heappushpop(self._heap, entry)

    def candidates(self) -> list[Candidate]:
        return [entry[2] for entry in self._heap]


class CandidateBuffer:
    """The most uncertain, denied and unfamiliar, those with most of each class, and a fair sample.

    The sample (reservoir sampling, Vitter 1985, algorithm R) stands for the rest of the bag,
    so that diversity has something to choose from.
    """

    def __init__(self, class_count: int, seed: int, kept: int = _KEPT) -> None:
        """Start empty.

        Args:
            class_count: of the ontology.
            seed: of the sample.
            kept: by each criterion; for all classes together as many.
        """
        self._uncertain, self._denied, self._unfamiliar = _Top(kept), _Top(kept), _Top(kept)
        self._by_class = [_Top(max(8, kept // class_count)) for _ in range(class_count)]
        self._sample: list[Candidate] = []
        self._seen = 0
        self._kept = kept
        self._rng = np.random.default_rng(seed)

    def add(self, candidate: Candidate) -> None:
        """Keep it where it is among the best, or by chance."""
        self._uncertain.add(candidate.uncertainty, candidate)
        self._denied.add(candidate.disagreement, candidate)
        self._unfamiliar.add(candidate.unfamiliarity, candidate)
        for index in np.flatnonzero(candidate.shares):
            self._by_class[index].add(float(candidate.shares[index]), candidate)
        self._draw(candidate)

    def candidates(self) -> list[Candidate]:
        """Everything that was kept, once, in order of time."""
        tops = (self._uncertain, self._denied, self._unfamiliar, *self._by_class)
        found = {c.index: c for top in tops for c in top.candidates()}
        found.update({c.index: c for c in self._sample})
        return [found[index] for index in sorted(found)]

    def _draw(self, candidate: Candidate) -> None:
        self._seen += 1
        if len(self._sample) < self._kept:
            self._sample.append(candidate)
            return
        place = int(self._rng.integers(self._seen))
        if place < self._kept:
            self._sample[place] = candidate
