"""Animals on four legs, standing on the origin and facing +x."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seg_perception.simulation.shapes import Array, Mesh, Rng, blob, merge, tube
from seg_perception.simulation.surfaces import SURFACES


@dataclass(frozen=True)
class Build:
    """Proportions of a kind of animal.

    Attributes:
        length_m: of the trunk.
        height_m: of the back.
        girth_m: the trunk's diameter.
        neck_m: length of the neck; the head is held by as much above the back.
        head_m: length of the head.
    """

    length_m: float
    height_m: float
    girth_m: float
    neck_m: float
    head_m: float


SHEEP = Build(1.0, 0.75, 0.46, 0.2, 0.24)
COW = Build(1.8, 1.4, 0.7, 0.4, 0.5)
HORSE = Build(1.7, 1.55, 0.55, 0.75, 0.55)
DOG = Build(0.65, 0.6, 0.22, 0.16, 0.22)
DEER = Build(1.1, 1.05, 0.36, 0.55, 0.28)
BOAR = Build(1.2, 0.75, 0.46, 0.12, 0.4)
_KINDS = (SHEEP, COW, HORSE, DOG, DEER, BOAR)
_COATS = ((0.03, 0.025, 0.02), (0.22, 0.12, 0.06), (0.6, 0.56, 0.48), (0.36, 0.26, 0.16))


def animal(rng: Rng) -> Mesh:
    """One of several kinds, grazing or looking up."""
    build = _KINDS[int(rng.integers(len(_KINDS)))]
    coat = np.array(_COATS[int(rng.integers(len(_COATS)))]) * rng.uniform(0.7, 1.3)
    half = build.girth_m / 2
    middle = build.height_m - half
    trunk = blob(rng, (build.length_m / 2, 0.8 * half, half), 2, 0.04, "fur")
    patches = rng.uniform(0.7, 1.2, (len(trunk.triangles), 1))
    parts = [trunk.moved((0, 0, middle)).tinted(patches), *_head(rng, build, middle)]
    parts += [
        _leg(rng, x * build.length_m, y * half, middle, 0.16 * half + 0.02)
        for x in (-0.36, 0.36)
        for y in (-0.5, 0.5)
    ]
    tail = np.array([[-0.48, 0, 0.1], [-0.56, 0, -0.5]]) * np.array([build.length_m, 1, half])
    parts.append(tube(tail + np.array([0, 0, middle]), np.array([0.03, 0.02]), 6, "fur"))
    return merge(parts).tinted(coat / SURFACES.rgb[SURFACES.id("fur")])


def _head(rng: Rng, build: Build, middle_m: float) -> list[Mesh]:
    root = np.array([0.42 * build.length_m, 0.0, middle_m + 0.2 * build.girth_m])
    lift = rng.uniform(-0.9, 1.0)
    tip = root + build.neck_m * np.array([np.cos(lift), 0.0, np.sin(lift)])
    thick = 0.22 * build.girth_m + 0.02
    neck = np.array([root, (root + tip) / 2, tip])
    long = build.head_m
    head = blob(rng, (long / 2, 0.2 * long, 0.25 * long), 2, 0.03, "fur")
    ear = blob(rng, (0.03, 0.02, 0.16 * long), 1, 0, "fur")
    return [
        tube(neck, thick * np.array([1.3, 1.0, 0.8]), 8, "fur"),
        _put(head, tip, 0.3 * long, 0, -0.05),
        *(_put(ear, tip, 0, side * 0.18 * long, 0.28 * long) for side in (-1, 1)),
    ]


def _put(part: Mesh, at: Array, forwards: float, left: float, up: float) -> Mesh:
    return part.moved((at + np.array([forwards, left, up])).tolist())


def _leg(rng: Rng, x: float, y: float, hip_m: float, radius_m: float) -> Mesh:
    foot = x + rng.normal(0, 0.12 * hip_m)
    path = np.array([[x, y, hip_m], [(x + foot) / 2, y, hip_m / 2], [foot, y, 0.0]])
    return tube(path, radius_m * np.array([1.5, 0.9, 0.8]), 7, "fur")
