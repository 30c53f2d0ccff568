"""A rolling shutter: each row of an image has its own time, and the camera moves meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from seg_perception.geometry.camera import CameraModel
from seg_perception.geometry.projection import Hits

Edge = Literal["top", "bottom", "left", "right"]

# From the middle of the read-out on. The place in the image changes the time by the motion's
# share of the image, a few hundredths, and each round takes the error down by as much.
_ROUNDS = 3


@dataclass(frozen=True, eq=False)
class RollingShutter:
    """The camera's motion while one image is read out.

    Attributes:
        T_first, T_last: float64 (4, 4), from the cloud into the camera's optical frame when
            the first and when the last line is exposed.
        first: the edge of the image that is exposed first.
    """

    T_first: NDArray[np.float64]
    T_last: NDArray[np.float64]
    first: Edge = "top"

    def equals(self, other: RollingShutter) -> bool:
        """Whether the motion is the same to the last digit."""
        return (
            np.array_equal(self.T_first, other.T_first)
            and np.array_equal(self.T_last, other.T_last)
            and self.first == other.first
        )

    def hits(self, camera: CameraModel, xyz: NDArray[np.floating[Any]]) -> Hits:
        """Find the points that land in the image, each where it is when its line is exposed.

        Between first and last line points move in straight lines: of the arc on which a
        turning camera sees them that takes away an eighth of the angle squared.

        Args:
            camera: the camera model.
            xyz: float32 or float64 (N, 3), metre, the cloud's frame.
        """
        start, end = camera.columns(xyz, self.T_first), camera.columns(xyz, self.T_last)
        in_view = camera.roughly_in_view(start) | camera.roughly_in_view(end)
        index = np.flatnonzero(in_view)
        start = start.take(index, axis=1)
        way = end.take(index, axis=1) - start
        share: NDArray[np.floating[Any]] = np.full(len(index), 0.5, start.dtype)
        for _ in range(_ROUNDS):
            x, y, depth = start + share * way
            u, v, inside = camera.image(x, y, depth)
            share = self._share(camera, u, v)
        distance = camera.field.distance(x, y, depth)
        inside &= distance > 0
        return Hits(index, u, v, distance).only(inside)

    def _share(
        self, camera: CameraModel, u: NDArray[np.floating[Any]], v: NDArray[np.floating[Any]]
    ) -> NDArray[np.floating[Any]]:
        """How much of the read-out is over at a pixel, 0 to 1."""
        upright = self.first in ("top", "bottom")
        share = (v + 0.5) / camera.height if upright else (u + 0.5) / camera.width
        share = np.nan_to_num(np.clip(share, 0, 1)).astype(u.dtype)
        return share if self.first in ("top", "left") else 1 - share
