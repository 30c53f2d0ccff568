"""Pictures of many different forests with exact labels, for training and golden frames."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.ontology import Ontology
from seg_perception.core.types import Calibration
from seg_perception.simulation.camera import SimulatedCamera
from seg_perception.simulation.scene import Scene
from seg_perception.simulation.shapes import Array, Rng
from seg_perception.simulation.surfaces import SURFACES
from seg_perception.simulation.views import UsualViews, Views

FRAMES_PER_SCENE = 6


def training_frames(
    seed: int,
    count: int,
    width: int,
    height: int,
    ontology: str = "field",
    views: Views | None = None,
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Photograph random forests from random places in random weather.

    Args:
        seed: the same seed gives the same frames.
        count: how many frames.
        width, height: their size (pixel).
        ontology: name of the ontology whose ids the labels are.
        views: what they show; as from the track, unless they say otherwise.

    Yields:
        Picture uint8 (height, width, 3) RGB and its labels uint8 (height, width).

    Raises:
        ConfigError: no such ontology.
        SegPerceptionError: the ray caster is not installed.
    """
    views = views or UsualViews()
    names = Ontology.load(ontology)
    table = SURFACES.class_ids(dict(names.ids), names.unknown_id)
    for index in range(count):
        number, view = divmod(index, FRAMES_PER_SCENE)
        if view == 0:
            scene = _random_scene(seed, number, views)
        rng = np.random.default_rng([seed, 3, index])
        camera = SimulatedCamera(_random_calibration(rng, width, height))
        time_s = rng.uniform(0, 60)
        pose = views.pose(rng, scene, time_s)
        light = views.light(rng)
        picture = camera.render(scene, partial(_still, pose), time_s, light, [seed, 4, index])
        yield picture.rgb, table[picture.surface]


def _still(pose: Array, times: Array) -> Array:
    return np.broadcast_to(pose, (len(times), 4, 4))


def _random_scene(seed: int, number: int, views: Views) -> Scene:
    rng = np.random.default_rng([seed, 2, number])
    style = views.style(rng)
    return Scene(int(rng.integers(1 << 31)), style)


def _random_calibration(rng: Rng, width: int, height: int) -> Calibration:
    focal = width / (2 * np.tan(rng.uniform(0.5, 0.85)))
    k = np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]])
    return Calibration(width, height, k, "plumb_bob", np.zeros(5))
