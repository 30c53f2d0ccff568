from __future__ import annotations

import numpy as np
import pytest

from seg_perception.core.ontology import Ontology
from seg_perception.simulation.animals import animal
from seg_perception.simulation.layout import SceneStyle
from seg_perception.simulation.light import Light
from seg_perception.simulation.people import posed_person
from seg_perception.simulation.scene import Scene
from seg_perception.simulation.stems import stem
from seg_perception.simulation.surfaces import SURFACES
from seg_perception.simulation.terrain import GroundStyle
from seg_perception.simulation.training_frames import training_frames
from seg_perception.simulation.views import RareViews, UsualViews

OPEN = SceneStyle(ground=GroundStyle(pond_m=5.0), tree_spacing_m=40.0, undergrowth=0.05)


def _classes(mesh):
    return {SURFACES.class_names[number] for number in np.unique(mesh.surface)}


@pytest.mark.parametrize("seed", range(12))
def test_people_stand_sit_or_kneel_on_the_ground(seed):
    one = posed_person(np.random.default_rng(seed))
    low, high = one.vertices[:, 2].min(), one.vertices[:, 2].max()
    assert _classes(one) == {"person"}
    assert -0.05 < low < 0.12
    assert 0.6 < high < 2.4
    assert (one.rgb > 0).all()


def test_people_hold_themselves_in_different_ways():
    heights = [posed_person(np.random.default_rng(seed)).vertices[:, 2].max() for seed in range(30)]
    assert min(heights) < 1.2
    assert max(heights) > 1.6


@pytest.mark.parametrize("seed", range(8))
def test_animals_are_obstacles_on_four_legs(seed):
    one = animal(np.random.default_rng(seed))
    feet = one.vertices[one.vertices[:, 2] < 0.02]
    assert _classes(one) == {"obstacle"}
    assert np.ptp(feet[:, 1]) > 0.08
    assert np.ptp(feet[:, 0]) > 0.2
    assert 0.4 < one.vertices[:, 2].max() < 2.6


def test_stems_are_thin_and_thick():
    girths = []
    for seed in range(30):
        one = stem(np.random.default_rng(seed))
        assert "trunk" in _classes(one)
        trunk = one.surface == SURFACES.id("bark")
        low = one.vertices[one.triangles[trunk]].reshape(-1, 3)
        girths.append(np.ptp(low[(low[:, 2] > 0.3) & (low[:, 2] < 0.8), 0]))
    assert min(girths) < 0.15
    assert max(girths) > 0.5


def test_a_pond_lies_level_beside_the_track_and_below_it():
    terrain = Scene(3, OPEN).terrain
    pond = terrain.pond
    ground = float(terrain.height(*pond.centre))
    assert ground == pytest.approx(pond.level_m - 0.8, abs=0.02)
    x, y = pond.centre
    shore = float(terrain.height(x, y + 1.4 * pond.radius_m))
    assert shore > pond.level_m
    assert abs(float(terrain.lateral(*pond.centre))) > OPEN.ground.half_width_m + pond.radius_m


def test_looking_down_on_a_pond_is_water():
    scene = Scene(3, OPEN)
    above = np.array([[[*scene.terrain.pond.centre, scene.terrain.pond.level_m + 3]]], np.float32)
    hits = scene.cast(above, np.array([[[0, 0, -1]]], np.float32), np.array([0.0]))
    assert hits.surface[0, 0] == SURFACES.id("pond")
    assert hits.distance[0, 0] == pytest.approx(3.0, abs=1e-3)


def test_wind_turns_a_mirror_into_ripples_that_move():
    places = np.random.default_rng(0).uniform(0, 5, (2, 50)).astype(np.float32)
    calm, windy = Light(wind=0.0), Light(wind=1.0)
    assert np.allclose(calm._rippled(places, 0.0), [[0], [0], [1]])
    now, later = windy._rippled(places, 0.0), windy._rippled(places, 2.0)
    assert np.allclose(np.linalg.norm(now, axis=0), 1, atol=1e-5)
    assert 0.01 < np.abs(now[:2]).mean() < 0.12
    assert not np.allclose(now, later, atol=1e-3)


def test_rare_frames_show_what_usual_ones_hardly_do():
    names = Ontology.load("field").ids
    rare = [labels for _, labels in training_frames(5, 12, 96, 60, views=RareViews())]
    usual = [labels for _, labels in training_frames(5, 12, 96, 60, views=UsualViews())]

    def share(frames, name):
        return float(np.mean([labels == names[name] for labels in frames]))

    for name, times in (("person", 2), ("water", 2), ("trunk", 1.3)):
        assert share(rare, name) > times * share(usual, name), name
