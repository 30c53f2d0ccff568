"""People as a camera meets them close by: standing, bent, sitting, kneeling, in all clothes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seg_perception.simulation.shapes import Array, Mesh, Rng, blob, box, merge, tube
from seg_perception.simulation.surfaces import SURFACES

_THIGH_M, _SHIN_M, _SOLE_M = 0.44, 0.44, 0.06
_TORSO_M, _UPPER_ARM_M, _FOREARM_M = 0.5, 0.29, 0.27
_HIP_Y_M, _SHOULDER_Y_M = 0.1, 0.23
_PACKED, _BARE = 0.3, 0.3
"""Shares of people with a rucksack, and in shorts or short sleeves."""


@dataclass(frozen=True)
class Pose:
    """How limbs are bent, as angles from straight down, forwards positive (radian).

    Attributes:
        thighs: left and right.
        shins: left and right.
        lean: of the torso from upright.
        arms: the least and the most of an upper arm.
    """

    thighs: tuple[float, float]
    shins: tuple[float, float]
    lean: float = 0.0
    arms: tuple[float, float] = (-0.4, 0.5)


_POSES = (
    Pose((0.05, -0.05), (0.0, -0.05)),
    Pose((0.4, -0.3), (0.1, -0.55), 0.06),
    Pose((0.05, -0.05), (0.0, -0.05), arms=(1.2, 2.9)),
    Pose((0.15, 0.1), (-0.1, -0.15), 0.9, (0.6, 1.4)),
    Pose((1.5, 1.45), (0.05, 0.0), 0.05, (0.2, 0.9)),
    Pose((1.75, 1.65), (-0.75, -0.85), 0.45, (0.6, 1.3)),
    Pose((1.4, 0.1), (0.0, -1.45), 0.2, (0.2, 1.1)),
)


def posed_person(rng: Rng) -> Mesh:
    """Somebody in one of several poses, facing +x, the lower foot on the ground."""
    pose = _POSES[int(rng.integers(len(_POSES)))]
    top, bottom = rng.uniform(0.01, 0.6, (2, 3))
    hip = np.array([0.0, 0.0, _hip_height_m(pose)])
    shoulder = hip + _TORSO_M * _upwards(pose.lean)
    parts = [*_torso(rng, hip, shoulder, top, bottom), *_head(rng, shoulder, pose.lean)]
    for side, thigh, shin in zip((1, -1), pose.thighs, pose.shins, strict=True):
        parts += _leg(rng, _beside(hip, side * _HIP_Y_M, 0.0), (thigh, shin), bottom)
        parts += _arm(rng, _beside(shoulder, side * _SHOULDER_Y_M, -0.04), pose, top)
    if rng.uniform() < _PACKED:
        middle = (hip + shoulder) / 2 + np.array([-0.22, 0, 0.05])
        pack = box((0.2, 0.3, 0.42), middle.tolist(), "jacket")
        parts.append(_dyed(pack, rng.uniform(0.01, 0.5, 3)))
    return merge(parts).moved((0, 0, 0), scale=rng.uniform(0.8, 1.06))


def _hip_height_m(pose: Pose) -> float:
    reach = [
        _THIGH_M * np.cos(thigh) + _SHIN_M * np.cos(shin)
        for thigh, shin in zip(pose.thighs, pose.shins, strict=True)
    ]
    return float(max(reach)) + _SOLE_M


def _upwards(lean: float) -> Array:
    return np.array([np.sin(lean), 0.0, np.cos(lean)])


def _downwards(angle: float) -> Array:
    return np.array([np.sin(angle), 0.0, -np.cos(angle)])


def _torso(rng: Rng, hip: Array, shoulder: Array, top: Array, bottom: Array) -> list[Mesh]:
    path = hip + np.linspace(0, 1.04, 5)[:, None] * (shoulder - hip)
    girth = rng.uniform(0.9, 1.25) * np.array([0.155, 0.16, 0.18, 0.19, 0.09])
    hips = blob(rng, (0.16, 0.19, 0.14), 2, 0.01, "trousers").moved(hip.tolist())
    chest = _at(blob(rng, (0.13, 0.22, 0.12), 2, 0.01, "jacket"), shoulder, 0.0, -0.06)
    return [_dyed(tube(path, girth, 10, "jacket"), top), _dyed(chest, top), _dyed(hips, bottom)]


def _head(rng: Rng, shoulder: Array, lean: float) -> list[Mesh]:
    middle = shoulder + 0.25 * _upwards(0.6 * lean)
    skin = rng.uniform(0.35, 1.15)
    neck = tube(np.array([shoulder, middle]), np.array([0.06, 0.055]), 8, "skin")
    face = _at(blob(rng, (0.1, 0.085, 0.125), 2, 0, "skin"), middle, 0.02, 0.0)
    hair = _at(blob(rng, (0.112, 0.098, 0.1), 2, 0.01, "hair"), middle, -0.015, 0.05)
    shade = np.array([[skin]])
    return [neck.tinted(shade), face.tinted(shade), _dyed(hair, rng.uniform(0.01, 0.4, 3))]


def _leg(rng: Rng, hip: Array, angles: tuple[float, float], dye: Array) -> list[Mesh]:
    knee = hip + _THIGH_M * _downwards(angles[0])
    ankle = knee + _SHIN_M * _downwards(angles[1])
    thigh = _dyed(_limb(hip, knee, (0.095, 0.07), "trousers"), dye)
    is_bare = rng.uniform() < _BARE
    shin = _limb(knee, ankle, (0.065, 0.05), "skin" if is_bare else "trousers")
    shoe = _at(box((0.27, 0.1, 0.1), (0, 0, 0), "hair"), ankle, 0.06, 0.0)
    return [thigh, shin if is_bare else _dyed(shin, dye), shoe]


def _arm(rng: Rng, shoulder: Array, pose: Pose, dye: Array) -> list[Mesh]:
    upper = rng.uniform(*pose.arms)
    elbow = shoulder + _UPPER_ARM_M * _downwards(upper)
    wrist = elbow + _FOREARM_M * _downwards(upper + rng.uniform(0.0, 1.2))
    is_bare = rng.uniform() < _BARE
    fore = _limb(elbow, wrist, (0.048, 0.04), "skin" if is_bare else "jacket")
    hand = blob(rng, (0.05, 0.04, 0.07), 1, 0, "skin").moved(wrist.tolist())
    sleeve = _dyed(_limb(shoulder, elbow, (0.065, 0.05), "jacket"), dye)
    return [sleeve, fore if is_bare else _dyed(fore, dye), hand]


def _beside(middle: Array, left_m: float, up_m: float) -> Array:
    place: Array = middle + np.array([0.0, left_m, up_m])
    return place


def _at(part: Mesh, place: Array, forwards_m: float, up_m: float) -> Mesh:
    return part.moved((place + np.array([forwards_m, 0.0, up_m])).tolist())


def _limb(start: Array, end: Array, radii_m: tuple[float, float], surface: str) -> Mesh:
    path = start + np.linspace(0, 1, 4)[:, None] * (end - start)
    return tube(path, np.linspace(*radii_m, 4, dtype=np.float64), 8, surface)


def _dyed(cloth: Mesh, rgb: Array) -> Mesh:
    """Give a mesh of one surface a linear colour, float64 (3,), in place of its own."""
    return cloth.tinted(rgb / SURFACES.rgb[cloth.surface[0]])
