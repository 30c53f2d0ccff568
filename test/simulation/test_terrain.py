from __future__ import annotations

import numpy as np
import pytest

from seg_perception.simulation.surfaces import SURFACES
from seg_perception.simulation.terrain import GroundStyle, Terrain
from seg_perception.simulation.track import make_track


@pytest.fixture(scope="module")
def track():
    return make_track(np.random.default_rng(4), 36.0)


@pytest.fixture(scope="module")
def terrain(track):
    return Terrain(4, track, GroundStyle())


def names(terrain, place):
    x, y = place.T.astype(np.float32)[:, None]
    surface, _ = terrain.classify(x, y)
    return {SURFACES.surfaces[k].name for k in np.unique(surface)}


def test_lateral_distance_is_signed(track, terrain):
    for lateral in (-4.0, 0.5, 9.0):
        place, _ = track.at(np.arange(0, 200, 5.0), np.full(40, lateral))
        assert terrain.lateral(*place.T) == pytest.approx(lateral, abs=0.25)


def test_wheels_run_on_the_track_and_forest_lies_beside_it(track, terrain):
    ruts, _ = track.at(np.arange(0, 200, 0.5), np.full(400, 0.72))
    assert names(terrain, ruts) <= {"gravel", "earth", "mud", "puddle"}
    beside, _ = track.at(np.arange(0, 200, 0.5), np.full(400, 8.0))
    assert names(terrain, beside) <= {"undergrowth", "turf"}


def test_asphalt_has_no_grass_in_its_middle(track):
    paved = Terrain(4, track, GroundStyle(track="asphalt", roughness=0.0, wetness=0.0))
    middle, _ = track.at(np.arange(0, 200, 0.5), np.zeros(400))
    assert names(paved, middle) == {"asphalt"}


def test_height_is_exact_at_the_corners_of_the_mesh(terrain):
    corners = terrain.mesh().vertices[::997]
    assert terrain.height(*corners[:, :2].T.astype(float)) == pytest.approx(corners[:, 2], abs=1e-3)


def test_normals_are_those_of_the_slope(terrain):
    x, y = np.full((1, 1), 10.03, np.float32), np.full((1, 1), 5.2, np.float32)
    _, normal = terrain.classify(x, y)
    rise = terrain.height(np.array([10.43, 10.03]), np.array([5.2, 5.6]))
    fall = terrain.height(np.array([9.63, 10.03]), np.array([5.2, 4.8]))
    slope = (rise - fall) / 0.8
    assert -normal[:2, 0, 0] / normal[2, 0, 0] == pytest.approx(slope, abs=0.02)
    assert np.linalg.norm(normal[:, 0, 0]) == pytest.approx(1, abs=1e-5)
