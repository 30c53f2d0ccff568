"""Imaged over ideal radius of a distortion model, and the way back from imaged slopes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

# A ray at right angles to the axis has no slope: lenses end just before.
WIDEST_DEG = 89.5
_WIDEST_RAD = math.radians(WIDEST_DEG)
_NEWTON_STEPS = 12
_NEWTON_TOLERANCE = 1e-9
_STEP = 1e-6


@dataclass(frozen=True, eq=False)
class RadialProfile:
    """Imaged radius over ideal radius, as a table that rises throughout.

    Attributes:
        ideal: float64 (n,), slopes, or angles (rad).
        imaged: float64 (n,), slopes.
    """

    ideal: NDArray[np.float64]
    imaged: NDArray[np.float64]

    @classmethod
    def of(cls, imaged_radius: Callable[[Floats], Floats], reach: float) -> RadialProfile:
        """Tabulate a radius as far as it rises, or until a fifth beyond the image's corner.

        Args:
            imaged_radius: gives imaged slopes, float (n,), of ideal ones.
            reach: imaged slope of the image's farthest corner.
        """
        wide = np.tan(np.linspace(0, _WIDEST_RAD, 4096))
        limit = wide[_last_rising(np.asarray(imaged_radius(wide), np.float64), 1.2 * reach)]
        ideal = np.linspace(0, limit, 4096)
        imaged = np.asarray(imaged_radius(ideal), np.float64)
        end = _last_rising(imaged, 1.2 * reach) + 1
        return cls(ideal[:end], imaged[:end])

    @classmethod
    def of_angles(
        cls, imaged_radius: Callable[[Floats], Floats], widest_rad: float, reach: float
    ) -> RadialProfile:
        """Tabulate a radius over the angle from the axis, as far as `of` does.

        Args:
            imaged_radius: gives imaged slopes, float (n,), of angles (rad).
            widest_rad: at which the table ends.
            reach: imaged slope of the image's farthest corner.
        """
        ideal = np.linspace(0, widest_rad, 4096)
        imaged = np.asarray(imaged_radius(ideal), np.float64)
        end = _last_rising(imaged, 1.2 * reach) + 1
        return cls(ideal[:end], imaged[:end])

    @property
    def limit(self) -> float:
        """Largest ideal slope, or angle."""
        return float(self.ideal[-1])


def _last_rising(values: NDArray[np.float64], reach: float) -> int:
    with np.errstate(invalid="ignore"):
        stops = ~(np.diff(values) > 0) | (values[:-1] > reach)
    return int(np.argmax(stops)) if stops.any() else len(values) - 1


def invert_distortion(
    distort: Callable[[Floats, Floats], tuple[Floats, Floats]],
    profile: RadialProfile,
    imaged_x: Floats,
    imaged_y: Floats,
) -> tuple[Floats, Floats]:
    """Find the ideal slopes that a model distorts into given ones, by Newton's method.

    Args:
        distort: gives imaged slopes of ideal ones.
        profile: of the model's radial part, from whose inverse the search starts.
        imaged_x, imaged_y: float, any shape, slopes.

    Returns:
        float64, of that shape; NaN where no ray within the profile leads there.
    """
    goal = np.stack([np.ravel(imaged_x), np.ravel(imaged_y)]).astype(np.float64)
    x, y = goal * _radial_scale(profile, goal)
    # Pixels that no ray leads to send the search astray: they are told apart below.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for _ in range(_NEWTON_STEPS):
            at_x, at_y = distort(x, y)
            error_x, error_y = at_x - goal[0], at_y - goal[1]
            if np.all(np.hypot(error_x, error_y) < _NEWTON_TOLERANCE / 100):
                break
            (a, c), (b, d) = distort(x + _STEP, y), distort(x, y + _STEP)
            a, b, c, d = (
                (v - at) / _STEP for v, at in ((a, at_x), (b, at_x), (c, at_y), (d, at_y))
            )
            determinant = a * d - b * c
            x = x - (d * error_x - b * error_y) / determinant
            y = y - (a * error_y - c * error_x) / determinant
        at_x, at_y = distort(x, y)
    missed = ~(np.hypot(at_x - goal[0], at_y - goal[1]) < _NEWTON_TOLERANCE)
    missed |= ~(np.hypot(x, y) <= profile.limit)
    shape = np.shape(imaged_x)
    return np.where(missed, np.nan, x).reshape(shape), np.where(missed, np.nan, y).reshape(shape)


def _radial_scale(profile: RadialProfile, imaged: NDArray[np.float64]) -> NDArray[np.float64]:
    radius = np.hypot(*imaged)
    ideal = np.interp(radius, profile.imaged, profile.ideal)
    scale: NDArray[np.float64] = ideal / np.maximum(radius, 1e-12)
    return np.where(radius > 1e-9, scale, 1.0)
