"""How far a picture is from those that a model was trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class PictureDistance:
    """A picture's distance, and those of its parts; 1 is the edge of what is known.

    Attributes:
        whole: of the picture.
        cells: float32 (rows, columns), of each part of a coarse grid over the network's picture.
    """

    whole: float
    cells: NDArray[np.float32]

    @property
    def is_known(self) -> bool:
        """Whether the picture is one that the model should know."""
        return self.whole <= 1

    def trust(self) -> NDArray[np.float32]:
        """What is left of the confidence, float32 (rows, columns), 1 and below.

        A part is trusted less as it, or the whole picture, is farther than the edge.
        """
        farther = np.maximum(self.cells, np.float32(self.whole))
        return np.asarray(1 / np.maximum(farther, 1), np.float32)
