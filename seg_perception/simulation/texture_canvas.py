"""A square whose opposite edges meet, and what is drawn on it: stones, leaves, twigs, grass."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.simulation.shapes import Array, Rng

Rgb = tuple[float, float, float]

_SHIFT = 3

ROUND: Array = np.stack(
    [np.cos(np.arange(9) * 2 * np.pi / 9), np.sin(np.arange(9) * 2 * np.pi / 9)], axis=1
)
_LEAF: Array = np.array(
    [[-1, 0], [-0.6, 0.35], [0, 0.5], [0.6, 0.3], [1, 0], [0.6, -0.3], [0, -0.5], [-0.6, -0.35]]
)


class Canvas:
    """Draws on a square whose opposite edges meet."""

    def __init__(self, size: int, colour: Rgb) -> None:
        self.size = size
        self.picture = np.full((size, size, 3), colour, np.float32)

    def polygons(self, corners: Array, colours: Array) -> None:
        """Fill polygons, float64 (n, k, 2), texel, in their order; colours float64 (n, 3)."""
        for places, colour in self._wrapped(corners, colours):
            cv2.fillConvexPoly(self.picture, places, colour, cv2.LINE_8, _SHIFT)

    def lines(self, corners: Array, colours: Array, thickness: int = 1) -> None:
        """Draw lines through places, float64 (n, k, 2), texel; colours float64 (n, 3)."""
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


def turned(shape: Array, angle: Array, scale: Array, place: Array) -> Array:
    """Shapes, float64 (k, 2) or (n, k, 2), scaled (n, 2), turned (n,) and moved (n, 2)."""
    x, y = np.moveaxis(shape * scale[:, None], 2, 0)
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    placed: Array = np.stack([cos * x - sin * y, sin * x + cos * y], axis=2) + place[:, None]
    return placed


def layered(*layers: Array) -> Array:
    """float64 (n, ...) each: the layers of the first thing, then those of the second, and so on."""
    stacked: Array = np.stack(layers, axis=1).reshape(-1, *layers[0].shape[1:])
    return stacked


def draw_stones(canvas: Canvas, rng: Rng, count: int, radii: tuple[float, float]) -> None:
    """Pebbles with a shadow below and a light upper side; the large ones are few."""
    low, high = radii
    radius = low + (high - low) * rng.uniform(size=(count, 1)) ** 4
    place, angle = rng.uniform(0, canvas.size, (count, 2)), rng.uniform(0, np.pi, count)
    scale = radius * np.hstack([np.ones((count, 1)), rng.uniform(0.6, 1.0, (count, 1))])
    dented = ROUND * rng.uniform(0.85, 1.1, (count, len(ROUND), 1))
    tone = rng.uniform(0.7, 1.35, (count, 1)) * (1 + rng.normal(0, 0.05, (count, 3)))
    canvas.polygons(
        layered(
            turned(dented, angle, 1.15 * scale, place + 0.25 * radius),
            turned(dented, angle, scale, place),
            turned(dented, angle, 0.6 * scale, place - 0.2 * radius),
        ),
        layered(0.45 * tone, 0.9 * tone, 1.12 * tone),
    )


def draw_leaves(
    canvas: Canvas, rng: Rng, count: int, lengths: tuple[float, float], palette: Array
) -> None:
    """Fallen leaves, one over the other, each with its shadow and a lighter half.

    Args:
        canvas: where.
        rng: how they lie.
        count: how many.
        lengths: shortest and longest (texel).
        palette: float64 (k, 3), colours to choose from.
    """
    length = rng.uniform(*lengths, (count, 1))
    place, angle = rng.uniform(0, canvas.size, (count, 2)), rng.uniform(0, 2 * np.pi, count)
    scale = length / 2 * np.hstack([np.ones((count, 1)), rng.uniform(0.55, 1.0, (count, 1))])
    colour = palette[rng.integers(len(palette), size=count)] * rng.uniform(0.65, 1.25, (count, 1))
    lit = _LEAF * [1, 0.5] + [0, 0.22]
    canvas.polygons(
        layered(
            turned(_LEAF, angle, scale, place + 1.5),
            turned(_LEAF, angle, scale, place),
            turned(lit, angle, scale, place),
        ),
        layered(0.35 * colour, colour, 1.15 * colour),
    )


def draw_twigs(canvas: Canvas, rng: Rng, count: int, lengths: tuple[float, float]) -> None:
    """Bent lines, each with its shadow."""
    length, angle = rng.uniform(*lengths, (count, 1)), rng.uniform(0, np.pi, count)
    x = np.linspace(-0.5, 0.5, 5) * np.ones((count, 1))
    bent = np.stack([x, rng.normal(0, 0.05, (count, 5))], axis=2)
    place, scale = rng.uniform(0, canvas.size, (count, 2)), np.repeat(length, 2, axis=1)
    tone = rng.uniform(0.6, 1.3, (count, 1)) * np.array([1.0, 0.85, 0.7])
    canvas.lines(
        layered(turned(bent, angle, scale, place + 1.5), turned(bent, angle, scale, place)),
        layered(np.full((count, 3), 0.3), tone),
        2,
    )


def draw_blades(canvas: Canvas, rng: Rng, count: int) -> None:
    """Grass from above."""
    palette = np.array([[0.8, 1.0, 0.75], [1.0, 1.15, 0.8], [1.3, 1.25, 0.8], [1.7, 1.4, 1.05]])
    kind = rng.choice(4, count, p=(0.4, 0.35, 0.17, 0.08))
    colour = palette[kind] * rng.uniform(0.55, 1.35, (count, 1))
    length, angle = rng.uniform(6, 22, (count, 1)), rng.uniform(0, 2 * np.pi, count)
    bent = np.zeros((count, 3, 2))
    bent[:, :, 0] = [0, 0.5, 1]
    bent[:, 2, 1] = rng.normal(0.1, 0.15, count)
    place = rng.uniform(0, canvas.size, (count, 2))
    canvas.lines(turned(bent, angle, np.repeat(length, 2, axis=1), place), colour)
