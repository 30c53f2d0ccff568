"""The voxels of a map as they are at one time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Voxels:
    """A map as it is at one time.

    Attributes:
        xyz: float64 (N, 3), metre, the middles of the voxels in the map's frame.
        labels: uint8 or uint16 (N,), the class with the largest count.
        confidence: float32 (N,), expected share of that class (mean of the Dirichlet
            distribution): about 0.5 after one certain vote, towards 1 as votes agree.
        counts: uint32 (N,), number of scans that voted.
        stamp_ns: of the newest scan.
        centre: float64 (3,), metre, where the robot was then.
    """

    xyz: NDArray[np.float64]
    labels: NDArray[np.uint8] | NDArray[np.uint16]
    confidence: NDArray[np.float32]
    counts: NDArray[np.uint32]
    stamp_ns: int
    centre: NDArray[np.float64]

    def __len__(self) -> int:
        """Count the voxels."""
        return len(self.labels)

    def only(self, wanted: NDArray[np.bool_]) -> Voxels:
        """Those where `wanted`, bool (N,), is true."""
        if wanted.all():
            return self
        return Voxels(
            self.xyz[wanted],
            self.labels[wanted],
            self.confidence[wanted],
            self.counts[wanted],
            self.stamp_ns,
            self.centre,
        )
