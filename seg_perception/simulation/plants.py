"""Trees, bushes, ferns and grass, each standing on the origin."""

from __future__ import annotations

import numpy as np

from seg_perception.simulation.shapes import (
    Array,
    Mesh,
    Rng,
    blob,
    box,
    flakes,
    merge,
    spikes,
    tube,
)


def broadleaf(rng: Rng, height_m: float, crown_base_m: float, leaf_count: int) -> Mesh:
    """A beech or an oak: a trunk, some boughs, a crown of loose leaf clumps."""
    radius = 0.012 * height_m * rng.uniform(0.85, 1.4)
    trunk = _trunk(rng, 0.8 * height_m, radius, 10, "bark")
    crown, boughs = _crown(rng, height_m, crown_base_m, leaf_count)
    parts = [trunk.tinted(rng.uniform(0.75, 1.3, (1, 1))), *boughs, *crown]
    return merge(parts)


def birch(rng: Rng, height_m: float, crown_base_m: float, leaf_count: int) -> Mesh:
    """A slender white trunk under a thin crown."""
    trunk = _trunk(rng, 0.85 * height_m, 0.009 * height_m, 9, "birch_bark")
    crown, boughs = _crown(rng, height_m, crown_base_m, leaf_count, spread=0.65)
    return merge([trunk, *boughs, *(part.tinted(np.array([1.25, 1.15, 0.9])) for part in crown)])


def conifer(rng: Rng, height_m: float, crown_base_m: float, whorls: int) -> Mesh:
    """A spruce: a straight trunk with whorls of drooping boughs, bare below."""
    trunk = _trunk(rng, height_m, 0.012 * height_m, 9, "bark", bend_m=0.1)
    heights = np.linspace(crown_base_m, 0.98 * height_m, whorls)
    reach = 0.22 * height_m * (1 - heights / height_m) ** 0.75 + 0.12
    needles = [_whorl(rng, z, r) for z, r in zip(heights, reach, strict=True)]
    stubs = _stubs(rng, 0.8, crown_base_m, 0.012 * height_m)
    return merge([trunk, stubs, *needles])


def distant_tree(rng: Rng, height_m: float, crown_base_m: float, *, needled: bool) -> Mesh:
    """A tree for the background: a trunk and a crown of dented, mottled lumps."""
    trunk = _trunk(rng, 0.7 * height_m, 0.013 * height_m, 6, "bark")
    span = height_m - crown_base_m
    parts = [trunk]
    for up, taper in ((0.25, 0.17), (0.5, 0.125), (0.75, 0.08)):
        width = height_m * (taper if needled else rng.uniform(0.13, 0.2))
        off = rng.normal(0, 0.01 if needled else 0.07, 2) * height_m
        radii = (width, width, 0.28 * span)
        lump = blob(rng, radii, 2, 0.16, "needle" if needled else "leaf")
        lump = lump.moved((*off, crown_base_m + up * span))
        parts.append(lump.tinted(_mottled(rng, len(lump.triangles))))
    return merge(parts)


def _mottled(rng: Rng, count: int) -> Array:
    """Brightness (count, 1) of facets that stand for tufts of leaves."""
    return rng.uniform(0.45, 1.25, (count, 1))


def bush(rng: Rng, height_m: float, leaf_count: int) -> Mesh:
    """A rounded shrub, dense inside and loose outside."""
    width = height_m * rng.uniform(0.55, 0.85)
    clumps = []
    for _ in range(3):
        centre = np.append(rng.normal(0, 0.3 * width, 2), height_m * rng.uniform(0.35, 0.6))
        clumps.append(
            _clump(rng, centre, width * 0.75, 0.42 * height_m, leaf_count // 3, "bush_leaf")
        )
    return merge(clumps).tinted(rng.uniform(0.8, 1.25, (1, 1)))


def fern(rng: Rng, height_m: float) -> Mesh:
    """A rosette of arching fronds."""
    count = int(rng.integers(7, 12))
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False) + rng.normal(0, 0.25, count)
    out = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    reach = height_m * rng.uniform(0.8, 1.2, (count, 1))
    knee = np.hstack([0.5 * reach * out, 0.8 * height_m * rng.uniform(0.7, 1.1, (count, 1))])
    tip = np.hstack([reach * out, 0.45 * height_m * rng.uniform(0.5, 1.2, (count, 1))])
    root = np.zeros_like(tip)
    width = np.full(count, 0.22 * height_m)
    fronds = merge([spikes(root, knee, 0.4 * width, "fern"), spikes(knee, tip, width, "fern")])
    return fronds.tinted(rng.uniform(0.7, 1.3, (len(fronds.triangles), 1)))


