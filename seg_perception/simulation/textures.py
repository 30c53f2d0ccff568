"""Small pictures of bark, litter, gravel and the like that repeat seamlessly."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.simulation.noise import Floats, fractal_texture
from seg_perception.simulation.shapes import Rng
from seg_perception.simulation.texture_atlas import UNIT, TextureAtlas
from seg_perception.simulation.texture_canvas import (
    ROUND,
    Canvas,
    draw_blades,
    draw_leaves,
    draw_stones,
    draw_twigs,
    layered,
    turned,
)


@lru_cache(maxsize=1)
def texture_atlas() -> TextureAtlas:
    """The textures of all surfaces, made once."""
    makers: dict[str, Callable[[Rng], Floats]] = {
        "plain": lambda _: np.ones((512, 512, 3), np.float32),
        "gravel": _gravel,
        "asphalt": _asphalt,
        "earth": _earth,
        "mud": _mud,
        "turf": _turf,
        "litter": _litter,
        "bark": _bark,
        "birch": _birch,
        "wood": _wood,
        "planks": _planks,
        "roof": _roof,
        "stone": _stone,
        "crowns": _crowns,
        "foliage": _foliage,
    }
    textures: dict[str, NDArray[np.uint8]] = {}
    for index, (name, make) in enumerate(makers.items()):
        texture = make(np.random.default_rng([31, index]))
        # On average a texture leaves the brightness as it is.
        texture = texture / texture.mean()
        textures[name] = np.clip(texture * UNIT, 0, 255).astype(np.uint8)
    return TextureAtlas(textures)


def _grain(seed: int, roughness: float, stretch: float = 1.0) -> Floats:
    """Fractal noise (512, 512, 1), mean 0, deviation 1; stretched along v."""
    return fractal_texture(seed, roughness, 512, stretch)[..., None]


def _gravel(rng: Rng) -> Floats:
    canvas = Canvas(512, (0.62, 0.6, 0.56))
    canvas.picture *= 1 + 0.16 * _grain(41, 0.9)
    draw_stones(canvas, rng, 1700, (1.0, 6.0))
    draw_leaves(canvas, rng, 8, (8, 14), np.array([[0.85, 0.6, 0.35], [0.7, 0.5, 0.3]]))
    draw_stones(canvas, rng, 500, (1.0, 3.0))
    return canvas.picture * (1 + 0.10 * _grain(42, 1.3))


def _asphalt(rng: Rng) -> Floats:
    canvas = Canvas(512, (1.0, 1.0, 1.0))
    draw_stones(canvas, rng, 1500, (1.0, 3.0))
    worn: Floats = 0.6 + 0.4 * canvas.picture
    return worn * (1 + 0.06 * _grain(43, 1.4))


def _earth(rng: Rng) -> Floats:
    canvas = Canvas(512, (1.0, 1.0, 1.0))
    canvas.picture *= 1 + 0.24 * _grain(44, 0.75) + 0.12 * _grain(45, 1.6)
    draw_stones(canvas, rng, 240, (1.0, 6.0))
    litter = np.array([[1.5, 1.05, 0.65], [1.2, 0.85, 0.55], [1.7, 1.4, 0.9]])
    draw_leaves(canvas, rng, 34, (7, 14), litter)
    draw_twigs(canvas, rng, 9, (15, 60))
    return canvas.picture


def _mud(rng: Rng) -> Floats:
    """Churned, with the bars that tyres pressed in: a dark side and a wet, light one."""
    canvas, count = Canvas(512, (1.0, 1.0, 1.0)), 140
    canvas.picture *= 1 + 0.26 * _grain(46, 1.5) + 0.1 * _grain(47, 0.9)
    place, angle = rng.uniform(0, 512, (count, 2)), rng.normal(0.5, 0.5, count)
    bar = np.array([[-1.0, -0.3], [1, -0.3], [1, 0.3], [-1, 0.3]])
    scale = rng.uniform([6, 2.5], [14, 6], (count, 2))
    dark = np.repeat(rng.uniform(0.55, 0.8, (count, 1)), 3, axis=1)
    canvas.polygons(
        layered(
            turned(bar, angle, scale, place), turned(bar * [1, 0.3], angle, scale, place - 2.5)
        ),
        layered(dark, np.full((count, 3), 1.4)),
    )
    edged = cv2.copyMakeBorder(canvas.picture, 8, 8, 8, 8, cv2.BORDER_WRAP)
    soft = cv2.GaussianBlur(edged, (0, 0), 1.2)
    return np.ascontiguousarray(soft[8:-8, 8:-8], np.float32)


def _turf(rng: Rng) -> Floats:
    canvas = Canvas(512, (0.38, 0.42, 0.34))
    draw_blades(canvas, rng, 6500)
    draw_leaves(canvas, rng, 16, (6, 12), np.array([[1.9, 1.1, 0.9], [1.5, 0.9, 0.8]]))
    return canvas.picture


def _litter(rng: Rng) -> Floats:
    """The forest's floor: fallen leaves and twigs, and low green things that grow through them."""
    canvas = Canvas(512, (0.4, 0.34, 0.3))
    brown = np.array([[1.5, 1.0, 0.75], [1.2, 0.82, 0.65], [0.9, 0.66, 0.55], [1.8, 1.35, 1.0]])
    green = np.array([[0.6, 1.0, 0.4], [0.75, 1.2, 0.5], [0.45, 0.75, 0.35]])
    draw_leaves(canvas, rng, 1000, (8, 20), brown)
    draw_twigs(canvas, rng, 34, (20, 90))
    draw_leaves(canvas, rng, 800, (5, 13), np.vstack([brown[:2], green, green]))
    draw_blades(canvas, rng, 500)
    moss = np.clip(_grain(48, 1.7) - 0.5, 0, 1)
    mossy = np.array([0.62, 0.95, 0.42]) * (1 + 0.25 * _grain(49, 0.6))
    return np.asarray(canvas.picture * (1 - moss) + moss * mossy, np.float32)


