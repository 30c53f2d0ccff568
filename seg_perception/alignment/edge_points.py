"""Places of a scan that should show in the picture: pairs of neighbouring beams across a step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class EdgePoints:
    """Steps of a scan, each between two beams.

    Attributes:
        edge: float64 (N, 3), metre; before the step.
        outside: float64 (N, 3), metre; one beam on, as far away as the edge.
    """

    edge: NDArray[np.float64]
    outside: NDArray[np.float64]

    def __len__(self) -> int:
        """Count them."""
        return len(self.edge)
