from __future__ import annotations

import cv2
import numpy as np
import pytest

from seg_perception.simulation.light import Light
from seg_perception.simulation.surfaces import SKY, SURFACES


def shoot(world, light, seed):
    front = world.cameras[0]
    return front.camera.render(world.scene, front.poses(world.trajectory), 0.0, light, seed)


def test_rays_land_on_their_own_pixel(world):
    camera = world.cameras[0].camera
    rays = camera._rays.reshape(-1, 3).astype(float)
    back, _ = cv2.projectPoints(
        rays, np.zeros(3), np.zeros(3), camera.calibration.k, camera.calibration.d
    )
    v, u = np.indices(camera._rays.shape[:2])
    expected = np.stack([u, v], axis=2).reshape(-1, 2)
    assert back.reshape(-1, 2) == pytest.approx(expected, abs=2e-3)


def test_the_lens_really_bends(world):
    camera = world.cameras[0].camera
    straight = np.linalg.inv(camera.calibration.k) @ [0, 0, 1]
    bent = camera._rays[0, 0] / camera._rays[0, 0, 2]
    assert np.linalg.norm(bent[:2] - straight[:2]) > 0.02


@pytest.fixture(scope="module")
def picture(world):
    return shoot(world, world.light, [1, 2])


def test_a_picture_shows_a_forest_track(world, picture):
    names = np.array(SURFACES.class_names)[picture.surface]
    share = {name: np.mean(names == name) for name in np.unique(names)}
    assert share["high_vegetation"] > 0.1
    assert share["trunk"] > 0.003
    assert sum(share.get(n, 0) for n in ("smooth_trail", "rough_trail", "grass")) > 0.2
    assert 60 < picture.rgb.mean() < 180
    assert picture.rgb.std() > 30


def test_sky_is_what_has_no_distance(picture):
    assert np.array_equal(picture.surface == SKY, np.isinf(picture.distance))


def test_the_sky_is_bluer_and_brighter_than_the_ground(picture):
    sky = picture.surface == SKY
    assert sky.any()
    assert picture.rgb[sky].mean() > picture.rgb[~sky].mean()
    assert picture.rgb[sky][:, 2].mean() > picture.rgb[sky][:, 0].mean()


def test_the_sun_casts_shadows(world):
    noon, dull = (shoot(world, Light(sunshine=s), [1]) for s in (1.0, 0.0))
    assert np.array_equal(noon.surface, dull.surface)
    ground = np.isin(np.array(SURFACES.class_names)[noon.surface], ["grass", "low_vegetation"])
    assert noon.rgb[ground].std() > 1.3 * dull.rgb[ground].std()


def test_only_the_noise_depends_on_the_seed(world, picture):
    other = shoot(world, world.light, [1, 3])
    assert np.array_equal(other.surface, picture.surface)
    difference = other.rgb.astype(int) - picture.rgb
    assert 0.5 < difference.std() < 8
