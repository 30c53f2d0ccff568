"""People and vehicles that follow the track."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seg_perception.simulation.shapes import Array, Mesh
from seg_perception.simulation.terrain import Terrain
from seg_perception.simulation.track import Track


@dataclass(frozen=True)
class Mover:
    """Something that goes along the track at a steady pace.

    Attributes:
        mesh: standing on the origin, facing +x.
        arc_m: where along the track it is at time zero.
        lateral_m: how far to the left of the track's centre it keeps.
        speed_mps: along the track; negative comes towards the start.
    """

    mesh: Mesh
    arc_m: float
    lateral_m: float
    speed_mps: float

    @property
    def radius_m(self) -> float:
        """Radius of a ball around `centre_height_m` that holds it."""
        centred = self.mesh.vertices - np.array([0, 0, self.centre_height_m], np.float32)
        return float(np.linalg.norm(centred, axis=1).max())

    @property
    def centre_height_m(self) -> float:
        """Height of its middle above the ground."""
        return float(self.mesh.vertices[:, 2].max()) / 2

    def pose(self, track: Track, terrain: Terrain, time_s: Array) -> tuple[Array, Array]:
        """Where it stands at some times.

        Returns:
            Position, float64 (n, 3), metre, in the world and yaw, float64 (n,), radian.
        """
        arc = self.arc_m + self.speed_mps * np.asarray(time_s, float)
        place, heading = track.at(arc, np.full(arc.shape, self.lateral_m))
        height = terrain.height(place[..., 0], place[..., 1])
        facing = heading if self.speed_mps >= 0 else heading + np.pi
        return np.concatenate([place, height[..., None]], axis=-1), facing

    def velocity(self, track: Track, terrain: Terrain, time_s: float) -> Array:
        """Its velocity, float64 (3,), in the world, metre a second, by central difference."""
        times = np.array([time_s - 0.02, time_s + 0.02])
        position, _ = self.pose(track, terrain, times)
        velocity: Array = (position[1] - position[0]) / 0.04
        return velocity
