"""Where points appear in an image: all of them, or those that land in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.geometry.radial_profile import Floats


@dataclass(frozen=True, eq=False)
class Projection:
    """Where points appear.

    Attributes:
        uv: float32 (N, 2), pixel; integers are pixel centres; NaN where not valid.
        depth: float32 (N,), metre along the optical axis; with `fisheye_angle_deg` from the
            camera's centre.
        valid: bool (N,), in front, within the field of view and in the image.
    """

    uv: NDArray[np.float32]
    depth: NDArray[np.float32]
    valid: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Hits:
    """The M of N points that land in an image.

    Attributes:
        index: intp (M,), rising, which points.
        u, v: float (M,), pixel.
        depth: float (M,), metre, as of a Projection.
    """

    index: NDArray[np.intp]
    u: Floats
    v: Floats
    depth: Floats

    def only(self, wanted: NDArray[np.bool_]) -> Hits:
        """Those of the hits where `wanted`, bool (M,), is true."""
        if wanted.all():
            return self
        kept = np.flatnonzero(wanted)
        return Hits(
            self.index.take(kept), self.u.take(kept), self.v.take(kept), self.depth.take(kept)
        )
