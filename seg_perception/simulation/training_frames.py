"""Pictures of many different forests with exact labels, for training and golden frames."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.ontology import Ontology
from seg_perception.core.types import Calibration
from seg_perception.simulation.camera import SimulatedCamera
from seg_perception.simulation.layout import SceneStyle
from seg_perception.simulation.light import Light
from seg_perception.simulation.rig import OPTICAL_FROM_BODY, pose_matrix
from seg_perception.simulation.scene import Scene
from seg_perception.simulation.shapes import Array, Rng
from seg_perception.simulation.surfaces import SURFACES
from seg_perception.simulation.terrain import GroundStyle

FRAMES_PER_SCENE = 6
_TINTS = ((1.0, 1.0, 1.0), (1.2, 1.05, 0.8), (0.85, 0.95, 0.9), (1.9, 1.05, 0.55), (1.35, 1.1, 0.7))


def training_frames(
    seed: int, count: int, width: int, height: int, ontology: str = "field"
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Photograph random forests from random places in random weather.

    Args:
        seed: the same seed gives the same frames.
        count: how many frames.
        width, height: their size (pixel).
        ontology: name of the ontology whose ids the labels are.

    Yields:
        Picture uint8 (height, width, 3) RGB and its labels uint8 (height, width).

    Raises:
        ConfigError: no such ontology.
        SegPerceptionError: the ray caster is not installed.
    """
    names = Ontology.load(ontology)
    table = SURFACES.class_ids(dict(names.ids), names.unknown_id)
    for index in range(count):
        number, view = divmod(index, FRAMES_PER_SCENE)
        if view == 0:
            scene = _random_scene(seed, number)
        rng = np.random.default_rng([seed, 3, index])
        camera = SimulatedCamera(_random_calibration(rng, width, height))
        time_s = rng.uniform(0, 60)
        pose = _random_pose(rng, scene, time_s)
        light = _random_light(rng)
        picture = camera.render(scene, partial(_still, pose), time_s, light, [seed, 4, index])
        yield picture.rgb, table[picture.surface]


def _still(pose: Array, times: Array) -> Array:
    return np.broadcast_to(pose, (len(times), 4, 4))


def _random_scene(seed: int, number: int) -> Scene:
    rng = np.random.default_rng([seed, 2, number])
    ground = GroundStyle(
        track=str(rng.choice(["gravel", "gravel", "gravel", "asphalt"])),
        half_width_m=rng.uniform(1.3, 2.3),
        roughness=rng.uniform(0.05, 0.95),
        wetness=rng.uniform(0.05, 0.5),
        relief_m=rng.uniform(0.3, 2.0),
    )
    style = SceneStyle(
        ground=ground,
        tree_spacing_m=rng.uniform(4.6, 8.5),
        conifer_share=rng.uniform(0.0, 1.0),
        undergrowth=rng.uniform(0.3, 1.5),
        foliage_tint=_TINTS[int(rng.integers(len(_TINTS)))],
        track_radius_m=rng.uniform(30, 42),
    )
    return Scene(int(rng.integers(1 << 31)), style)


def _random_light(rng: Rng) -> Light:
    return Light(
        sun_azimuth_rad=rng.uniform(0, 2 * np.pi),
        sun_elevation_rad=rng.uniform(0.3, 1.2),
        sunshine=float(rng.choice([0.0, rng.uniform(0.3, 1.0), 1.0])),
        cloudiness=rng.uniform(0, 1),
        haze_m=rng.uniform(120, 900),
        exposure=rng.uniform(0.26, 0.44),
        warmth=rng.uniform(-0.07, 0.1),
    )


def _random_calibration(rng: Rng, width: int, height: int) -> Calibration:
    focal = width / (2 * np.tan(rng.uniform(0.5, 0.85)))
    k = np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]])
    return Calibration(width, height, k, "plumb_bob", np.zeros(5))


def _random_pose(rng: Rng, scene: Scene, time_s: float) -> Array:
    """Half of the views stand near somebody who moves, so that those classes are seen."""
    arc = rng.uniform(0, scene.track.length_m)
    if rng.uniform() < 0.5:
        mover = scene.movers[int(rng.integers(len(scene.movers)))]
        arc = mover.arc_m + mover.speed_mps * time_s - rng.uniform(3.5, 12)
    lateral = rng.normal(0, 0.6)
    place, heading = scene.track.at(np.array([arc]), np.array([lateral]))
    ground = scene.terrain.height(place[:, 0], place[:, 1])[0]
    yaw = heading[0] + rng.normal(0, 0.35) + (np.pi if rng.uniform() < 0.3 else 0)
    position = np.array([*place[0], ground + rng.uniform(0.5, 1.8)])
    body = pose_matrix(position, rng.normal(0, 0.04), rng.normal(0.04, 0.08), float(yaw))
    return body @ OPTICAL_FROM_BODY