def _bark(_rng: Rng) -> Floats:
    """Furrows that run up the trunk, plates between them, lichen on some."""
    ridges = 1 - np.abs(np.tile(fractal_texture(51, 0.9, 256, 4.5), (2, 2))[..., None])
    furrow = np.clip(0.42 + 0.75 * ridges, 0.2, 1.2)
    cracks = 1 - 0.3 * np.clip(1.2 - 6 * np.abs(_grain(52, 1.2, 0.6)), 0, 1)
    tone = furrow * cracks * (1 + 0.14 * _grain(53, 0.7, 3.0)) * (1 + 0.12 * _grain(63, 1.6))
    picture = tone * np.array([1.05, 1.0, 0.95])
    lichen = np.clip(_grain(54, 1.3) - 1.1, 0, 0.7) * (ridges > 0.5)
    return np.asarray(picture * (1 - lichen) + lichen * [1.35, 1.55, 1.3], np.float32)


def _birch(rng: Rng) -> Floats:
    """White, with dark lenticels across and a few black scars."""
    canvas, count = Canvas(512, (1.0, 1.0, 1.0)), 170
    canvas.picture *= 1 + 0.07 * _grain(55, 1.0, 0.3)
    across = np.array([[0, 0], [0.5, 0.02], [1, 0]])
    reach = np.repeat(rng.uniform(10, 70, (count, 1)), 2, axis=1)
    place, level = rng.uniform(0, 512, (count, 2)), rng.normal(0, 0.03, count)
    dark = rng.uniform(0.12, 0.5, (count, 1)) * np.array([1.05, 1.0, 0.95])
    canvas.lines(turned(across, level, reach, place), dark, 2)
    scar = np.array([[-1, 0], [0, -0.5], [1, 0], [0.2, 0.7], [-0.2, 0.7]])
    size = np.repeat(rng.uniform(18, 38, (9, 1)), 2, axis=1)
    canvas.polygons(
        turned(scar, np.zeros(9), size, rng.uniform(0, 512, (9, 2))), np.full((9, 3), 0.13)
    )
    return canvas.picture


def _wood(rng: Rng) -> Floats:
    """Weathered wood: grain and checks along v."""
    canvas, count = Canvas(512, (1.0, 1.0, 1.0)), 26
    canvas.picture *= 1 + 0.2 * _grain(56, 0.8, 14.0)
    along = np.array([[0, 0], [0.01, 1]])
    reach = np.repeat(rng.uniform(40, 190, (count, 1)), 2, axis=1)
    place = rng.uniform(0, 512, (count, 2))
    checks = turned(along, rng.normal(0, 0.02, count), reach, place)
    canvas.lines(checks, np.full((count, 3), 0.35), 2)
    return canvas.picture


