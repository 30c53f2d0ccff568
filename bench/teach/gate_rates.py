"""How often the gate lets a taught model out, over draws of its points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.teach.places import Place
from seg_perception.teaching.gate import ODDS, evidence

POINTS = (10, 20, 30, 40, 50, 60)


def gate_rates(
    place: Place, old: Sequence[NDArray[Any]], new: Sequence[NDArray[Any]], draws: int, seed: int
) -> dict[str, Any]:
    """Decisions over many draws of points at which two models differ, as the page draws them.

    Args:
        place: kept-aside frames, with truth.
        old, new: labels of both models.
        draws: how many.
        seed: of the draws.

    Returns:
        `differ`, `old_right` and `new_right` as shares; `passed` by the number of points.
    """
    wins, losses, differing, known = [], [], 0, 0
    for frame, (before, after) in enumerate(zip(old, new, strict=True)):
        asked = (before != after) & (place.truths[frame] != 255)
        differing += int(asked.sum())
        known += int((place.truths[frame] != 255).sum())
        right = [place.right(labels, frame)[asked] for labels in (before, after)]
        # Both may be right: ids of an ontology that the masks hold for one.
        losses.append(right[0])
        wins.append(right[1])
    if not differing:
        return {"differ": 0.0, "passed": dict.fromkeys(POINTS, 0.0)}
    won, lost = np.concatenate(wins), np.concatenate(losses)
    rng = np.random.default_rng(seed)
    passed = np.zeros(len(POINTS))
    for _ in range(draws):
        drawn = rng.integers(len(won), size=POINTS[-1])
        passed += _passed(won[drawn], lost[drawn])
    return {
        "differ": differing / max(known, 1),
        "old_right": float(lost.mean()),
        "new_right": float(won.mean()),
        "passed": dict(zip(POINTS, (passed / draws).tolist(), strict=True)),
    }


def _passed(won: NDArray[np.bool_], lost: NDArray[np.bool_]) -> NDArray[np.float64]:
    """For each number of points whether the model is out by then."""
    new = np.cumsum(won & ~lost)
    old = np.cumsum(lost & ~won)
    out = np.zeros(len(POINTS))
    for place in range(len(won)):
        if evidence(int(old[place]), int(new[place])) >= ODDS:
            return out
        if evidence(int(new[place]), int(old[place])) >= ODDS:
            out[[place < most for most in POINTS]] = 1
            return out
    return out
