"""What changes from one picture to the next, and no motion does: its way up, its colours.

Two pictures in a row are nearly the same, so that one of them turned, or with red and blue in each
other's places, is told from it by a few cells. What a camera's first picture was like counts as
right.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.issue_kinds import pictures
from seg_perception.core.issue_kinds.kind import IssueKind
from seg_perception.core.picture_facts import Cells

_LIKE, _UNLIKE = 0.8, 0.5
# Of 255: in greyer pictures red and blue can change places, and nothing changes.
_LEAST_COLOUR = 3.0


class Step(Protocol):
    """One way in which pictures change at once, and back."""

    kind: IssueKind

    def happened(self, now: Cells, before: Cells) -> bool:
        """Whether it did between two pictures, float32 (9, 16, 3), RGB."""
        ...


class Turned:
    """The picture stands on its head."""

    kind = pictures.TURNED

    def happened(self, now: Cells, before: Cells) -> bool:
        """Whether only the picture turned by 180 degrees is like the one before."""
        light, earlier = now.mean(axis=2), before.mean(axis=2)
        turned = correlation(light[::-1, ::-1], earlier)
        return turned > _LIKE and correlation(light, earlier) < _UNLIKE


class Swapped:
    """Red and blue have changed places."""

    kind = pictures.SWAPPED

    def happened(self, now: Cells, before: Cells) -> bool:
        """Whether light is where it was, and red is where blue was."""
        if correlation(now[..., 1], before[..., 1]) < _LIKE:
            return False
        red, earlier = now[..., 0] - now[..., 2], before[..., 0] - before[..., 2]
        is_coloured = float(earlier.std()) > _LEAST_COLOUR
        return is_coloured and correlation(red, earlier) < -_LIKE


def correlation(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Of the values of two arrays of a shape, -1 to 1; 0 where one of them is even."""
    one, other = one - one.mean(), other - other.mean()
    norm = float(np.sqrt((one * one).sum() * (other * other).sum()))
    return float((one * other).sum()) / norm if norm > 0 else 0.0


STEPS: tuple[Step, ...] = Turned(), Swapped()