def _planks(rng: Rng) -> Floats:
    """Four boards, one above the other, with a gap's shadow under each."""
    size, boards = 512, 4
    height = size // boards
    picture = np.ones((size, size, 3), np.float32)
    picture *= 1 + 0.14 * np.swapaxes(_grain(57, 0.9, 12.0), 0, 1)
    for board in range(boards):
        rows = slice(board * height, (board + 1) * height)
        picture[rows] *= rng.uniform(0.8, 1.15) * (1 + rng.normal(0, 0.02, 3))
        across = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
        picture[rows] *= 0.92 + 0.14 * across
        picture[rows][:9] *= 0.28
        joint = int(rng.integers(size))
        picture[rows, joint : joint + 3] *= 0.4
    return picture


def _roof(rng: Rng) -> Floats:
    """Rows of clay tiles that overlap."""
    size, rows, columns = 512, 8, 8
    v, u = np.mgrid[0:size, 0:size].astype(np.float32) / size
    wave = 0.75 + 0.3 * np.cos(2 * np.pi * columns * u)
    shade = wave * (0.55 + 0.5 * np.minimum((v * rows) % 1 * 3, 1))
    each = rng.uniform(0.8, 1.2, (rows, columns))
    tone = np.kron(each, np.ones((size // rows, size // columns)))
    moss = np.clip(_grain(58, 1.4) - 0.9, 0, 0.7)
    picture = (shade * tone)[..., None]
    return np.asarray(picture * (1 - moss) + moss * [0.5, 0.95, 0.5], np.float32)


def _stone(rng: Rng) -> Floats:
    """Grey, cracked, with lichen and moss."""
    canvas, count = Canvas(512, (1.0, 1.0, 1.0)), 60
    canvas.picture *= 1 + 0.2 * _grain(59, 1.0) + 0.12 * _grain(60, 1.8)
    canvas.picture *= 1 - 0.5 * np.clip(1 - 9 * np.abs(_grain(61, 1.6)), 0, 1)
    palette = np.array([[1.35, 1.4, 1.2], [1.4, 1.38, 1.0], [0.6, 0.62, 0.6]])
    dented = ROUND * rng.uniform(0.6, 1.2, (count, len(ROUND), 1))
    size = np.repeat(rng.uniform(2, 9, (count, 1)), 2, axis=1)
    spots = turned(dented, np.zeros(count), size, rng.uniform(0, 512, (count, 2)))
    canvas.polygons(spots, palette[rng.integers(3, size=count)])
    moss = np.clip(_grain(62, 1.5) - 0.8, 0, 0.8)
    return np.asarray(canvas.picture * (1 - moss) + moss * [0.5, 0.85, 0.35], np.float32)


def _crowns(rng: Rng) -> Floats:
    """Tree tops on a far slope: lit above, dark between."""
    canvas, count = Canvas(512, (0.4, 0.42, 0.4)), 700
    place = rng.uniform(0, 512, (count, 2))
    place = place[np.argsort(place[:, 1])[::-1]]
    radius = np.repeat(rng.uniform(9, 22, (count, 1)), 2, axis=1)
    tone = rng.uniform(0.6, 1.2, (count, 1)) * np.array([1.0, 1.0, 0.95])
    shape, none = ROUND * rng.uniform(0.8, 1.15, (count, len(ROUND), 1)), np.zeros(count)
    layers = [(1.0, 0.6), (0.8, 0.9), (0.5, 1.2)]
    up = radius * [0, 0.35]
    canvas.polygons(
        layered(*(turned(shape, none, s * radius, place + up * (1 - s)) for s, _ in layers)),
        layered(*(tone * bright for _, bright in layers)),
    )
    return canvas.picture


def _foliage(rng: Rng) -> Floats:
    """Leaves over leaves, dark between: for crowns that are no single leaves."""
    canvas = Canvas(512, (0.22, 0.24, 0.22))
    green = np.array([[0.8, 0.85, 0.75], [1.0, 1.0, 0.9], [1.25, 1.15, 0.95]])
    draw_leaves(canvas, rng, 900, (14, 30), 0.6 * green)
    draw_leaves(canvas, rng, 900, (14, 30), green)
    return canvas.picture * (1 + 0.2 * _grain(64, 1.5))
