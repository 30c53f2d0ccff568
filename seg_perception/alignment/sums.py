"""Sums of what pictures say, kept apart as far as drawing them anew needs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Depth edges and reflectivity edges.
KINDS = 2
# Edges of one block of directions are of one group; every other group is of the other half.
GROUPS, HALVES = 16, 2


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums over the edges in view, for P calibrations, M observations, each kind and each group.

    Attributes:
        counts: float32 (P, M, 2, GROUPS), edges in view.
        totals: float32 (P, M, 2, GROUPS), sums of what the pictures say of them, each -1 to 1.
    """

    counts: NDArray[np.float32]
    totals: NDArray[np.float32]

    @property
    def scores(self) -> NDArray[np.float64]:
        """How well each calibration fits, float64 (P,): a kind's sum over the root of its count."""
        return _scores(*(part.sum(axis=(1, 3)) for part in (self.counts, self.totals)))

    def half(self, half: int) -> NDArray[np.float64]:
        """The same of every other block of directions."""
        chosen = np.arange(GROUPS) % HALVES == half
        return _scores(
            *(p.sum(axis=1)[:, :, chosen].sum(axis=2) for p in (self.counts, self.totals))
        )

    def drawn(self, draws: int, random: np.random.Generator) -> list[NDArray[np.float64]]:
        """Scores, float64 (draws, P), of recordings like this: observations and blocks redrawn.

        Returns:
            Two: with observations drawn anew, where there are several, and with blocks.
        """
        by_moment = [part.sum(axis=3).transpose(1, 0, 2) for part in (self.counts, self.totals)]
        by_group = [part.sum(axis=1).transpose(2, 0, 1) for part in (self.counts, self.totals)]
        parts = [by_group] if len(by_moment[0]) == 1 else [by_moment, by_group]
        return [_drawn(counts, totals, draws, random) for counts, totals in parts]

    @property
    def edges(self) -> NDArray[np.int64]:
        """How many edges are in view, int64 (P,)."""
        edges: NDArray[np.int64] = self.counts.sum(axis=(1, 2, 3)).astype(np.int64)
        return edges

    @property
    def busiest(self) -> int:
        """The observation with most edges in view, under the first calibration."""
        return int(self.counts[0].sum(axis=(1, 2)).argmax())


def joined(parts: Sequence[Sums]) -> Sums:
    """Calibrations of several, in their order."""
    return Sums(
        np.concatenate([part.counts for part in parts]),
        np.concatenate([part.totals for part in parts]),
    )


def _drawn(
    counts: NDArray[np.float32],
    totals: NDArray[np.float32],
    draws: int,
    random: np.random.Generator,
) -> NDArray[np.float64]:
    """Scores of N parts drawn with return, of float32 (N, P, 2)."""
    parts, shape = len(counts), (draws, *counts.shape[1:])
    weights = random.multinomial(parts, np.full(parts, 1 / parts), size=draws).astype(np.float32)
    sums = [(weights @ part.reshape(parts, -1)).reshape(shape) for part in (counts, totals)]
    return _scores(*sums)


def _scores(counts: NDArray[np.float32], totals: NDArray[np.float32]) -> NDArray[np.float64]:
    scores: NDArray[np.float64] = (totals / np.sqrt(np.maximum(counts, 1))).sum(
        axis=-1, dtype=np.float64
    )
    return scores
