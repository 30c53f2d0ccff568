"""Small pictures of bark, litter, gravel and the like that repeat seamlessly.

All tiles lie in one image at several sizes, so that one look-up serves a whole picture: far
things take a small size, which is what keeps them from flickering.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.simulation.noise import Floats, fractal_tile
from seg_perception.simulation.shapes import Array, Rng

Rgb = tuple[float, float, float]

_LEVELS = 7
_UNIT = np.float32(96)
"""The byte that stands for one times the surface's own colour."""
_EDGE = 1
_SHIFT = 3


class TileAtlas:
    """Every tile at every size, and where it lies."""

    def __init__(self, tiles: dict[str, NDArray[np.uint8]]) -> None:
        """Lay the tiles side by side, smaller ones below.

        Args:
            tiles: uint8 (n, n, 3) by name, n a power of two, `_UNIT` standing for 1.
        """
        self._number = {name: index for index, name in enumerate(tiles)}
        width = sum(len(tile) + _EDGE for tile in tiles.values())
        tallest = max(len(tile) for tile in tiles.values())
        height = sum((tallest >> level) + _EDGE for level in range(_LEVELS))
        self._picture = np.zeros((height, width, 3), np.uint8)
        self._places = np.zeros((len(tiles) * _LEVELS, 3), np.float32)
        left = 0
        for index, tile in enumerate(tiles.values()):
            self._lay(index, tile, left, tallest)
            left += len(tile) + _EDGE

    def number(self, name: str) -> int:
        """Number of a tile; `plain` where there is none of that name."""
        return self._number.get(name, self._number["plain"])

    def size(self, name: str) -> int:
        """Texels along a side of the largest size."""
        return int(self._places[self.number(name) * _LEVELS, 2])

    def sample(self, tile: NDArray[np.intp], level: Floats, u: Floats, v: Floats) -> list[Floats]:
        """Colours, relative to the surface's own.

        Args:
            tile: (h, w), numbers of tiles.
            level: float32 (h, w), how often the tile is halved.
            u, v: float32 (h, w), position in tiles; any finite value.

        Returns:
            Red, green and blue, float32 (h, w) each.
        """
        halved = np.clip(level, 0, _LEVELS - 1).astype(np.intp)
        place = np.take(self._places, tile * _LEVELS + halved, axis=0)
        column = place[..., 0] + (u - np.floor(u)) * place[..., 2]
        row = place[..., 1] + (v - np.floor(v)) * place[..., 2]
        found = cv2.remap(self._picture, column, row, cv2.INTER_LINEAR)
        return [np.asarray(plane, np.float32) * (1 / _UNIT) for plane in cv2.split(found)]

    def _lay(self, index: int, tile: NDArray[np.uint8], left: int, tallest: int) -> None:
        top = 0
        for level in range(_LEVELS):
            size = max(len(tile) >> level, 1)
            small = cv2.resize(tile, (size, size), interpolation=cv2.INTER_AREA)
            # One more row and column, so that the seam is interpolated, too.
            edged = cv2.copyMakeBorder(small, 0, _EDGE, 0, _EDGE, cv2.BORDER_WRAP)
            self._picture[top : top + size + _EDGE, left : left + size + _EDGE] = edged
            self._places[index * _LEVELS + level] = left, top, size
            top += (tallest >> level) + _EDGE


@lru_cache(maxsize=1)
def tile_atlas() -> TileAtlas:
    """The tiles of all surfaces, made once."""
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
    tiles = {}
    for index, (name, make) in enumerate(makers.items()):
        tile = make(np.random.default_rng([31, index]))
        # On average a tile leaves the brightness as it is.
        tile = tile / tile.mean()
        tiles[name] = np.clip(tile * _UNIT, 0, 255).astype(np.uint8)
    return TileAtlas(tiles)


_ROUND: Array = np.stack(
    [np.cos(np.arange(9) * 2 * np.pi / 9), np.sin(np.arange(9) * 2 * np.pi / 9)], axis=1
)
_LEAF: Array = np.array(
    [[-1, 0], [-0.6, 0.35], [0, 0.5], [0.6, 0.3], [1, 0], [0.6, -0.3], [0, -0.5], [-0.6, -0.35]]
)


