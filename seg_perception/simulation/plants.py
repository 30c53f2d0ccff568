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


def sapling(rng: Rng, height_m: float, leaf_count: int = 90) -> Mesh:
    """A young tree: a stem as thick as a thumb, thin boughs, loose leaves."""
    stem = _trunk(rng, height_m, 0.011 * height_m, 6, "bark", bend_m=0.25)
    clumps = []
    for up in np.linspace(0.45, 0.98, 5):
        off = rng.normal(0, 0.11 * height_m * (1.2 - up), 2)
        centre = np.append(off, up * height_m)
        clumps.append(_clump(rng, centre, 0.3, 0.22, leaf_count // 5, "leaf", 0.75))
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
    parts = [tube(path, np.linspace(0.028, 0.01, 6), 5, "dead_wood")]
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
    # As much is covered by many small leaves as by few large ones.
    fineness = np.sqrt(_USUAL_LEAVES / leaf_count) if leaf_count > _USUAL_LEAVES else 1.0
    up = np.linspace(0.18, 0.92, count)
    reach = spread * span * 0.33 * np.sin(np.pi * (0.15 + 0.75 * up)) * rng.uniform(0.6, 1.2, count)
    angle = np.arange(count) * 2.4 + rng.normal(0, 0.4, count)
    centres = np.stack([reach * np.cos(angle), reach * np.sin(angle), base_m + span * up], axis=1)
    radius = spread * span * rng.uniform(0.16, 0.26, count)
    clumps, boughs = [], []
    for centre, r in zip(centres, radius, strict=True):
        clumps.append(_clump(rng, centre, r * 1.35, r, leaf_count // count, "leaf", fineness))
        start = np.array(
            [0.0, 0.0, max(centre[2] - 1.1 * np.hypot(*centre[:2]) - 0.4, 0.6 * base_m)]
        )
        path = start + np.linspace(0, 1, 4)[:, None] * (centre - start)
        boughs.append(tube(path, height_m * np.linspace(0.0045, 0.0015, 4), 5, "bark"))
    tint = rng.uniform(0.8, 1.25) * np.array([rng.uniform(0.8, 1.35), 1.0, rng.uniform(0.7, 1.2)])
    return [clump.tinted(tint) for clump in clumps], boughs


def _clump(
    rng: Rng,
    centre: Array,
    radius_m: float,
    half_height_m: float,
    leaf_count: int,
    surface: str,
    fineness: float = 1.0,
) -> Mesh:
    """A ball of leaves; those inside and below are darker."""
    direction = rng.normal(size=(leaf_count, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    depth = rng.uniform(0.02, 1.0, (leaf_count, 1)) ** 0.42 * rng.normal(1.0, 0.12, (leaf_count, 1))
    place = direction * depth * [radius_m, radius_m, half_height_m]
    size = rng.uniform(0.6, 1.4, leaf_count) * (0.09 + 0.125 * radius_m) * fineness
    leaves = flakes(rng, centre + place, size, surface, flatness=0.35)
    light = np.clip(0.2 + 0.72 * depth + 0.25 * direction[:, 2:], 0.25, 1.3)
    light = light * rng.uniform(0.7, 1.3, (leaf_count, 1))
    return leaves.tinted(np.repeat(light, 2, axis=0))


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
