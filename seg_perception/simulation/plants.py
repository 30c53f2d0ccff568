"""Bushes, ferns and grass, each standing on the origin."""

from __future__ import annotations

import numpy as np

from seg_perception.simulation.shapes import (
    Array,
    Mesh,
    Rng,
    flakes,
    merge,
    spikes,
)


def bush(rng: Rng, height_m: float, leaf_count: int) -> Mesh:
    """A rounded shrub, dense inside and loose outside."""
    width = height_m * rng.uniform(0.55, 0.85)
    clumps = []
    for _ in range(3):
        centre = np.append(rng.normal(0, 0.3 * width, 2), height_m * rng.uniform(0.35, 0.6))
        clumps.append(
            clump(rng, centre, width * 0.75, 0.42 * height_m, leaf_count // 3, "bush_leaf")
        )
    return merge(clumps).tinted(rng.uniform(0.8, 1.25, (1, 1)))


def fern(rng: Rng, height_m: float, leaflets: int = 0) -> Mesh:
    """A rosette of arching fronds: plain blades from afar, with leaflets from near by.

    Args:
        rng: how it grows.
        height_m: of the arches.
        leaflets: on each side of a frond; 0 makes plain blades.
    """
    count = int(rng.integers(7, 12))
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False) + rng.normal(0, 0.25, count)
    out = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    reach = height_m * rng.uniform(0.8, 1.2, (count, 1))
    knee = np.hstack([0.5 * reach * out, 0.8 * height_m * rng.uniform(0.7, 1.1, (count, 1))])
    tip = np.hstack([reach * out, 0.45 * height_m * rng.uniform(0.5, 1.2, (count, 1))])
    root = np.zeros_like(tip)
    width = np.full(count, 0.22 * height_m)
    if leaflets:
        fronds = _pinnate(rng, root, knee, tip, width, leaflets)
    else:
        fronds = merge([spikes(root, knee, 0.4 * width, "fern"), spikes(knee, tip, width, "fern")])
    return fronds.tinted(rng.uniform(0.7, 1.3, (len(fronds.triangles), 1)))


def _pinnate(rng: Rng, root: Array, knee: Array, tip: Array, width_m: Array, leaflets: int) -> Mesh:
    """Fronds (n, 3) as midribs with leaflets that shorten towards the tip."""
    share = np.linspace(0.15, 0.98, leaflets)[None, :, None]
    rib = (1 - share) ** 2 * root[:, None] + 2 * share * (1 - share) * 1.3 * knee[:, None]
    rib = rib + share**2 * tip[:, None]
    ahead = np.gradient(rib, axis=1)
    ahead /= np.linalg.norm(ahead, axis=2, keepdims=True)
    side = np.stack([-ahead[..., 1], ahead[..., 0], np.zeros(ahead.shape[:2])], axis=2)
    side /= np.linalg.norm(side, axis=2, keepdims=True) + 1e-9
    length = 1.1 * width_m[:, None, None] * np.sin(np.pi * (0.12 + 0.85 * share))
    thick = np.repeat(0.5 * width_m, leaflets) * 3.2 / leaflets
    start = rib.reshape(-1, 3)
    parts = [spikes(root, rib[:, -1], 0.08 * width_m, "fern")]
    for sign in (1, -1):
        droop = rng.normal(-0.15, 0.12, (*length.shape[:2], 1)) * [0, 0, 1]
        end = rib + length * (sign * side + 0.35 * ahead + droop)
        parts.append(spikes(start, end.reshape(-1, 3), 2 * thick, "fern"))
    return merge(parts)


def grass_tuft(rng: Rng, height_m: float, blades: int = 18) -> Mesh:
    """A handful of blades that bend outwards, some dry, some in seed."""
    root = np.hstack([rng.normal(0, 0.07, (blades, 2)), np.full((blades, 1), -0.03)])
    lean = rng.normal(0, 0.42, (blades, 2)) * height_m
    rise = height_m * rng.uniform(0.5, 1.1, (blades, 1))
    knee = root + np.hstack([0.35 * lean, 0.68 * rise])
    tip = root + np.hstack([1.15 * lean, rise * rng.uniform(0.75, 1.05, (blades, 1))])
    width = rng.uniform(0.007, 0.016, blades)
    stalks = spikes(root, knee, 1.25 * width, "grass_blade")
    ends = spikes(knee - 0.06 * (knee - root), tip, width, "grass_blade")
    dry = rng.uniform(0, 1, (blades, 1)) ** 2
    tint = rng.uniform(0.7, 1.3, (blades, 1)) * (1 + dry * np.array([0.7, 0.25, 0.2]))
    return merge([stalks.tinted(0.75 * tint), ends.tinted(tint)])


def shrublet(rng: Rng, height_m: float, leaf_count: int = 90) -> Mesh:
    """Bilberry, bramble or ivy: a low cushion of small leaves."""
    width = height_m * rng.uniform(0.9, 1.6)
    angle, out = rng.uniform(0, 2 * np.pi, leaf_count), np.sqrt(rng.uniform(0, 1, leaf_count))
    crown = height_m * (1 - 0.75 * out**2) * rng.uniform(0.15, 1.0, leaf_count) ** 0.5
    place = np.stack([width * out * np.cos(angle), width * out * np.sin(angle), crown], axis=1)
    size = rng.uniform(0.035, 0.08, leaf_count)
    leaves = flakes(rng, place, size, "fern", flatness=0.5)
    light = np.clip(0.35 + 0.8 * crown / height_m, 0.3, 1.2) * rng.uniform(0.7, 1.3, leaf_count)
    tint = np.array([rng.uniform(0.75, 1.15), 1.0, rng.uniform(0.8, 1.2)])
    return leaves.tinted(np.repeat(light, 2)[:, None] * tint)


def clump(
    rng: Rng,
    centre: Array,
    radius_m: float,
    half_height_m: float,
    leaf_count: int,
    surface: str,
    fineness: float = 1.0,
) -> Mesh:
    """A ball of leaves around a centre, float64 (3,), metre; those inside and below are darker."""
    direction = rng.normal(size=(leaf_count, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    depth = rng.uniform(0.02, 1.0, (leaf_count, 1)) ** 0.42 * rng.normal(1.0, 0.12, (leaf_count, 1))
    place = direction * depth * [radius_m, radius_m, half_height_m]
    size = rng.uniform(0.6, 1.4, leaf_count) * (0.09 + 0.125 * radius_m) * fineness
    leaves = flakes(rng, centre + place, size, surface, flatness=0.35)
    light = np.clip(0.2 + 0.72 * depth + 0.25 * direction[:, 2:], 0.25, 1.3)
    light = light * rng.uniform(0.7, 1.3, (leaf_count, 1))
    return leaves.tinted(np.repeat(light, 2, axis=0))
