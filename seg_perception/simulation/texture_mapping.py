"""Where on its texture each place of a surface lies, and how large it appears there."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from seg_perception.simulation.noise import Floats, noise_texture
from seg_perception.simulation.planes import dot
from seg_perception.simulation.scene import Hits
from seg_perception.simulation.shapes import BALL, UPRIGHT
from seg_perception.simulation.surfaces import SURFACES
from seg_perception.simulation.textures import texture_atlas

_STEEP = np.float32(0.7)
_TIMES_AROUND = np.float32(2)
_SLANTED = np.float32(0.06)
_BROAD_M, _BROAD_UP_M = np.float32(23), np.float32(9)


def texture(
    hits: Hits, points: Floats, towards: Floats, pixel_rad: float
) -> tuple[list[Floats], Floats]:
    """What grew, weathered or lies on each surface.

    Args:
        hits: what the rays met.
        points: float32 (3, h, w), where, metre, world frame.
        towards: float32 (3, h, w), unit directions of the rays.
        pixel_rad: angle between neighbouring rays.

    Returns:
        Red, green and blue, relative to the surface's own colour, float32 (h, w) each; and
        broad patches, float32 (h, w), mean 0, deviation 1.
    """
    u, v = _places(hits, points)
    number, texel_m = _numbers_and_texels()
    pixel_m = hits.distance * np.float32(pixel_rad)
    slant = np.maximum(np.abs(dot(hits.normal, towards)), _SLANTED)
    with np.errstate(divide="ignore", invalid="ignore"):
        level = np.log2(pixel_m / np.take(texel_m, hits.surface)) - np.float32(0.5) * np.log2(slant)
    level = np.nan_to_num(level, nan=0.0, posinf=9.0, neginf=0.0)
    rgb = texture_atlas().sample(np.take(number, hits.surface), level, u, v)
    x, y, z = points
    broad = noise_texture(15, 1.4).sample(x / _BROAD_M + z / _BROAD_UP_M, y / _BROAD_M)
    # A period of its own, so that no texture is seen to repeat.
    fine = noise_texture(14, 0.95).sample(u * np.float32(0.37), v * np.float32(0.37))
    contrast = np.take(SURFACES.contrast, hits.surface)
    brightness = np.maximum(1 + contrast * (fine + np.float32(0.45) * broad), np.float32(0.12))
    for plane in rgb:
        np.multiply(plane, brightness, out=plane)
    return rgb, broad


def _places(hits: Hits, points: Floats) -> tuple[Floats, Floats]:
    """Position (h, w) in periods of the texture.

    Along the ground on level surfaces, along the wall on steep ones, around and up trunks.
    """
    x, y, z = points
    along, upward = (np.take(1 / column, hits.surface) for column in SURFACES.grain_m.T)
    steep = np.abs(hits.normal[2]) < _STEEP
    across = y * hits.normal[0] - x * hits.normal[1]
    u = np.where(steep, across, x) * along
    v = np.where(steep, z, y) * upward
    _wrap_round_things(u, v, hits, points, along, upward, steep)
    return u, v


def _wrap_round_things(
    u: Floats,
    v: Floats,
    hits: Hits,
    points: Floats,
    along: Floats,
    upward: Floats,
    steep: NDArray[np.bool_],
) -> None:
    row, column = np.nonzero((hits.curve[3] == UPRIGHT) | ((hits.curve[3] == BALL) & steep))
    x, y, z = points[:, row, column]
    axis_x, axis_y, _, kind = hits.curve[:, row, column]
    around = np.arctan2(y - axis_y, x - axis_x)
    upright = kind == UPRIGHT
    turns = np.where(upright, _TIMES_AROUND / np.float32(2 * np.pi), along[row, column])
    # No two trunks alike: each starts where it stands.
    start = axis_x * np.float32(0.31) + axis_y * np.float32(0.17)
    u[row, column] = around * turns + np.round(start, 1)
    v[row, column] = (z + start) * upward[row, column]


@lru_cache(maxsize=1)
def _numbers_and_texels() -> tuple[NDArray[np.intp], Floats]:
    """Number of each surface's texture, and the size of its texels (metre)."""
    atlas = texture_atlas()
    names = [surface.texture for surface in SURFACES.surfaces]
    numbers = np.array([atlas.number(name) for name in names], np.intp)
    texels = [max(surface.grain_m) / atlas.size(surface.texture) for surface in SURFACES.surfaces]
    return numbers, np.array(texels, np.float32)