def grass_tuft(rng: Rng, height_m: float, blades: int = 14) -> Mesh:
    """A handful of blades that lean outwards."""
    root = np.hstack([rng.normal(0, 0.06, (blades, 2)), np.full((blades, 1), -0.03)])
    lean = rng.normal(0, 0.45, (blades, 2)) * height_m
    tip = root + np.hstack([lean, height_m * rng.uniform(0.5, 1.1, (blades, 1))])
    tuft = spikes(root, tip, rng.uniform(0.010, 0.024, blades), "grass_blade")
    dry = rng.uniform(0, 1, (blades, 1)) ** 2
    return tuft.tinted(rng.uniform(0.7, 1.3, (blades, 1)) * (1 + dry * np.array([0.7, 0.25, 0.2])))


def fallen_log(rng: Rng, length_m: float, radius_m: float) -> Mesh:
    """A trunk lying along x, half sunk into the ground."""
    x = np.linspace(-length_m / 2, length_m / 2, 7)
    path = np.stack([x, 0.1 * np.sin(x), np.full(7, 0.7 * radius_m)], axis=1)
    path += rng.normal(0, 0.02, path.shape)
    ends = [
        box((0.03, radius_m, radius_m), (x[i], path[i, 1], path[i, 2]), "dead_wood")
        for i in (0, -1)
    ]
    log = tube(path, radius_m * np.linspace(1.1, 0.8, 7), 10, "dead_wood")
    return merge([log, *(end.tinted(np.array([1.9, 1.7, 1.4])) for end in ends)])


def _trunk(
    rng: Rng, height_m: float, radius_m: float, sides: int, surface: str, bend_m: float = 0.35
) -> Mesh:
    z = np.array([-0.5, 0.05, 0.3, 0.8, *np.linspace(1.6, height_m, 7)])
    sway = rng.normal(0, bend_m, (1, 2)) * (z[:, None] / height_m) ** 2
    sway += rng.normal(0, 0.12 * bend_m, (1, 2)) * np.sin(z[:, None] / 1.7)
    flare = 1 + 0.75 * np.exp(-np.maximum(z, 0) / 0.28)
    taper = 1 - 0.78 * np.clip(z / height_m, 0, 1)
    wobble = 1 + rng.normal(0, 0.035, len(z))
    return tube(np.hstack([sway, z[:, None]]), radius_m * flare * taper * wobble, sides, surface)


def _stubs(rng: Rng, bottom_m: float, top_m: float, trunk_radius_m: float) -> Mesh:
    """Dead branch stubs below a conifer's crown."""
    count = 16
    root = np.zeros((count, 3))
    root[:, 2] = rng.uniform(bottom_m, max(top_m, bottom_m + 0.5), count)
    angle = rng.uniform(0, 2 * np.pi, count)
    reach = trunk_radius_m + rng.uniform(0.15, 0.9, count)
    tip = root + np.stack([np.cos(angle) * reach, np.sin(angle) * reach, -0.25 * reach], axis=1)
    return spikes(root, tip, np.full(count, 0.03), "bark")


