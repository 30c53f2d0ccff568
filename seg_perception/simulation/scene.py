"""A forest that rays can be sent into."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.simulation.layout import Layout, SceneStyle
from seg_perception.simulation.movers import Mover
from seg_perception.simulation.noise import Floats
from seg_perception.simulation.raycaster import Raycaster
from seg_perception.simulation.shapes import Array, merge
from seg_perception.simulation.surfaces import SKY, SURFACES
from seg_perception.simulation.terrain import Terrain
from seg_perception.simulation.track import make_track


@dataclass(frozen=True)
class Hits:
    """What each ray of an image or a sweep met first.

    Attributes:
        distance: float32 (h, w), metre for unit directions; inf in the sky.
        surface: uint8 (h, w), numbers of surfaces.
        normal: float32 (h, w, 3), unit, towards the viewer.
        rgb: float32 (h, w, 3), linear albedo.
        mover: int8 (h, w), index into the scene's movers; -1 where it stands still.
    """

    distance: Floats
    surface: NDArray[np.uint8]
    normal: Floats
    rgb: Floats
    mover: NDArray[np.int8]


class Scene:
    """Ground, plants, buildings and whoever moves among them."""

    def __init__(self, seed: int, style: SceneStyle | None = None) -> None:
        """Let the forest grow.

        Args:
            seed: the same seed grows the same forest.
            style: what kind of forest.
        """
        style = style or SceneStyle()
        rng = np.random.default_rng([seed, 1])
        self.track = make_track(rng, style.track_radius_m)
        self.terrain = Terrain(seed, self.track, style.ground)
        layout = Layout(rng, self.track, self.terrain, style)
        ground = self.terrain.mesh()
        still = merge([ground, *layout.everything()])
        self.movers: tuple[Mover, ...] = tuple(layout.movers())
        self._ground_count = len(ground.triangles)
        self._ground_rgb = _ground_colours(style)
        self._surface = np.append(still.surface, np.uint8(SKY))
        self._rgb = np.concatenate([still.rgb, SURFACES.rgb[SKY : SKY + 1]])
        self._caster = Raycaster(still)
        self._mover_casters = [Raycaster(mover.mesh) for mover in self.movers]

    @property
    def triangle_count(self) -> int:
        """Triangles that stand still."""
        return len(self._surface) - 1

    def cast(self, origins: Floats, directions: Floats, time_s: Array) -> Hits:
        """Send rays out.

        Args:
            origins, directions: float32 (h, w, 3), world frame, unit directions.
            time_s: (w,), when each column is sent.
        """
        flat = directions.reshape(-1, 3)
        found = self._caster.cast(origins.reshape(-1, 3), flat)
        shape = directions.shape[:2]
        distance = found.distance.reshape(shape)
        normal = found.normal.reshape(directions.shape)
        normal /= np.sqrt(np.einsum("hwc,hwc->hw", normal, normal))[..., None] + np.float32(1e-20)
        triangle = found.triangle.reshape(shape)
        mover = np.full(shape, -1, np.int8)
        hits = Hits(distance, self._surface[triangle], normal, self._rgb[triangle], mover)
        ground = (triangle >= 0) & (triangle < self._ground_count)
        self._resolve_ground(hits, ground, origins, directions)
        for index in range(len(self.movers)):
            self._cast_mover(index, hits, origins, directions, time_s)
        _face_viewer(hits.normal, directions)
        return hits

    def lit(self, points: Floats, sun: Floats, time_s: float) -> NDArray[np.bool_]:
        """Say of points (n, 3) whether the sun in direction (3,) reaches them."""
        directions = np.broadcast_to(sun, points.shape)
        blocked = self._caster.blocked(points, directions)
        for mover, caster in zip(self.movers, self._mover_casters, strict=True):
            place, yaw = mover.pose(self.track, self.terrain, np.array([time_s]))
            near = np.flatnonzero(_passes_ball(points, directions, place[0], mover))
            if len(near):
                local = _rotate_about_z(points[near] - place[0], -yaw)
                blocked[near] |= caster.blocked(local, _rotate_about_z(directions[near], -yaw))
        return ~blocked

    def _resolve_ground(
        self, hits: Hits, ground: NDArray[np.bool_], origins: Floats, directions: Floats
    ) -> None:
        """Ask the terrain what it is where rays meet it."""
        reach = np.where(ground, hits.distance, np.float32(0))
        x = origins[..., 0] + reach * directions[..., 0]
        y = origins[..., 1] + reach * directions[..., 1]
        surface, normal = self.terrain.classify(x, y)
        hits.surface[ground] = surface[ground]
        hits.normal[ground] = normal[ground]
        hits.rgb[ground] = self._ground_rgb[surface[ground]]

    def _cast_mover(
        self, index: int, hits: Hits, origins: Floats, directions: Floats, time_s: Array
    ) -> None:
        """Send the rays that pass near a mover through it, each at its own time."""
        mover = self.movers[index]
        place, yaw = mover.pose(self.track, self.terrain, time_s)
        near = _passes_ball(origins, directions, place, mover)
        row, column = np.nonzero(near)
        if len(row) == 0:
            return
        local_origin = _rotate_about_z(origins[row, column] - place[column], -yaw[column])
        local_direction = _rotate_about_z(directions[row, column], -yaw[column])
        found = self._mover_casters[index].cast(local_origin, local_direction)
        first = np.flatnonzero(found.distance < hits.distance[row, column])
        row, column, triangle = row[first], column[first], found.triangle[first]
        normal = _rotate_about_z(found.normal[first], yaw[column])
        hits.distance[row, column] = found.distance[first]
        hits.surface[row, column] = mover.mesh.surface[triangle]
        hits.rgb[row, column] = mover.mesh.rgb[triangle]
        hits.normal[row, column] = normal / np.linalg.norm(normal, axis=1, keepdims=True)
        hits.mover[row, column] = index


def _ground_colours(style: SceneStyle) -> Floats:
    colours = SURFACES.rgb.copy()
    leafy = SURFACES.translucency > 0
    colours[leafy] *= np.array(style.foliage_tint, np.float32)
    return colours


def _face_viewer(normal: Floats, directions: Floats) -> None:
    away = np.einsum("hwc,hwc->hw", normal, directions) > 0
    normal[away] *= -1


def _passes_ball(origins: Floats, directions: Floats, place: Array, mover: Mover) -> NDArray[np.bool_]:
    """Rays (..., 3) that come near a mover standing at `place`, broadcast over rays."""
    centre = (place + [0, 0, mover.centre_height_m]).astype(np.float32)
    to_centre = centre - origins
    along = np.einsum("...c,...c->...", to_centre, directions)
    square = np.einsum("...c,...c->...", to_centre, to_centre)
    radius = np.float32((mover.radius_m + 0.05) ** 2)
    near: NDArray[np.bool_] = (square - along * along < radius) & ((along > 0) | (square < radius))
    return near


def _rotate_about_z(vectors: Floats | Array, yaw: Array) -> Floats:
    cos, sin = np.cos(yaw), np.sin(yaw)
    x, y = vectors[:, 0], vectors[:, 1]
    turned = np.stack([cos * x - sin * y, sin * x + cos * y, vectors[:, 2]], axis=1)
    return turned.astype(np.float32)
