"""What training pictures show: a forest as one drives through it, or what is rarely met there."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np

from seg_perception.simulation.layout import SceneStyle
from seg_perception.simulation.light import Light
from seg_perception.simulation.pond import Pond
from seg_perception.simulation.rig import OPTICAL_FROM_BODY, pose_matrix
from seg_perception.simulation.scene import Scene
from seg_perception.simulation.shapes import Array, Rng
from seg_perception.simulation.terrain import GroundStyle

_TINTS = ((1.0, 1.0, 1.0), (1.2, 1.05, 0.8), (0.85, 0.95, 0.9), (1.9, 1.05, 0.55), (1.35, 1.1, 0.7))
_AT_POND = 0.35
_DUSK, _STILL = 0.35, 0.4


class Views(Protocol):
    """Draws a forest, a light and a camera's place by chance."""

    def style(self, rng: Rng) -> SceneStyle:
        """What stands where."""

    def light(self, rng: Rng) -> Light:
        """The weather."""

    def pose(self, rng: Rng, scene: Scene, time_s: float) -> Array:
        """Pose of the optical frame, float64 (4, 4), world."""


class UsualViews:
    """From the track, by day; half of them near somebody who moves."""

    def style(self, rng: Rng) -> SceneStyle:
        """Any forest."""
        ground = GroundStyle(
            track=str(rng.choice(["gravel", "gravel", "gravel", "asphalt"])),
            half_width_m=rng.uniform(1.3, 2.3),
            roughness=rng.uniform(0.05, 0.95),
            wetness=rng.uniform(0.05, 0.5),
            relief_m=rng.uniform(0.3, 2.0),
        )
        return SceneStyle(
            ground=ground,
            tree_spacing_m=rng.uniform(4.6, 8.5),
            conifer_share=rng.uniform(0.0, 1.0),
            undergrowth=rng.uniform(0.3, 1.5),
            foliage_tint=_TINTS[int(rng.integers(len(_TINTS)))],
            track_radius_m=rng.uniform(30, 42),
        )

    def light(self, rng: Rng) -> Light:
        """Any weather by day."""
        return Light(
            sun_azimuth_rad=rng.uniform(0, 2 * np.pi),
            sun_elevation_rad=rng.uniform(0.3, 1.2),
            sunshine=float(rng.choice([0.0, rng.uniform(0.3, 1.0), 1.0])),
            cloudiness=rng.uniform(0, 1),
            haze_m=rng.uniform(120, 900),
            exposure=rng.uniform(0.26, 0.44),
            warmth=rng.uniform(-0.07, 0.1),
        )

    def pose(self, rng: Rng, scene: Scene, time_s: float) -> Array:
        """On the track, along it or back."""
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


class RareViews:
    """People and animals 1 to 4 m away, many kinds of trunks, a pond; a third of them at dusk."""

    def __init__(self) -> None:
        """Forests of the usual kinds, with more in them."""
        self._usual = UsualViews()

    def style(self, rng: Rng) -> SceneStyle:
        """Any forest, with company and a pond."""
        usual = self._usual.style(rng)
        ground = replace(usual.ground, pond_m=rng.uniform(3.5, 7.0))
        return replace(usual, ground=ground, crowd=22, animals=10, stems=18)

    def light(self, rng: Rng) -> Light:
        """By day or at dusk, with or without wind on the water."""
        wind = 0.0 if rng.uniform() < _STILL else rng.uniform(0.2, 1.5)
        light = replace(self._usual.light(rng), wind=wind)
        if rng.uniform() >= _DUSK:
            return light
        return replace(
            light,
            sun_elevation_rad=rng.uniform(0.03, 0.2),
            sunshine=float(rng.choice([0.0, rng.uniform(0.1, 0.6)])),
            exposure=rng.uniform(0.10, 0.22),
            warmth=rng.uniform(-0.2, 0.2),
        )

    def pose(self, rng: Rng, scene: Scene, time_s: float) -> Array:
        """Close to a guest and towards it, or at the pond; `time_s` tells nothing here."""
        del time_s
        pond = scene.terrain.pond
        if pond is not None and rng.uniform() < _AT_POND:
            start = Pond.shore(scene.track) + rng.normal(0, 2.0, 2)
            return _towards(rng, scene, start, pond.centre)
        guest = scene.guests[int(rng.integers(len(scene.guests)))]
        angle, away = rng.uniform(0, 2 * np.pi), rng.uniform(1.0, 4.0)
        return _towards(rng, scene, guest + away * np.array([np.cos(angle), np.sin(angle)]), guest)


def _towards(rng: Rng, scene: Scene, start: Array, target: Array) -> Array:
    ground = scene.terrain.height(start[:1], start[1:])[0]
    yaw = float(np.arctan2(*(target - start)[::-1])) + rng.normal(0, 0.25)
    position = np.array([*start, ground + rng.uniform(0.4, 1.7)])
    body = pose_matrix(position, rng.normal(0, 0.05), rng.normal(0.05, 0.12), yaw)
    return body @ OPTICAL_FROM_BODY
