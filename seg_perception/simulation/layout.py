"""What stands where along the track."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from seg_perception.simulation import actors, animals, people, plants, stems, structures, trees
from seg_perception.simulation.movers import Mover
from seg_perception.simulation.shapes import Array, Mesh, Rng, grid, scatter
from seg_perception.simulation.surfaces import SURFACES
from seg_perception.simulation.terrain import HALF_EXTENT_M, GroundStyle, Terrain
from seg_perception.simulation.track import Track

_RINGS_M = (10.0, 18.0)
"""Beyond these distances from the track trees are made of fewer triangles."""
_THINNED_M = 27.0
"""Beyond it half of the trees, hidden behind the others, are left out."""

_LANE_M = 2.0
"""As wide is a lane of the traffic, at the track's edge."""


@dataclass(frozen=True)
class SceneStyle:
    """What kind of forest it is.

    Attributes:
        ground: how the track looks.
        tree_spacing_m: typical distance between neighbours.
        conifer_share: of the trees.
        undergrowth: multiplies the number of bushes and ferns.
        foliage_tint: multiplies the colour of leaves and grass, for the season.
        track_radius_m: mean radius of the loop.
        vehicle_speed_mps: of the pick-up that drives ahead.
        is_field: nothing stands on the ground, and nobody walks or drives ahead.
        traffic: vehicles in lanes on either side, besides.
        crowd: people who stand, sit or kneel beside the track.
        animals: that stand about there.
        stems: bare trunks of many kinds, near the track.
    """

    ground: GroundStyle = field(default_factory=GroundStyle)
    tree_spacing_m: float = 5.2
    conifer_share: float = 0.4
    undergrowth: float = 1.0
    foliage_tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    track_radius_m: float = 36.0
    vehicle_speed_mps: float = 1.1
    is_field: bool = False
    traffic: int = 0
    crowd: int = 0
    animals: int = 0
    stems: int = 0