class _Canvas:
    """Draws on a square whose opposite edges meet."""

    def __init__(self, size: int, colour: Rgb) -> None:
        self.size = size
        self.picture = np.full((size, size, 3), colour, np.float32)

    def polygons(self, corners: Array, colours: Array) -> None:
        """Fill polygons (n, k, 2) in their order; colours (n, 3)."""
        for places, colour in self._wrapped(corners, colours):
            cv2.fillConvexPoly(self.picture, places, colour, cv2.LINE_8, _SHIFT)

    def lines(self, corners: Array, colours: Array, thickness: int = 1) -> None:
        """Draw lines through (n, k, 2) places in their order; colours (n, 3)."""
        for places, colour in self._wrapped(corners, colours):
            cv2.polylines(self.picture, [places], False, colour, thickness, cv2.LINE_8, _SHIFT)

    def _wrapped(
        self, corners: Array, colours: Array
    ) -> Iterator[tuple[NDArray[np.int32], list[float]]]:
        """In OpenCV's fixed point; what crosses an edge comes again from the other side."""
        low, high = corners.min(axis=1), corners.max(axis=1)
        shift = np.where(low < 0, self.size, np.where(high > self.size, -self.size, 0))
        fixed = np.round(corners * (1 << _SHIFT)).astype(np.int32)
        steps = (shift << _SHIFT).astype(np.int32)
        for places, step, colour in zip(fixed, steps, colours.tolist(), strict=True):
            yield places, colour
            if step[0]:
                yield places + [step[0], 0], colour  # noqa: RUF005
            if step[1]:
                yield places + [0, step[1]], colour  # noqa: RUF005
            if step.all():
                yield places + step, colour


def _turned(shape: Array, angle: Array, scale: Array, place: Array) -> Array:
    """A shape (k, 2) or shapes (n, k, 2), scaled (n, 2), turned (n,) and moved (n, 2)."""
    x, y = np.moveaxis(shape * scale[:, None], 2, 0)
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    turned: Array = np.stack([cos * x - sin * y, sin * x + cos * y], axis=2) + place[:, None]
    return turned


def _layered(*layers: Array) -> Array:
    """(n, ...) each: the layers of the first thing, then those of the second, and so on."""
    stacked: Array = np.stack(layers, axis=1).reshape(-1, *layers[0].shape[1:])
    return stacked


def _stones(canvas: _Canvas, rng: Rng, count: int, radii: tuple[float, float]) -> None:
    """Pebbles with a shadow below and a light upper side; the large ones are few."""
    low, high = radii
    radius = low + (high - low) * rng.uniform(size=(count, 1)) ** 4
    place, angle = rng.uniform(0, canvas.size, (count, 2)), rng.uniform(0, np.pi, count)
    scale = radius * np.hstack([np.ones((count, 1)), rng.uniform(0.6, 1.0, (count, 1))])
    dented = _ROUND * rng.uniform(0.85, 1.1, (count, len(_ROUND), 1))
    tone = rng.uniform(0.7, 1.35, (count, 1)) * (1 + rng.normal(0, 0.05, (count, 3)))
    canvas.polygons(
        _layered(
            _turned(dented, angle, 1.15 * scale, place + 0.25 * radius),
            _turned(dented, angle, scale, place),
            _turned(dented, angle, 0.6 * scale, place - 0.2 * radius),
        ),
        _layered(0.45 * tone, 0.9 * tone, 1.12 * tone),
    )


