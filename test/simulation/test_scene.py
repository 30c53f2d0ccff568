from __future__ import annotations

import numpy as np
import pytest

from seg_perception.simulation.surfaces import SKY, SURFACES


def down_at(scene, place, height_m=0.4):
    """Rays straight down onto places (n, 2) from a little above the ground."""
    z = scene.terrain.height(*place.T) + height_m
    distance = []
    hits = []
    for (x, y), top in zip(place, z, strict=True):
        origin = np.array([[[x, y, top]]], np.float32)
        found = scene.cast(origin, np.array([[[0, 0, -1]]], np.float32), np.zeros(1))
        distance.append(found.distance[0, 0])
        hits.append(found)
    return np.array(distance), hits


def test_the_ground_is_where_the_terrain_says(world):
    place, _ = world.scene.track.at(np.arange(50, 90, 1.0), np.full(40, 0.72))
    distance, hits = down_at(world.scene, place)
    bare = np.array([h.normal[2, 0, 0] > 0.8 for h in hits]) & (distance > 0.3)
    assert bare.mean() > 0.8
    assert distance[bare] == pytest.approx(0.4, abs=0.02)


def test_straight_up_from_the_treetops_is_sky(world):
    origin = np.array([[[0, 0, 60]]], np.float32)
    hits = world.scene.cast(origin, np.array([[[0, 0, 1]]], np.float32), np.zeros(1))
    assert hits.surface[0, 0] == SKY
    assert np.isinf(hits.distance[0, 0])
    assert hits.mover[0, 0] == -1


def test_a_mover_is_met_where_it_stands_at_the_time_of_the_ray(world):
    scene = world.scene
    vehicle = 2
    times = np.array([0.0, 2.0])
    place, yaw = scene.movers[vehicle].pose(scene.track, scene.terrain, times)
    behind = place[0] - 4.0 * np.array([np.cos(yaw[0]), np.sin(yaw[0]), 0]) + [0, 0, 0.8]
    towards = np.array([np.cos(yaw[0]), np.sin(yaw[0]), 0])
    rays = np.tile(towards, (1, 2, 1)).astype(np.float32)
    hits = scene.cast(behind[None, None].astype(np.float32), rays, times)
    assert hits.mover[0, 0] == vehicle
    # The tail of the 4.6 m long car is 2.3 to 2.42 m behind its middle.
    assert 4.0 - 2.45 < hits.distance[0, 0] < 4.0 - 2.25
    # Two seconds later it is 2.2 m farther on.
    assert hits.distance[0, 1] - hits.distance[0, 0] == pytest.approx(2.2, abs=0.15)
    assert SURFACES.surfaces[hits.surface[0, 0]].class_name == "vehicle"


def test_normals_face_the_viewer(world):
    rng = np.random.default_rng(0)
    directions = rng.normal(size=(8, 9, 3)).astype(np.float32)
    directions /= np.linalg.norm(directions, axis=2, keepdims=True)
    origin = np.add(world.trajectory.pose(0.0)[None, None, :3, 3], [0, 0, 1])
    hits = world.scene.cast(origin.astype(np.float32), directions, np.zeros(9))
    towards = np.einsum("chw,hwc->hw", hits.normal, directions)
    assert towards[hits.surface != SKY].max() <= 1e-6
    assert np.linalg.norm(hits.normal, axis=0) == pytest.approx(1, abs=1e-4)


def test_what_stands_under_the_open_sky_is_lit_and_what_lies_under_a_car_is_not(world):
    scene = world.scene
    place, _ = scene.movers[2].pose(scene.track, scene.terrain, np.array([0.0]))
    points = np.vstack([[0, 0, 60], np.add(place, [0, 0, 0.25])]).astype(np.float32)
    up = np.tile(np.array([[0, 0, 1]], np.float32), (2, 1))
    assert scene.lit(points, up, 0.0).tolist() == [True, False]
