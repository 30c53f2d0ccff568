"""Do two pictures say the same of the same points?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from seg_perception.fusion.transfer import Transfer


@dataclass(frozen=True)
class Evidence:
    """Weights of what was compared.

    Attributes:
        against: of what contradicts.
        total: of everything.
    """

    against: float = 0.0
    total: float = 0.0

    def __add__(self, other: Evidence) -> Evidence:
        """Both together."""
        return Evidence(self.against + other.against, self.total + other.total)

    @property
    def share(self) -> float:
        """What contradicts, 0 to 1; NaN where nothing was compared."""
        return self.against / self.total if self.total > 0 else math.nan


def compare_views(one: Transfer, other: Transfer, unknown_id: int) -> Evidence:
    """The labels that two pictures give to one cloud, point by point.

    A point counts as much as the less sure of the two: two sure answers that differ are worth
    a look, for one of them is wrong. The transfer has made edges and doubtful views unsure.
    """
    both = (one.labels != unknown_id) & (other.labels != unknown_id)
    weight = np.minimum(one.confidence[both], other.confidence[both])
    differs = one.labels[both] != other.labels[both]
    return Evidence(float(weight[differs].sum()), float(weight.sum()))
