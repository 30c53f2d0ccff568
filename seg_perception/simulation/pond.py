"""A pond beside the track: the bowl it lies in, and its surface."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seg_perception.simulation.noise import Floats
from seg_perception.simulation.shapes import Array, Mesh, mesh
from seg_perception.simulation.track import Track

# Where the track has nothing beside it that people built.
_ARC_M = 53.0
_BELOW_TRACK_M, _DEPTH_M, _BANK_M, _SLOPE = 0.35, 0.8, 0.2, 0.22
_DEEP, _SHORE, _RIM = 0.9, 1.2, 1.5
"""Shares of the radius: where the depths end, the water, and the banks."""
_CORNERS = 48


@dataclass(frozen=True)
class Pond:
    """Level water.

    Attributes:
        centre: float64 (2,), metre, world.
        radius_m: about as far it reaches.
        level_m: height of its surface, world.
    """

    centre: Array
    radius_m: float
    level_m: float

    @classmethod
    def beside(cls, track: Track, edge_m: float, radius_m: float, height_m: float) -> Pond:
        """A pond on the track's inner side.

        Args:
            track: the loop.
            edge_m: from its centre to its edge.
            radius_m: of the pond.
            height_m: of the ground under the track, there.
        """
        place, _ = track.at(np.array([_ARC_M]), np.array([edge_m + 0.6 + _RIM * radius_m]))
        return cls(place[0], radius_m, height_m - _BELOW_TRACK_M)

    @staticmethod
    def shore(track: Track) -> Array:
        """Where the track passes it, float64 (2,), metre."""
        place: Array = track.at(np.array([_ARC_M]), np.zeros(1))[0][0]
        return place

    def dug(self, x: Floats, y: Floats, height: Floats, ragged: Floats) -> Floats:
        """The ground, float32 (h, w), metre, with the bowl in it.

        Args:
            x, y: float32 (h, w), metre.
            height: float32 (h, w), metre, without the pond.
            ragged: float32 (h, w), moves the shore in and out.
        """
        away = np.hypot(x - self.centre[0], y - self.centre[1]) / self.radius_m + 0.1 * ragged
        bank = self.level_m + _BANK_M
        # Land rises gently from the water, and nowhere beside it lies lower.
        highest = bank + _SLOPE * self.radius_m * np.maximum(away - _SHORE, 0)
        lowest = height + (bank - height) * (1 - _smooth((away - _SHORE) / (_RIM - _SHORE)))
        land = np.minimum(np.maximum(height, lowest), np.maximum(highest, bank))
        bed = self.level_m - _DEPTH_M
        ground: Floats = bed + (land - bed) * _smooth((away - _DEEP) / (_SHORE - _DEEP))
        return ground.astype(np.float32)

    def mesh(self) -> Mesh:
        """Its surface; where the land is higher it lies underground."""
        angle = np.arange(_CORNERS) * 2 * np.pi / _CORNERS
        rim = self.centre + 1.3 * self.radius_m * np.column_stack([np.cos(angle), np.sin(angle)])
        corners = np.column_stack(
            [np.vstack([rim, self.centre]), np.full(_CORNERS + 1, self.level_m)]
        )
        fan = np.array([(i, (i + 1) % _CORNERS, _CORNERS) for i in range(_CORNERS)])
        return mesh(corners, fan, "pond")


def _smooth(share: Floats) -> Floats:
    """From 0 to 1 without a kink."""
    inside: Floats = np.clip(share, 0, 1)
    return inside * inside * (3 - 2 * inside)
