"""What rays meet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.simulation.noise import Floats


@dataclass(frozen=True)
class RayHits:
    """Where each ray first meets a triangle.

    Attributes:
        distance: float32 (n,), in lengths of the direction; inf where it meets none.
        triangle: int32 (n,), -1 where none.
        normal: float32 (n, 3), of the triangle, of any length.
    """

    distance: Floats
    triangle: NDArray[np.int32]
    normal: Floats