def _crown(
    rng: Rng, height_m: float, base_m: float, leaf_count: int, spread: float = 1.0
) -> tuple[list[Mesh], list[Mesh]]:
    """Leaf clumps around the upper trunk and the boughs that carry them."""
    count = 8
    span = height_m - base_m
    up = np.linspace(0.18, 0.92, count)
    reach = spread * span * 0.33 * np.sin(np.pi * (0.15 + 0.75 * up)) * rng.uniform(0.6, 1.2, count)
    angle = np.arange(count) * 2.4 + rng.normal(0, 0.4, count)
    centres = np.stack([reach * np.cos(angle), reach * np.sin(angle), base_m + span * up], axis=1)
    radius = spread * span * rng.uniform(0.16, 0.26, count)
    clumps, boughs = [], []
    for centre, r in zip(centres, radius, strict=True):
        clumps.append(_clump(rng, centre, r * 1.35, r, leaf_count // count, "leaf"))
        start = np.array(
            [0.0, 0.0, max(centre[2] - 1.1 * np.hypot(*centre[:2]) - 0.4, 0.6 * base_m)]
        )
        path = start + np.linspace(0, 1, 4)[:, None] * (centre - start)
        boughs.append(tube(path, height_m * np.linspace(0.0045, 0.0015, 4), 5, "bark"))
    tint = rng.uniform(0.8, 1.25) * np.array([rng.uniform(0.8, 1.35), 1.0, rng.uniform(0.7, 1.2)])
    return [clump.tinted(tint) for clump in clumps], boughs


def _clump(
    rng: Rng, centre: Array, radius_m: float, half_height_m: float, leaf_count: int, surface: str
) -> Mesh:
    """A ball of leaves; those inside and below are darker."""
    direction = rng.normal(size=(leaf_count, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    depth = rng.uniform(0.02, 1.0, (leaf_count, 1)) ** 0.42 * rng.normal(1.0, 0.12, (leaf_count, 1))
    place = direction * depth * [radius_m, radius_m, half_height_m]
    size = rng.uniform(0.6, 1.4, leaf_count) * (0.09 + 0.125 * radius_m)
    leaves = flakes(rng, centre + place, size, surface, flatness=0.35)
    light = np.clip(0.2 + 0.72 * depth + 0.25 * direction[:, 2:], 0.25, 1.3)
    light = light * rng.uniform(0.7, 1.3, (leaf_count, 1))
    return leaves.tinted(np.repeat(light, 2, axis=0))


def _whorl(rng: Rng, height_m: float, reach_m: float) -> Mesh:
    """One level of boughs: a drooping midrib, twigs to both sides, needles hanging down."""
    boughs, twigs = int(rng.integers(5, 8)), 6
    angle = rng.uniform(0, 2 * np.pi) + np.arange(boughs) * 2 * np.pi / boughs
    angle += rng.normal(0, 0.2, boughs)
    out = np.stack([np.cos(angle), np.sin(angle), np.full(boughs, -0.38)], axis=1)
    reach = reach_m * rng.uniform(0.7, 1.15, (boughs, 1))
    along = np.linspace(0.12, 1.0, twigs)
    root = np.array([0, 0, height_m]) + (out * reach)[:, None] * along[:, None]
    root[..., 2] += 0.18 * reach * along**2
    side = np.stack([-np.sin(angle), np.cos(angle), np.zeros(boughs)], axis=1)[:, None]
    length = (0.2 + 0.42 * reach * (1.1 - along))[..., None] * rng.uniform(
        0.7, 1.3, (boughs, twigs, 1)
    )
    forward = 0.5 * out[:, None]
    sway = rng.normal(0, 0.12, (boughs, twigs, 3))
    tips = [
        root + length * (sign * side + forward + sway - [0, 0, drop])
        for sign, drop in ((1, 0.2), (-1, 0.2), (0.25, 0.75), (-0.25, 0.75))
    ]
    width = np.repeat(0.10 + 0.13 * length.reshape(-1), 1)
    shade = np.tile(0.45 + 0.75 * along, boughs)[:, None] * rng.uniform(
        0.75, 1.25, (boughs * twigs, 1)
    )
    fans = [
        spikes(root.reshape(-1, 3), tip.reshape(-1, 3), width, "needle").tinted(shade)
        for tip in tips
    ]
    return merge(fans)