def _leaves(
    canvas: _Canvas, rng: Rng, count: int, lengths: tuple[float, float], palette: Array
) -> None:
    """Fallen leaves, one over the other, each with its shadow and a lighter half."""
    length = rng.uniform(*lengths, (count, 1))
    place, angle = rng.uniform(0, canvas.size, (count, 2)), rng.uniform(0, 2 * np.pi, count)
    scale = length / 2 * np.hstack([np.ones((count, 1)), rng.uniform(0.55, 1.0, (count, 1))])
    colour = palette[rng.integers(len(palette), size=count)] * rng.uniform(0.65, 1.25, (count, 1))
    lit = _LEAF * [1, 0.5] + [0, 0.22]
    canvas.polygons(
        _layered(
            _turned(_LEAF, angle, scale, place + 1.5),
            _turned(_LEAF, angle, scale, place),
            _turned(lit, angle, scale, place),
        ),
        _layered(0.35 * colour, colour, 1.15 * colour),
    )


def _twigs(canvas: _Canvas, rng: Rng, count: int, lengths: tuple[float, float]) -> None:
    length, angle = rng.uniform(*lengths, (count, 1)), rng.uniform(0, np.pi, count)
    x = np.linspace(-0.5, 0.5, 5) * np.ones((count, 1))
    bent = np.stack([x, rng.normal(0, 0.05, (count, 5))], axis=2)
    place, scale = rng.uniform(0, canvas.size, (count, 2)), np.repeat(length, 2, axis=1)
    tone = rng.uniform(0.6, 1.3, (count, 1)) * np.array([1.0, 0.85, 0.7])
    canvas.lines(
        _layered(_turned(bent, angle, scale, place + 1.5), _turned(bent, angle, scale, place)),
        _layered(np.full((count, 3), 0.3), tone),
        2,
    )


def _blades(canvas: _Canvas, rng: Rng, count: int) -> None:
    """Grass from above."""
    palette = np.array([[0.8, 1.0, 0.75], [1.0, 1.15, 0.8], [1.3, 1.25, 0.8], [1.7, 1.4, 1.05]])
    kind = rng.choice(4, count, p=(0.4, 0.35, 0.17, 0.08))
    colour = palette[kind] * rng.uniform(0.55, 1.35, (count, 1))
    length, angle = rng.uniform(6, 22, (count, 1)), rng.uniform(0, 2 * np.pi, count)
    bent = np.zeros((count, 3, 2))
    bent[:, :, 0] = [0, 0.5, 1]
    bent[:, 2, 1] = rng.normal(0.1, 0.15, count)
    place = rng.uniform(0, canvas.size, (count, 2))
    canvas.lines(_turned(bent, angle, np.repeat(length, 2, axis=1), place), colour)


def _grain(seed: int, roughness: float, stretch: float = 1.0) -> Floats:
    """Fractal noise (512, 512, 1), mean 0, deviation 1; stretched along v."""
    return fractal_tile(seed, roughness, 512, stretch)[..., None]


def _gravel(rng: Rng) -> Floats:
    canvas = _Canvas(512, (0.62, 0.6, 0.56))
    canvas.picture *= 1 + 0.16 * _grain(41, 0.9)
    _stones(canvas, rng, 1700, (1.0, 6.0))
    _leaves(canvas, rng, 8, (8, 14), np.array([[0.85, 0.6, 0.35], [0.7, 0.5, 0.3]]))
    _stones(canvas, rng, 500, (1.0, 3.0))
    return canvas.picture * (1 + 0.10 * _grain(42, 1.3))


def _asphalt(rng: Rng) -> Floats:
    canvas = _Canvas(512, (1.0, 1.0, 1.0))
    _stones(canvas, rng, 1500, (1.0, 3.0))
    worn: Floats = 0.6 + 0.4 * canvas.picture
    return worn * (1 + 0.06 * _grain(43, 1.4))


def _earth(rng: Rng) -> Floats:
    canvas = _Canvas(512, (1.0, 1.0, 1.0))
    canvas.picture *= 1 + 0.24 * _grain(44, 0.75) + 0.12 * _grain(45, 1.6)
    _stones(canvas, rng, 240, (1.0, 6.0))
    litter = np.array([[1.5, 1.05, 0.65], [1.2, 0.85, 0.55], [1.7, 1.4, 0.9]])
    _leaves(canvas, rng, 34, (7, 14), litter)
    _twigs(canvas, rng, 9, (15, 60))
    return canvas.picture


