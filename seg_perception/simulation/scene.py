"""A forest that rays can be sent into."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.simulation.layout import Layout, SceneStyle
from seg_perception.simulation.movers import Mover
from seg_perception.simulation.noise import Floats
from seg_perception.simulation.planes import dot, span, to_planes, unit
from seg_perception.simulation.raycaster import create_raycaster
from seg_perception.simulation.shapes import FLAT, UPRIGHT, Array, Mesh, merge
from seg_perception.simulation.surfaces import SKY, SURFACES
from seg_perception.simulation.terrain import Terrain
from seg_perception.simulation.track import make_track

_SURFACE_COLUMN = 6


@dataclass(frozen=True)
class Hits:
    """What each ray of an image or a scan met first.

    Attributes:
        distance: float32 (h, w), metre; inf in the sky.
        surface: uint8 (h, w), numbers of surfaces.
        normal: float32 (3, h, w), unit, towards the viewer.
        rgb: float32 (3, h, w), linear albedo.
        curve: float32 (4, h, w), as of Mesh, in the world; FLAT on movers.
        mover: int8 (h, w), index into the scene's movers; -1 where it stands still.
    """

    distance: Floats
    surface: NDArray[np.uint8]
    normal: Floats
    rgb: Floats
    curve: Floats
    mover: NDArray[np.int8]


class Scene:
    """Ground, plants, buildings and whoever moves among them."""

    def __init__(self, seed: int, style: SceneStyle | None = None) -> None:
        """Let the forest grow.

        Args:
            seed: the same seed grows the same forest.
            style: what kind of forest.

        Raises:
            SegPerceptionError: the ray caster is not installed.
        """
        style = style or SceneStyle()
        rng = np.random.default_rng([seed, 1])
        self.track = make_track(rng, style.track_radius_m)
        self.terrain = Terrain(seed, self.track, style.ground)
        layout = Layout(rng, self.track, self.terrain, style)
        ground = self.terrain.mesh()
        still = merge([ground, *layout.everything()])
        self.guests: tuple[Array, ...] = tuple(layout.guests)
        self.movers: tuple[Mover, ...] = tuple(layout.movers())
        self._ground_count = len(ground.triangles)
        self._ground_rgb = _ground_colours(style)
        self._attributes = _attributes(still)
        self._caster = create_raycaster(still)
        self._mover_casters = [create_raycaster(mover.mesh) for mover in self.movers]

    def cast(self, origins: Floats, directions: Floats, time_s: Array) -> Hits:
        """Send rays out.

        Args:
            origins: float32, world frame: (1, 1, 3); (1, w, 3) one for each column, as a
                lidar turns; (h, 1, 3) one for each row, as a rolling shutter reads.
            directions: float32 (h, w, 3), world frame, unit length.
            time_s: when they are sent: (w,) or (1, w) by columns, (h, 1) by rows.
        """
        every = np.broadcast_to(origins, directions.shape).reshape(-1, 3)
        found = self._caster.cast(every, directions.reshape(-1, 3))
        shape = directions.shape[:2]
        triangle = found.triangle.reshape(shape)
        looks = to_planes(np.take(self._attributes, triangle, axis=0, mode="wrap"))
        hits = Hits(
            distance=found.distance.reshape(shape),
            surface=looks[_SURFACE_COLUMN].astype(np.uint8),
            normal=looks[:3],
            rgb=looks[3:6],
            curve=looks[7:],
            mover=np.full(shape, -1, np.int8),
        )
        ground = (triangle >= 0) & (triangle < self._ground_count)
        towards = to_planes(directions)
        start: Floats = np.broadcast_to(np.moveaxis(origins, 2, 0), towards.shape)
        self._resolve_ground(hits, ground, start, towards)
        _round_off(hits, start, towards)
        for index, mover in enumerate(self.movers):
            met = self._meet(index, hits.distance, start, towards, time_s)
            hits.distance[met.pixel] = met.distance
            hits.surface[met.pixel] = mover.mesh.surface[met.triangle]
            hits.rgb[:, met.pixel[0], met.pixel[1]] = mover.mesh.rgb[met.triangle].T
            hits.normal[:, met.pixel[0], met.pixel[1]] = met.normal.T
            hits.curve[3][met.pixel] = FLAT
            hits.mover[met.pixel] = index
        hits.normal[:] *= np.where(dot(hits.normal, towards) > 0, np.float32(-1), np.float32(1))
        return hits

    def distances(self, origins: Floats, directions: Floats, time_s: Array) -> Floats:
        """How far the same rays as for `cast` get; float32 (h, w), metre, inf in the sky."""
        every = np.broadcast_to(origins, directions.shape).reshape(-1, 3)
        found = self._caster.cast(every, directions.reshape(-1, 3))
        distance = found.distance.reshape(directions.shape[:2])
        start, towards = np.moveaxis(origins, 2, 0), np.moveaxis(directions, 2, 0)
        for index in range(len(self.movers)):
            met = self._meet(index, distance, start, towards, time_s)
            distance[met.pixel] = met.distance
        return distance

    def lit(self, points: Floats, directions: Floats, time_s: float) -> NDArray[np.bool_]:
        """Say of points whether light reaches them: bool (n,).

        Args:
            points: float32 (n, 3), metre, world frame.
            directions: float32 (n, 3), unit vectors towards the light.
            time_s: when.
        """
        blocked = self._caster.blocked(points, directions)
        for mover, caster in zip(self.movers, self._mover_casters, strict=True):
            place, yaw = mover.pose(self.track, self.terrain, np.array([time_s]))
            near = np.flatnonzero(_passes_ball(points.T, directions.T, place[0], mover))
            if len(near):
                local = _rotate_about_z(points[near] - place[0], -yaw)
                blocked[near] |= caster.blocked(local, _rotate_about_z(directions[near], -yaw))
        return ~blocked

    def _resolve_ground(
        self, hits: Hits, ground: NDArray[np.bool_], start: Floats, towards: Floats
    ) -> None:
        """Ask the terrain what it is where rays meet it."""
        rows = span(ground)
        there = ground[rows]
        reach = np.where(there, hits.distance[rows], np.float32(0))
        x, y = start[:2, rows] + reach * towards[:2, rows]
        surface, normal = self.terrain.classify(x, y)
        np.copyto(hits.surface[rows], surface, where=there)
        for axis in range(3):
            np.copyto(hits.normal[axis, rows], normal[axis], where=there)
            np.copyto(hits.rgb[axis, rows], self._ground_rgb[surface, axis], where=there)

    def _meet(
        self, index: int, distance: Floats, start: Floats, towards: Floats, time_s: Array
    ) -> _Met:
        """Send the rays that pass near a mover through it, each at its own time.

        `distance` (h, w) is how far the rays get without it.
        """
        mover = self.movers[index]
        place, yaw = mover.pose(self.track, self.terrain, np.atleast_2d(time_s))
        near = _passes_ball(start, towards, np.moveaxis(place, 2, 0), mover)
        row, column = np.nonzero(near)
        turned = np.broadcast_to(yaw, near.shape)[row, column]
        stands = np.broadcast_to(place, (*near.shape, 3))[row, column]
        origin = np.broadcast_to(start, towards.shape)[:, row, column].T - stands
        local = _rotate_about_z(origin, -turned)
        direction = _rotate_about_z(towards[:, row, column].T, -turned)
        found = self._mover_casters[index].cast(local, direction)
        first = np.flatnonzero(found.distance < distance[row, column])
        place_on = local[first] + found.distance[first, None] * direction[first]
        curve = mover.mesh.curve[found.triangle[first]]
        normal = rounded(unit(found.normal[first]), place_on, curve)
        normal = _rotate_about_z(normal, turned[first])
        place_in_image = (row[first], column[first])
        return _Met(place_in_image, found.distance[first], found.triangle[first], normal)


@dataclass(frozen=True)
class _Met:
    """Rays that meet a mover before anything else: their rows and columns, and what they meet."""

    pixel: tuple[NDArray[np.intp], NDArray[np.intp]]
    distance: Floats
    triangle: NDArray[np.int32]
    normal: Floats


def _attributes(still: Mesh) -> Floats:
    """Normal, colour, surface and curve of each triangle, side by side, and of the sky at the end.

    A triangle's number of -1, which means none, finds the sky.
    """
    a, b, c = (still.vertices[still.triangles[:, corner]] for corner in range(3))
    table = np.zeros((len(still.triangles) + 1, 11), np.float32)
    table[:-1, :3] = unit(np.cross(b - a, c - a))
    table[:-1, 3:6] = still.rgb
    table[:-1, _SURFACE_COLUMN] = still.surface
    table[:-1, 7:] = still.curve
    table[-1, 2] = 1
    table[-1, 3:6] = SURFACES.rgb[SKY]
    table[-1, _SURFACE_COLUMN] = SKY
    return table


def _round_off(hits: Hits, start: Floats, towards: Floats) -> None:
    """Give what is made of flat triangles the normals of the round thing that it stands for."""
    row, column = np.nonzero(hits.curve[3] > FLAT)
    reach = hits.distance[row, column]
    place = start[:, row, column] + reach * towards[:, row, column]
    normal, curve = hits.normal[:, row, column].T, hits.curve[:, row, column].T
    hits.normal[:, row, column] = rounded(normal, place.T, curve).T


def rounded(normal: Floats, place: Floats, curve: Floats) -> Floats:
    """Normals, float32 (n, 3), of curved things.

    Args:
        normal: float32 (n, 3), unit, the triangles' own.
        place: float32 (n, 3), metre.
        curve: float32 (n, 4), as of Mesh.
    """
    away: Floats = place - curve[:, :3]
    away[curve[:, 3] == UPRIGHT, 2] = 0
    away = unit(away)
    along = np.sign(np.einsum("nc,nc->n", away, normal))[:, None]
    mixed = unit(normal + np.float32(2) * along * away)
    return np.where(curve[:, 3:] > FLAT, mixed, normal)


def _ground_colours(style: SceneStyle) -> Floats:
    colours = SURFACES.rgb.copy()
    leafy = SURFACES.translucency > 0
    colours[leafy] *= np.array(style.foliage_tint, np.float32)
    return np.asarray(colours, np.float32)


def _passes_ball(start: Floats, towards: Floats, place: Array, mover: Mover) -> NDArray[np.bool_]:
    """Rays that come near a mover standing at `place`; components first, broadcast over rays."""
    lift = np.zeros(place.shape)
    lift[2] = mover.centre_height_m
    to_centre = ((place + lift).reshape(3, *place.shape[1:] or (1,)) - start).astype(np.float32)
    square = dot(to_centre, to_centre)
    # The cosine's share of the distance beyond which a ray passes outside the ball.
    least = np.sqrt(np.maximum(square - np.float32((mover.radius_m + 0.05) ** 2), 0))
    inside = least == 0
    near: NDArray[np.bool_] = (dot(to_centre, towards) > least) | inside
    return near


def _rotate_about_z(vectors: Floats | Array, yaw: Array) -> Floats:
    cos, sin = np.cos(yaw), np.sin(yaw)
    x, y = vectors[:, 0], vectors[:, 1]
    turned = np.stack([cos * x - sin * y, sin * x + cos * y, vectors[:, 2]], axis=1)
    return turned.astype(np.float32)
