"""Trees, young, grown and fallen, each standing on the origin."""

from __future__ import annotations

import numpy as np

from seg_perception.simulation.plants import clump
from seg_perception.simulation.shapes import (
    Array,
    Mesh,
    Rng,
    blob,
    box,
    merge,
    mesh,
    spikes,
    tube,
)

_USUAL_LEAVES = 1500
_PLAIN_TWIGS = 6
_BLADE = ((0.0, 0.0, 1.0),)
_COMB = ((0.0, 0.0, 1.0), (0.12, 0.28, 0.6), (0.2, -0.28, 0.55))


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


def conifer(rng: Rng, height_m: float, crown_base_m: float, whorls: int, twigs: int = 6) -> Mesh:
    """A spruce: a straight trunk with whorls of drooping boughs, bare below."""
    trunk = _trunk(rng, height_m, 0.012 * height_m, 9, "bark", bend_m=0.1)
    heights = np.linspace(crown_base_m, 0.98 * height_m, whorls)
    reach = 0.22 * height_m * (1 - heights / height_m) ** 0.75 + 0.12
    needles = [_whorl(rng, z, r, twigs) for z, r in zip(heights, reach, strict=True)]
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


def sapling(rng: Rng, height_m: float, leaf_count: int = 90) -> Mesh:
    """A young tree: a stem as thick as a thumb, thin boughs, loose leaves."""
    stem = _trunk(rng, height_m, 0.011 * height_m, 6, "bark", bend_m=0.25)
    clumps = []
    for up in np.linspace(0.45, 0.98, 5):
        off = rng.normal(0, 0.11 * height_m * (1.2 - up), 2)
        centre = np.append(off, up * height_m)
        clumps.append(clump(rng, centre, 0.3, 0.22, leaf_count // 5, "leaf", 0.75))
    return merge([stem, *clumps])


def stump(rng: Rng, radius_m: float) -> Mesh:
    """What is left of a felled tree."""
    z = np.array([-0.3, 0.0, 0.12, rng.uniform(0.3, 0.55)])
    path = np.stack([np.zeros(4), np.zeros(4), z], axis=1)
    side = tube(path, radius_m * np.array([1.7, 1.35, 1.1, 1.0]), 12, "dead_wood")
    angle = np.arange(12) * 2 * np.pi / 12
    rim = np.stack([np.cos(angle), np.sin(angle), np.zeros(12)], axis=1) * radius_m
    rim[:, 2] = z[-1]
    corners = np.concatenate([rim, [[0, 0, z[-1] + 0.01]]])
    fan = np.array([(i, (i + 1) % 12, 12) for i in range(12)])
    cut = mesh(corners, fan, "dead_wood").tinted(np.array([1.9, 1.6, 1.2]))
    return merge([side, cut])


def fallen_branch(rng: Rng, length_m: float) -> Mesh:
    """A dead branch with a few side twigs, lying along x."""
    x = np.linspace(-0.5, 0.5, 6) * length_m
    path = np.stack([x, rng.normal(0, 0.04, 6) * length_m, np.full(6, 0.03)], axis=1)
    path[:, 2] += rng.uniform(0, 0.05, 6)
    parts = [tube(path, np.linspace(0.028, 0.01, 6, dtype=np.float64), 5, "dead_wood")]
    for start in path[1:-1]:
        aside = float(rng.choice([-1, 1])) * rng.uniform(0.15, 0.4)
        end = start + np.array([0.2, aside, rng.uniform(0, 0.2)])
        parts.append(tube(np.array([start, end]), np.array([0.013, 0.005]), 4, "dead_wood"))
    return merge(parts)


def fallen_log(rng: Rng, length_m: float, radius_m: float) -> Mesh:
    """A trunk lying along x, half sunk into the ground."""
    x = np.linspace(-length_m / 2, length_m / 2, 7)
    path = np.stack([x, 0.1 * np.sin(x), np.full(7, 0.7 * radius_m)], axis=1)
    path += rng.normal(0, 0.02, path.shape)
    ends = [
        box((0.03, radius_m, radius_m), (x[i], path[i, 1], path[i, 2]), "dead_wood")
        for i in (0, -1)
    ]
    log = tube(path, radius_m * np.linspace(1.1, 0.8, 7, dtype=np.float64), 10, "dead_wood")
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
    # As much is covered by many small leaves as by few large ones.
    fineness = np.sqrt(_USUAL_LEAVES / leaf_count) if leaf_count > _USUAL_LEAVES else 1.0
    up = np.linspace(0.18, 0.92, count)
    reach = spread * span * 0.33 * np.sin(np.pi * (0.15 + 0.75 * up)) * rng.uniform(0.6, 1.2, count)
    angle = np.arange(count) * 2.4 + rng.normal(0, 0.4, count)
    centres = np.stack([reach * np.cos(angle), reach * np.sin(angle), base_m + span * up], axis=1)
    radius = spread * span * rng.uniform(0.16, 0.26, count)
    clumps, boughs = [], []
    for centre, r in zip(centres, radius, strict=True):
        clumps.append(clump(rng, centre, r * 1.35, r, leaf_count // count, "leaf", fineness))
        start = np.array(
            [0.0, 0.0, max(centre[2] - 1.1 * np.hypot(*centre[:2]) - 0.4, 0.6 * base_m)]
        )
        path = start + np.linspace(0, 1, 4)[:, None] * (centre - start)
        radii = height_m * np.linspace(0.0045, 0.0015, 4, dtype=np.float64)
        boughs.append(tube(path, radii, 5, "bark"))
    tint = rng.uniform(0.8, 1.25) * np.array([rng.uniform(0.8, 1.35), 1.0, rng.uniform(0.7, 1.2)])
    return [clump.tinted(tint) for clump in clumps], boughs


def _whorl(rng: Rng, height_m: float, reach_m: float, twigs: int) -> Mesh:
    """One level of boughs: a drooping midrib, twigs to both sides, needles hanging down."""
    boughs = int(rng.integers(5, 8))
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
    width = (0.10 + 0.13 * length.reshape(-1)) * _PLAIN_TWIGS / twigs
    shade = np.tile(0.45 + 0.75 * along, boughs)[:, None] * rng.uniform(
        0.75, 1.25, (boughs * twigs, 1)
    )
    combs = [_COMB, _COMB, _BLADE, _BLADE] if twigs > _PLAIN_TWIGS else [_BLADE] * 4
    fans = [
        _needles(rng, root.reshape(-1, 3), tip.reshape(-1, 3), width, comb).tinted(
            np.tile(shade, (len(comb), 1))
        )
        for tip, comb in zip(tips, combs, strict=True)
    ]
    return merge(fans)


def _needles(
    rng: Rng, root: Array, tip: Array, width_m: Array, comb: tuple[tuple[float, ...], ...]
) -> Mesh:
    """Twigs (n, 3) as one blade, or as a comb: where each starts, how far it leans, its length."""
    along = tip - root
    across = np.stack([-along[:, 1], along[:, 0], 0.3 * along[:, 0]], axis=1)
    parts = []
    for start, lean, share in comb:
        foot = root + start * along
        end = foot + share * along + lean * across + rng.normal(0, 0.02, along.shape)
        parts.append(spikes(foot, end, width_m / len(comb) ** 0.7, "needle"))
    return merge(parts)
