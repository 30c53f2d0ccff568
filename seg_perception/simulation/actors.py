"""Whoever moves: people and vehicles, standing on the origin and facing +x."""

from __future__ import annotations

import numpy as np

from seg_perception.simulation.shapes import Array, Mesh, Rng, blob, box, merge, mesh, tube

_COATS = ((1.0, 1.0, 1.0), (0.12, 0.6, 4.5), (0.7, 3.6, 8.0), (0.15, 1.4, 2.4), (1.1, 3.4, 1.5))
_PAINTS = ((1.0, 1.0, 1.0), (0.2, 1.9, 5.5), (1.7, 12.0, 14.0), (0.25, 2.9, 1.9), (0.4, 3.0, 3.5))


def person(rng: Rng) -> Mesh:
    """Somebody walking, 1.6 to 1.9 m tall."""
    stride = rng.uniform(0.12, 0.3)
    coat = np.array(_COATS[int(rng.integers(len(_COATS)))])
    torso = blob(rng, (0.15, 0.21, 0.33), 2, 0.02, "jacket").moved((0, 0, 1.17))
    hips = blob(rng, (0.15, 0.19, 0.14), 2, 0.01, "trousers").moved((0, 0, 0.9))
    parts = [torso.tinted(coat), hips, *_head(rng)]
    for side, swing in ((1, stride), (-1, -stride)):
        parts += _leg(0.1 * side, swing)
        parts += _arm(rng, 0.24 * side, -0.7 * swing, coat)
    return merge(parts).moved((0, 0, 0), scale=rng.uniform(0.92, 1.06))


def _head(rng: Rng) -> list[Mesh]:
    neck = tube(np.array([[0, 0, 1.4], [0.01, 0, 1.56]]), np.array([0.06, 0.055]), 8, "skin")
    face = blob(rng, (0.1, 0.085, 0.125), 2, 0, "skin").moved((0.02, 0, 1.63))
    hair = blob(rng, (0.108, 0.095, 0.1), 2, 0.01, "hair").moved((-0.015, 0, 1.69))
    return [neck, face, hair]


def _leg(y: float, swing: float) -> list[Mesh]:
    shoe = box((0.27, 0.1, 0.1), (swing + 0.06, y, 0.05), "hair")
    return [_limb((0, y, 0.92), (swing, y, 0.08), (0.095, 0.06), "trousers"), shoe]


def _arm(rng: Rng, y: float, swing: float, coat: Array) -> list[Mesh]:
    sleeve = _limb((0, y, 1.4), (swing, 1.15 * y, 0.9), (0.062, 0.042), "jacket")
    shoulder = blob(rng, (0.07, 0.075, 0.07), 1, 0, "jacket").moved((0, y, 1.39))
    hand = blob(rng, (0.05, 0.04, 0.07), 1, 0, "skin").moved((1.07 * swing, 1.16 * y, 0.84))
    return [sleeve.tinted(coat), shoulder.tinted(coat), hand]


def _limb(
    start: tuple[float, ...], end: tuple[float, ...], radii: tuple[float, float], surface: str
) -> Mesh:
    path = np.linspace(start, end, 4, dtype=np.float64)
    return tube(path, np.linspace(radii[0], radii[1], 4, dtype=np.float64), 8, surface)


def vehicle(rng: Rng) -> Mesh:
    """A four-wheel-drive pick-up, 4.6 m long."""
    paint = np.array(_PAINTS[int(rng.integers(len(_PAINTS)))])
    body = _hull(
        [(-2.3, 0.5), (-2.3, 1.05), (0.95, 1.08), (2.2, 0.98), (2.3, 0.5)], 0.9, "car_paint"
    )
    cabin = _hull([(-0.75, 1.05), (-0.55, 1.78), (0.55, 1.78), (1.15, 1.06)], 0.82, "car_paint")
    bed = box((1.4, 1.5, 0.04), (-1.5, 0, 1.09), "tyre")
    wheels = [_wheel(x, y) for x in (-1.4, 1.45) for y in (-0.82, 0.82)]
    bumpers = [box((0.16, 1.7, 0.2), (x, 0, 0.5), "tyre") for x in (-2.34, 2.34)]
    painted = [body.tinted(paint), cabin.tinted(paint)]
    return merge([*painted, bed, *_windows(), *wheels, *_lamps(), *bumpers])


def _windows() -> list[Mesh]:
    sides = _hull([(-0.5, 1.16), (-0.36, 1.64), (0.42, 1.64), (0.8, 1.16)], 0.835, "car_glass")
    front = _slab(((0.66, 1.69), (1.09, 1.14)), 0.70)
    return [sides, front, _slab(((-0.59, 1.69), (-0.73, 1.14)), 0.70)]


def _lamps() -> list[Mesh]:
    front = [box((0.06, 0.3, 0.15), (2.27, y, 0.86), "car_lamp") for y in (-0.65, 0.65)]
    rear = [box((0.06, 0.14, 0.26), (-2.3, y, 0.86), "car_lamp") for y in (-0.78, 0.78)]
    return [*front, *(lamp.tinted(np.array([0.8, 0.06, 0.05])) for lamp in rear)]


def _hull(outline: list[tuple[float, float]], half_width_m: float, surface: str) -> Mesh:
    """A closed prism across y of an outline in x and z."""
    count = len(outline)
    left = [(x, half_width_m, z) for x, z in outline]
    right = [(x, -half_width_m, z) for x, z in outline]
    triangles = [(0, i, i + 1) for i in range(1, count - 1)]
    triangles += [(count, count + i + 1, count + i) for i in range(1, count - 1)]
    for i in range(count):
        j = (i + 1) % count
        triangles += [(i, i + count, j + count), (i, j + count, j)]
    return mesh(np.array(left + right), np.array(triangles), surface)


def _slab(edge: tuple[tuple[float, float], tuple[float, float]], half_width_m: float) -> Mesh:
    """A flat pane of glass between two heights."""
    (x0, z0), (x1, z1) = edge
    lift = 0.02 * np.sign(x1 - x0)
    corners = [
        (x + lift, y, z + 0.01)
        for x, z in ((x0, z0), (x1, z1))
        for y in (-half_width_m, half_width_m)
    ]
    return mesh(np.array(corners), np.array([[0, 1, 3], [0, 3, 2]]), "car_glass")


def _wheel(x: float, y: float) -> Mesh:
    angle = np.linspace(0, 2 * np.pi, 15)[:-1]
    rim = np.stack([x + 0.37 * np.cos(angle), 0 * angle, 0.37 + 0.37 * np.sin(angle)], axis=1)
    sides = (np.array([0, y + 0.12, 0]), np.array([0, y - 0.12, 0]))
    hubs = [[x, y + 0.12, 0.37], [x, y - 0.12, 0.37]]
    vertices = np.concatenate([*(rim + side for side in sides), hubs])
    count = len(angle)
    triangles = []
    for i in range(count):
        j = (i + 1) % count
        triangles += [(i, j, i + count), (j, j + count, i + count)]
        triangles += [(2 * count, i, j), (2 * count + 1, count + j, count + i)]
    return mesh(vertices, np.array(triangles), "tyre")