def _mud(rng: Rng) -> Floats:
    """Churned, with the bars that tyres pressed in: a dark side and a wet, light one."""
    canvas, count = _Canvas(512, (1.0, 1.0, 1.0)), 140
    canvas.picture *= 1 + 0.26 * _grain(46, 1.5) + 0.1 * _grain(47, 0.9)
    place, angle = rng.uniform(0, 512, (count, 2)), rng.normal(0.5, 0.5, count)
    bar = np.array([[-1.0, -0.3], [1, -0.3], [1, 0.3], [-1, 0.3]])
    scale = rng.uniform([6, 2.5], [14, 6], (count, 2))
    dark = np.repeat(rng.uniform(0.55, 0.8, (count, 1)), 3, axis=1)
    canvas.polygons(
        _layered(
            _turned(bar, angle, scale, place), _turned(bar * [1, 0.3], angle, scale, place - 2.5)
        ),
        _layered(dark, np.full((count, 3), 1.4)),
    )
    edged = cv2.copyMakeBorder(canvas.picture, 8, 8, 8, 8, cv2.BORDER_WRAP)
    soft = cv2.GaussianBlur(edged, (0, 0), 1.2)
    return np.ascontiguousarray(soft[8:-8, 8:-8], np.float32)


def _turf(rng: Rng) -> Floats:
    canvas = _Canvas(512, (0.38, 0.42, 0.34))
    _blades(canvas, rng, 6500)
    _leaves(canvas, rng, 16, (6, 12), np.array([[1.9, 1.1, 0.9], [1.5, 0.9, 0.8]]))
    return canvas.picture


def _litter(rng: Rng) -> Floats:
    """The forest's floor: fallen leaves and twigs, and low green things that grow through them."""
    canvas = _Canvas(512, (0.4, 0.34, 0.3))
    brown = np.array([[1.5, 1.0, 0.75], [1.2, 0.82, 0.65], [0.9, 0.66, 0.55], [1.8, 1.35, 1.0]])
    green = np.array([[0.6, 1.0, 0.4], [0.75, 1.2, 0.5], [0.45, 0.75, 0.35]])
    _leaves(canvas, rng, 1000, (8, 20), brown)
    _twigs(canvas, rng, 34, (20, 90))
    _leaves(canvas, rng, 800, (5, 13), np.vstack([brown[:2], green, green]))
    _blades(canvas, rng, 500)
    moss = np.clip(_grain(48, 1.7) - 0.5, 0, 1)
    mossy = np.array([0.62, 0.95, 0.42]) * (1 + 0.25 * _grain(49, 0.6))
    return np.asarray(canvas.picture * (1 - moss) + moss * mossy, np.float32)


def _bark(_rng: Rng) -> Floats:
    """Furrows that run up the trunk, plates between them, lichen on some."""
    ridges = 1 - np.abs(np.tile(fractal_tile(51, 0.9, 256, 4.5), (2, 2))[..., None])
    furrow = np.clip(0.42 + 0.75 * ridges, 0.2, 1.2)
    cracks = 1 - 0.3 * np.clip(1.2 - 6 * np.abs(_grain(52, 1.2, 0.6)), 0, 1)
    tone = furrow * cracks * (1 + 0.14 * _grain(53, 0.7, 3.0)) * (1 + 0.12 * _grain(63, 1.6))
    picture = tone * np.array([1.05, 1.0, 0.95])
    lichen = np.clip(_grain(54, 1.3) - 1.1, 0, 0.7) * (ridges > 0.5)
    return np.asarray(picture * (1 - lichen) + lichen * [1.35, 1.55, 1.3], np.float32)