class Layout:
    """Chooses places, and keeps plants away from what people built."""

    def __init__(self, rng: Rng, track: Track, terrain: Terrain, style: SceneStyle) -> None:
        """Start with an empty forest; `guests` are places (2,), metre, of those close by."""
        self._rng, self._track, self._terrain, self._style = rng, track, terrain, style
        self._taken: list[tuple[Array, float]] = []
        self.guests: list[Array] = []

    def everything(self) -> list[Mesh]:
        """All that does not move, the ground apart."""
        if self._style.is_field:
            return []
        built = [*self._structures(), *self._pond(), *self._guests()]
        stones = [*self._rocks(), *self._dead_wood()]
        plants_ = [*self._trees(), *self._bushes(), *self._ferns(), *self._grass()]
        tint = np.array(self._style.foliage_tint)
        return [*built, *stones, *(_tint_foliage(mesh, tint) for mesh in plants_), self._horizon()]

    def movers(self) -> list[Mover]:
        """Whoever moves."""
        return [*([] if self._style.is_field else self._company()), *self._traffic()]

    def _company(self) -> list[Mover]:
        """Two walkers and a pick-up on the track."""
        rng = self._rng
        edge = self._style.ground.half_width_m
        return [
            Mover(actors.person(rng), rng.uniform(8, 11), -(edge + 0.1), 0.9),
            Mover(actors.person(rng), rng.uniform(30, 36), edge + 0.35, -1.2),
            Mover(actors.vehicle(rng), rng.uniform(17, 20), 0.0, self._style.vehicle_speed_mps),
        ]

    def _traffic(self) -> list[Mover]:
        """Vehicles on either side by turns: on the left they come towards the robot."""
        rng, lane = self._rng, self._style.ground.half_width_m - _LANE_M / 2
        length = self._track.length_m
        return [
            Mover(
                actors.vehicle(rng),
                (number + rng.uniform(0.2, 0.8)) * length / self._style.traffic,
                lane * (1 if number % 2 else -1),
                rng.uniform(3, 6) * (-1 if number % 2 else 1),
            )
            for number in range(self._style.traffic)
        ]

    def _structures(self) -> list[Mesh]:
        """A hut, a fence, signs and poles, again every sixty metres or so."""
        meshes = []
        for start in np.arange(0, self._track.length_m - 40, 62.0, dtype=np.float64):
            side = 1.0 if self._rng.uniform() < 0.5 else -1.0
            meshes += self._site(start + self._rng.uniform(-3, 3), side)
        return meshes

    def _site(self, start_m: float, side: float) -> list[Mesh]:
        """What stands along one stretch, the hut on one side (1 is left)."""
        rng, edge = self._rng, self._style.ground.half_width_m
        hut = structures.hut(rng, *rng.uniform([6.0, 4.6, 2.5], [8.5, 6.0, 3.0]))
        log = trees.fallen_log(rng, rng.uniform(2.5, 4.5), rng.uniform(0.16, 0.28))
        quarter = np.pi / 2
        places = [
            (hut, 24.0, side * (edge + 7.5), 6.5, -side * quarter),
            (structures.trail_sign(), 13.0, side * (edge + 0.7), 1.0, np.pi),
            (structures.utility_pole(rng), 17.0, side * (edge + 1.6), 1.2, quarter),
            (structures.utility_pole(rng), 42.0, side * (edge + 1.6), 1.2, quarter),
            (structures.marker_post(), 5.0, -side * (edge + 0.4), 0.6, 0.0),
            (structures.marker_post(), 29.0, -side * (edge + 0.4), 0.6, 0.0),
            (structures.marker_post(), 36.0, -side * (edge + 0.4), 0.6, 0.0),
            (actors.vehicle(rng), 33.0, side * (edge + 2.4), 3.2, 0.2),
            (log, 40.0, -side * (edge + 1.4), 2.4, 0.5),
        ]
        standing = [self._beside(one, start_m + arc, *where) for one, arc, *where in places]
        return [*standing, self._fence(start_m + 9, -side * (edge + 1.5))]

    def _beside(
        self, mesh: Mesh, arc_m: float, lateral_m: float, room_m: float, turn: float
    ) -> Mesh:
        """Stand something beside the track; `turn` is against the track's heading."""
        place, heading = self._track.at(np.array([arc_m]), np.array([lateral_m]))
        height = self._terrain.height(place[:, 0], place[:, 1])
        self._taken.append((place[0], room_m))
        return mesh.moved((place[0, 0], place[0, 1], height[0]), float(heading[0]) + turn)

    def _pond(self) -> list[Mesh]:
        pond = self._terrain.pond
        if pond is None:
            return []
        self._taken.append((pond.centre, 1.15 * pond.radius_m))
        return [pond.mesh()]

    def _guests(self) -> list[Mesh]:
        """Whoever and whatever is to be met close by."""
        style = self._style
        makers = [people.posed_person] * style.crowd + [animals.animal] * style.animals
        met = [self._met(make, -1.0, 2.5) for make in makers]
        return [*met, *(self._met(stems.stem, 0.5, 3.5) for _ in range(style.stems))]

    def _met(self, make: Callable[[Rng], Mesh], nearest_m: float, farthest_m: float) -> Mesh:
        """Stand one somewhere along the track, so far from its edge."""
        rng, edge = self._rng, self._style.ground.half_width_m
        arc = rng.uniform(0, self._track.length_m)
        lateral = float(rng.choice([-1, 1])) * (edge + rng.uniform(nearest_m, farthest_m))
        place = self._track.at(np.array([arc]), np.array([lateral]))[0][0]
        self.guests.append(place)
        return self._beside(make(rng), arc, lateral, 0.7, rng.uniform(0, 2 * np.pi))

    def _fence(self, arc_m: float, lateral_m: float) -> Mesh:
        arcs = np.linspace(arc_m, arc_m + 15.4, 8, dtype=np.float64)
        place, _ = self._track.at(arcs, np.full(8, lateral_m))
        self._taken += [(point, 1.0) for point in place]
        height = self._terrain.height(place[:, 0], place[:, 1])
        return structures.fence(self._rng, np.column_stack([place, height]))

    def _rocks(self) -> list[Mesh]:
        meshes = []
        for radius, spacing, nearest in ((0.16, 6.0, -0.5), (0.38, 9.0, 0.3), (0.8, 17.0, 1.6)):
            kinds = [structures.rock(self._rng, radius) for _ in range(4)]
            places = self._places(spacing, nearest, 9.0)
            meshes += self._plant(kinds, places, (0.7, 1.3), sink_m=0.0)
            if radius > 0.3:
                self._taken += [(place, 1.6 * radius) for place in places]
        return meshes

    def _trees(self) -> list[Mesh]:
        rng, style = self._rng, self._style
        places = self._places(style.tree_spacing_m, 1.7, 200.0)
        away = np.abs(self._terrain.lateral(places[:, 0], places[:, 1]))
        kept = (away < _THINNED_M) | (rng.uniform(size=len(places)) < 0.5)
        places, away = places[kept], away[kept]
        ring = np.digitize(away, _RINGS_M)
        share = style.conifer_share + 0.25 * np.sin(places[:, 0] / 17)
        needled = rng.uniform(size=len(places)) < share
        meshes = []
        for number in range(len(_RINGS_M) + 1):
            here = ring == number
            meshes += self._plant(_conifers(rng, number), places[here & needled], (0.75, 1.2))
            meshes += self._plant(_broadleaves(rng, number), places[here & ~needled], (0.75, 1.2))
        return meshes

    def _bushes(self) -> list[Mesh]:
        rng = self._rng
        kinds = [plants.bush(rng, height, 390) for height in (0.9, 1.3, 1.9, 2.4)]
        young = [trees.conifer(rng, 2.6, 0.3, 9), trees.broadleaf(rng, 3.4, 0.8, 420)]
        places = self._places(4.6 / np.sqrt(self._style.undergrowth), 1.3, 14.0)
        saplings = [trees.sapling(rng, height) for height in (1.4, 2.0, 2.8, 3.6)]
        beside = self._places(3.1 / np.sqrt(self._style.undergrowth), 1.2, 12.0, share=0.75)
        grown = self._plant([*kinds, *young], places, (0.6, 1.15))
        return [*grown, *self._plant(saplings, beside, (0.7, 1.2))]

    def _dead_wood(self) -> list[Mesh]:
        """Stumps and branches that lie about."""
        rng = self._rng
        stumps = [trees.stump(rng, radius) for radius in (0.14, 0.2, 0.27)]
        branches = [trees.fallen_branch(rng, length) for length in (0.9, 1.3, 1.9)]
        return [
            *self._plant(stumps, self._places(11.0, 1.5, 10.0, share=0.7), (0.8, 1.2)),
            *self._plant(branches, self._places(3.6, 0.5, 8.0, share=0.6), (0.7, 1.2), sink_m=0.0),
        ]

    def _ferns(self) -> list[Mesh]:
        """In detail beside the track, plain farther off; low shrubs between them."""
        rng, dense = self._rng, np.sqrt(self._style.undergrowth)
        near = [plants.fern(rng, height, 9) for height in (0.35, 0.5, 0.65, 0.8)]
        far = [plants.fern(rng, height) for height in (0.35, 0.5, 0.65, 0.8)]
        low = [plants.shrublet(rng, height) for height in (0.16, 0.22, 0.3)]
        sparse = [plants.shrublet(rng, height, 36) for height in (0.2, 0.3, 0.4)]
        return [
            *self._plant(near, self._places(1.2 / dense, 0.8, 3.6, share=0.75), (0.6, 1.3)),
            *self._plant(far, self._places(1.2 / dense, 3.6, 10.0, share=0.8), (0.6, 1.3)),
            *self._plant(low, self._places(0.85 / dense, 0.9, 4.2, share=0.7), (0.7, 1.4)),
            *self._plant(sparse, self._places(1.1 / dense, 4.2, 11.0, share=0.7), (0.8, 1.6)),
        ]

    def _grass(self) -> list[Mesh]:
        """Dense at the track's edge, thinner into the wood, a few tufts between the ruts."""
        rng = self._rng
        kinds = [plants.grass_tuft(rng, height) for height in (0.12, 0.18, 0.26, 0.36, 0.5)]
        edge, beyond = self._places(0.34, -0.1, 1.3, share=0.75), self._places(0.5, 1.3, 3.4, 0.7)
        grown = [
            self._plant(kinds, edge, (0.6, 1.2), sink_m=0.0),
            self._plant(kinds, beyond, (0.7, 1.4), sink_m=0.0),
        ]
        if self._style.ground.track != "asphalt":
            middle = self._places(0.4, -self._style.ground.half_width_m - 0.1, -1.45, share=0.5)
            grown.append(self._plant(kinds[:2], middle, (0.5, 0.9), sink_m=0.0))
        return [mesh for some in grown for mesh in some]

    def _places(
        self, spacing_m: float, nearest_m: float, farthest_m: float, share: float = 1.0
    ) -> Array:
        """One place in each cell of a grid, shaken, within a band beside the track.

        Args:
            spacing_m: side of a cell.
            nearest_m, farthest_m: the band, from the track's edge.
            share: of the cells that get one.

        Returns:
            float64 (n, 2).
        """
        axis = np.arange(-HALF_EXTENT_M + spacing_m, HALF_EXTENT_M - spacing_m, spacing_m)
        places: Array = np.stack(np.meshgrid(axis, axis), axis=2).reshape(-1, 2)
        places = places + self._rng.uniform(-0.46, 0.46, places.shape) * spacing_m
        away = np.abs(self._terrain.lateral(places[:, 0], places[:, 1]))
        away = away - self._style.ground.half_width_m
        keep = (away > nearest_m) & (away < farthest_m)
        places = places[keep & (self._rng.uniform(size=len(places)) < share)]
        for centre, room in self._taken:
            places = places[np.hypot(*(places - centre).T) > room]
        return places

    def _plant(
        self, kinds: list[Mesh], places: Array, scale: tuple[float, float], sink_m: float = 0.05
    ) -> list[Mesh]:
        """Copies of some kinds, dealt out over the places."""
        if len(places) == 0:
            return []
        height = self._terrain.height(places[:, 0], places[:, 1]) - sink_m
        positions = np.column_stack([places, height])
        kind = self._rng.integers(len(kinds), size=len(places))
        yaw = self._rng.uniform(0, 2 * np.pi, len(places))
        size = self._rng.uniform(*scale, len(places))
        return [
            scatter(one, positions[kind == k], yaw[kind == k], size[kind == k])
            for k, one in enumerate(kinds)
            if np.any(kind == k)
        ]

    def _horizon(self) -> Mesh:
        """A wooded ridge that closes the view."""
        angle = np.linspace(0, 2 * np.pi, 721)
        phase = self._rng.uniform(0, 2 * np.pi, 6)
        waves = [4.5 / k**0.7 * np.sin(3 * k * angle + p) for k, p in enumerate(phase, 1)]
        ridge = 15 + np.sum(waves, axis=0)
        jagged = ridge + self._rng.normal(0, 0.7, len(angle))
        jagged[-1] = jagged[0]
        rows = [(-4, np.full(len(angle), -6.0)), (8, 0.6 * ridge), (26, jagged)]
        out = np.column_stack([np.cos(angle), np.sin(angle)])
        sheet = [np.column_stack([(HALF_EXTENT_M + r) * out, z]) for r, z in rows]
        return grid(np.stack(sheet), "hillside")


def _conifers(rng: Rng, ring: int) -> list[Mesh]:
    sizes: list[tuple[float, float]] = [(15, 3.0), (18, 5.0), (12, 1.2), (16, 4.2)]
    if ring >= len(_RINGS_M):
        return [trees.distant_tree(rng, height, base, needled=True) for height, base in sizes]
    whorls, twigs = ((15, 9), (8, 6))[ring]
    return [trees.conifer(rng, height, base, whorls, twigs) for height, base in sizes]


def _broadleaves(rng: Rng, ring: int) -> list[Mesh]:
    sizes: list[tuple[float, float]] = [(14, 4.0), (17, 5.2), (13, 3.8), (11, 2.6)]
    if ring >= len(_RINGS_M):
        return [trees.distant_tree(rng, height, base, needled=False) for height, base in sizes]
    beech = trees.broadleaf
    make: list[Callable[..., Mesh]] = [beech, beech, trees.birch, beech]
    return [kind(rng, *size, (2400, 600)[ring]) for kind, size in zip(make, sizes, strict=True)]


def _tint_foliage(mesh: Mesh, tint: Array) -> Mesh:
    leafy = SURFACES.translucency[mesh.surface][:, None] > 0
    return mesh.tinted(np.where(leafy, tint, 1.0))
