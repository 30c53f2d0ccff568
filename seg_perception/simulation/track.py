"""The winding loop that the forest track follows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_STEP_M = 0.1


@dataclass(frozen=True)
class Track:
    """A closed curve in the plane, sampled at equal distances.

    Attributes:
        points: float64 (n, 2), metre, world frame, without the repeated first point.
        tangent: float64 (n, 2), unit vectors along it.
        length_m: once around.
    """

    points: Array
    tangent: Array
    length_m: float

    def at(self, arc_m: Array, lateral_m: Array) -> tuple[Array, Array]:
        """Places along and beside the track.

        Args:
            arc_m: float64 (n,), distance along the track, any number of rounds.
            lateral_m: float64 (n,), to the left of it.

        Returns:
            Position, float64 (n, 2), metre, and heading, float64 (n,), radian.
        """
        index = np.asarray(arc_m) / self.length_m * len(self.points)
        low = np.floor(index).astype(int)
        share = (index - low)[..., None]
        a, b = low % len(self.points), (low + 1) % len(self.points)
        point = (1 - share) * self.points[a] + share * self.points[b]
        tangent = (1 - share) * self.tangent[a] + share * self.tangent[b]
        normal = np.stack([-tangent[..., 1], tangent[..., 0]], axis=-1)
        position: Array = point + np.asarray(lateral_m)[..., None] * normal
        return position, np.arctan2(tangent[..., 1], tangent[..., 0])


def make_track(rng: np.random.Generator, radius_m: float) -> Track:
    """Bend a circle by a few harmonics and sample it evenly.

    Args:
        rng: where the bends come from.
        radius_m: mean radius.
    """
    angle = np.linspace(0, 2 * np.pi, 4001)
    radius = np.ones_like(angle)
    for harmonic, amplitude in ((2, 0.10), (3, 0.08), (5, 0.035), (7, 0.018)):
        phase = rng.uniform(0, 2 * np.pi)
        radius += amplitude * rng.uniform(0.6, 1.0) * np.cos(harmonic * angle + phase)
    curve = radius_m * radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    step = np.linalg.norm(np.diff(curve, axis=0), axis=1)
    arc = np.concatenate([[0.0], np.cumsum(step)])
    count = int(arc[-1] / _STEP_M)
    even = np.arange(count) * arc[-1] / count
    points = np.stack([np.interp(even, arc, curve[:, axis]) for axis in (0, 1)], axis=1)
    tangent = np.roll(points, -1, axis=0) - np.roll(points, 1, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    return Track(points, tangent, float(arc[-1]))