def _birch(rng: Rng) -> Floats:
    """White, with dark lenticels across and a few black scars."""
    canvas, count = _Canvas(512, (1.0, 1.0, 1.0)), 170
    canvas.picture *= 1 + 0.07 * _grain(55, 1.0, 0.3)
    across = np.array([[0, 0], [0.5, 0.02], [1, 0]])
    reach = np.repeat(rng.uniform(10, 70, (count, 1)), 2, axis=1)
    place, level = rng.uniform(0, 512, (count, 2)), rng.normal(0, 0.03, count)
    dark = rng.uniform(0.12, 0.5, (count, 1)) * np.array([1.05, 1.0, 0.95])
    canvas.lines(_turned(across, level, reach, place), dark, 2)
    scar = np.array([[-1, 0], [0, -0.5], [1, 0], [0.2, 0.7], [-0.2, 0.7]])
    size = np.repeat(rng.uniform(18, 38, (9, 1)), 2, axis=1)
    canvas.polygons(
        _turned(scar, np.zeros(9), size, rng.uniform(0, 512, (9, 2))), np.full((9, 3), 0.13)
    )
    return canvas.picture


def _wood(rng: Rng) -> Floats:
    """Weathered wood: grain and checks along v."""
    canvas, count = _Canvas(512, (1.0, 1.0, 1.0)), 26
    canvas.picture *= 1 + 0.2 * _grain(56, 0.8, 14.0)
    along = np.array([[0, 0], [0.01, 1]])
    reach = np.repeat(rng.uniform(40, 190, (count, 1)), 2, axis=1)
    place = rng.uniform(0, 512, (count, 2))
    checks = _turned(along, rng.normal(0, 0.02, count), reach, place)
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
    canvas, count = _Canvas(512, (1.0, 1.0, 1.0)), 60
    canvas.picture *= 1 + 0.2 * _grain(59, 1.0) + 0.12 * _grain(60, 1.8)
    canvas.picture *= 1 - 0.5 * np.clip(1 - 9 * np.abs(_grain(61, 1.6)), 0, 1)
    palette = np.array([[1.35, 1.4, 1.2], [1.4, 1.38, 1.0], [0.6, 0.62, 0.6]])
    dented = _ROUND * rng.uniform(0.6, 1.2, (count, len(_ROUND), 1))
    size = np.repeat(rng.uniform(2, 9, (count, 1)), 2, axis=1)
    spots = _turned(dented, np.zeros(count), size, rng.uniform(0, 512, (count, 2)))
    canvas.polygons(spots, palette[rng.integers(3, size=count)])
    moss = np.clip(_grain(62, 1.5) - 0.8, 0, 0.8)
    return np.asarray(canvas.picture * (1 - moss) + moss * [0.5, 0.85, 0.35], np.float32)


def _crowns(rng: Rng) -> Floats:
    """Tree tops on a far slope: lit above, dark between."""
    canvas, count = _Canvas(512, (0.4, 0.42, 0.4)), 700
    place = rng.uniform(0, 512, (count, 2))
    place = place[np.argsort(place[:, 1])[::-1]]
    radius = np.repeat(rng.uniform(9, 22, (count, 1)), 2, axis=1)
    tone = rng.uniform(0.6, 1.2, (count, 1)) * np.array([1.0, 1.0, 0.95])
    shape, none = _ROUND * rng.uniform(0.8, 1.15, (count, len(_ROUND), 1)), np.zeros(count)
    layers = [(1.0, 0.6), (0.8, 0.9), (0.5, 1.2)]
    up = radius * [0, 0.35]
    canvas.polygons(
        _layered(*(_turned(shape, none, s * radius, place + up * (1 - s)) for s, _ in layers)),
        _layered(*(tone * bright for _, bright in layers)),
    )
    return canvas.picture


def _foliage(rng: Rng) -> Floats:
    """Leaves over leaves, dark between: for crowns that are no single leaves."""
    canvas = _Canvas(512, (0.22, 0.24, 0.22))
    green = np.array([[0.8, 0.85, 0.75], [1.0, 1.0, 0.9], [1.25, 1.15, 0.95]])
    _leaves(canvas, rng, 900, (14, 30), 0.6 * green)
    _leaves(canvas, rng, 900, (14, 30), green)
    return canvas.picture * (1 + 0.2 * _grain(64, 1.5))
