"""What people put beside a forest track, each standing on the origin and facing +x."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from seg_perception.simulation.shapes import Array, Mesh, Rng, blob, box, grid, merge, mesh, tube


def rock(rng: Rng, radius_m: float) -> Mesh:
    """A boulder, a third of it in the ground."""
    radii = tuple(radius_m * rng.uniform([0.8, 0.8, 0.6], [1.3, 1.2, 0.9]))
    stone = blob(rng, radii, 2 if radius_m < 0.4 else 3, 0.07, "rock")
    mossy = 1 + rng.uniform(0, 0.5) * np.array([-0.3, 0.0, -0.4])
    return stone.tinted(rng.uniform(0.65, 1.3) * mossy).moved((0, 0, 0.3 * radius_m))


def hut(rng: Rng, length_m: float, width_m: float, wall_m: float) -> Mesh:
    """A forester's hut: plank walls on a plastered base, gabled roof, door, windows."""
    half_l, half_w = length_m / 2, width_m / 2
    base = box((length_m + 0.1, width_m + 0.1, 1.6), (0, 0, -0.2), "plaster")
    walls = box((length_m, width_m, wall_m), (0, 0, wall_m / 2), "planks")
    ridge = wall_m + 0.42 * width_m
    openings = [box((0.06, 0.95, 2.0), (half_l, -0.22 * width_m, 1.2), "window")]
    openings += [
        box((0.06, 1.0, 0.9), (side * half_l, 0.24 * width_m, 1.75), "window") for side in (1, -1)
    ]
    openings += [
        box((1.0, 0.06, 0.9), (x * length_m, side * half_w, 1.75), "window")
        for x in (-0.25, 0.25)
        for side in (1, -1)
    ]
    chimney = box((0.5, 0.5, 1.5), (-0.2 * length_m, 0.2 * width_m, ridge), "plaster")
    parts = [base, walls, *openings, chimney, _gables(half_l, half_w, wall_m, ridge)]
    house = merge([*parts, _roof(half_l, half_w, wall_m, ridge)])
    return house.tinted(rng.uniform(0.85, 1.15, (1, 1)))


def _gables(half_l: float, half_w: float, wall_m: float, ridge_m: float) -> Mesh:
    ends = [[(x, -half_w, wall_m), (x, half_w, wall_m), (x, 0, ridge_m)] for x in (half_l, -half_l)]
    return mesh(np.array(ends).reshape(-1, 3), np.array([[0, 1, 2], [3, 5, 4]]), "planks")


def _roof(half_l: float, half_w: float, wall_m: float, ridge_m: float) -> Mesh:
    """Two slopes that reach over the walls, each with an underside."""
    eave, over = 0.5, 0.45
    slope = (ridge_m - wall_m) / half_w
    slopes = []
    for side in (1, -1):
        low = (side * (half_w + eave), wall_m - slope * eave)
        corners = [[(-half_l - over, *low), (half_l + over, *low)]]
        corners.append([(-half_l - over, 0, ridge_m), (half_l + over, 0, ridge_m)])
        slopes += [
            grid(np.add(corners, [0, 0, thickness]), surface)
            for thickness, surface in ((0.14, "roof"), (0.04, "planks"))
        ]
    return merge(slopes)


def fence(rng: Rng, line: Array) -> Mesh:
    """Posts at the given places, float64 (n, 3), metre, and two rails between neighbours."""
    parts = []
    for place in line:
        tilt = rng.normal(0, 0.03, 2)
        path = place + np.array([[0, 0, -0.4], [*tilt, 1.2]])
        parts.append(tube(path, np.array([0.06, 0.055]), 7, "fence_wood"))
    for start, end in pairwise(line):
        for height in (0.5, 1.0):
            sag = rng.normal(0, 0.02, 2)
            path = np.array([start, end])
            path[:, 2] += height + sag
            parts.append(tube(path, np.array([0.05, 0.045]), 6, "fence_wood"))
    return merge([part.tinted(rng.uniform(0.75, 1.2, (1, 1))) for part in parts])


def trail_sign() -> Mesh:
    """A yellow board on a metal post."""
    post = tube(np.array([[0, 0, -0.4], [0, 0, 2.3]]), np.array([0.035, 0.035]), 8, "pole_metal")
    front = box((0.02, 0.75, 0.5), (0.05, 0, 1.98), "sign_board")
    back = box((0.015, 0.74, 0.49), (0.035, 0, 1.98), "sign_back")
    text = [
        box((0.004, w, 0.05), (0.062, y, z), "sign_board").tinted(np.array([[0.06]]))
        for w, y, z in ((0.55, 0.02, 2.1), (0.45, -0.03, 1.98), (0.5, 0.0, 1.86))
    ]
    return merge([post, front, back, *text])


def utility_pole(rng: Rng) -> Mesh:
    """A wooden pole with a cross-arm."""
    lean = rng.normal(0, 0.06, 2)
    path = np.array([[0, 0, -0.5], [*(0.5 * lean), 3.6], [*lean, 7.6]])
    pole = tube(path, np.array([0.15, 0.13, 0.11]), 10, "pole_wood")
    arm = box((0.12, 1.7, 0.12), (lean[0] + 0.12, lean[1], 7.0), "pole_wood")
    return merge([pole, arm])


def marker_post() -> Mesh:
    """A waist-high post that marks the track's edge."""
    post = tube(np.array([[0, 0, -0.3], [0, 0, 1.05]]), np.array([0.06, 0.06]), 9, "pole_metal")
    cap = box((0.1, 0.1, 0.04), (0, 0, 1.05), "pole_metal")
    band = tube(np.array([[0, 0, 0.78], [0, 0, 0.92]]), np.array([0.065, 0.065]), 9, "pole_metal")
    return merge([post.tinted(np.array([[1.7]])), cap, band.tinted(np.array([1.6, 0.3, 0.25]))])
