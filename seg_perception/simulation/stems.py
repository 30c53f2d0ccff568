"""Trunks of many kinds: thin and thick, leaning, forked, pale, dark and mossy."""

from __future__ import annotations

import numpy as np

from seg_perception.simulation.plants import clump
from seg_perception.simulation.shapes import Array, Mesh, Rng, merge, tube
from seg_perception.simulation.surfaces import SURFACES

_BARKS = ((0.06, 0.05, 0.04), (0.16, 0.15, 0.13), (0.42, 0.39, 0.34), (0.22, 0.13, 0.08))
_MOSS = np.array([0.09, 0.13, 0.04])
_FORKED, _MOSSY = 0.35, 0.25
_RINGS = 25


def stem(rng: Rng) -> Mesh:
    """A trunk of 4 to 9 m with a thin crown, standing on the origin."""
    height_m, radius_m = rng.uniform(4, 9), float(np.exp(rng.uniform(np.log(0.04), np.log(0.4))))
    lean = rng.normal(0, 0.12, 2)
    bark = np.array(_BARKS[int(rng.integers(len(_BARKS)))]) * rng.uniform(0.7, 1.3)
    path = _path(rng, np.zeros(3), lean, height_m)
    bars = [_bar(path, radius_m)]
    if rng.uniform() < _FORKED:
        at = path[int(rng.integers(_RINGS // 5, _RINGS // 2))]
        fork = _path(rng, at, lean + rng.normal(0, 0.35, 2), height_m - at[2])
        bars.append(_bar(fork, 0.7 * radius_m))
    wood = merge(bars).tinted(bark / SURFACES.rgb[SURFACES.id("bark")])
    if rng.uniform() < _MOSSY:
        wood = _mossy(wood, rng.uniform(0.3, 1.8))
    return merge([wood, clump(rng, path[-1], 1.2, 0.9, 300, "leaf", 1.0)])


def _path(rng: Rng, start: Array, lean: Array, height_m: float) -> Array:
    up = np.linspace(-0.02 if start[2] == 0 else 0.0, 1, _RINGS)
    sway = rng.normal(0, 0.03, 2) * height_m * np.sin(np.pi * up)[:, None]
    return start + np.column_stack([up[:, None] * height_m * lean + sway, up * height_m])


def _bar(path: Array, radius_m: float) -> Mesh:
    """A trunk that spreads at its foot and tapers."""
    up = np.linspace(0, 1, len(path))
    return tube(path, radius_m * (1 - 0.6 * up) * (1 + 0.5 * np.exp(-up / 0.06)), 12, "bark")


def _mossy(wood: Mesh, up_to_m: float) -> Mesh:
    """Green below a height."""
    height = wood.vertices[wood.triangles, 2].mean(axis=1)
    share = np.clip(1.3 - height / up_to_m, 0, 1)[:, None]
    return wood.tinted(1 - share + share * _MOSS / np.maximum(wood.rgb, 1e-3))
