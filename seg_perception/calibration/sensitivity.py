"""What small errors of a calibration would do to the agreement: one curve for each axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.calibration.agreement import ENOUGH_OBSERVATIONS, Agreement, Evidence

Matrix = NDArray[np.float64]

# Curves reach this far, in steps of a quarter of what is asked about.
ASKED_DEG, ASKED_CM = 0.5, 5.0
_STEPS = np.arange(-8, 9) / 4
# A peak is the top of a parabola through what lies within this many steps of the highest.
_FIT_STEPS = 3
# Agreements below it are none to lose a part of.
_LEAST = 1e-3
# A curve has a shape where it rises by so many standard errors.
_SPREAD = 3.0
_DRAWS = 100
_SEED = 0


@dataclass(frozen=True)
class Axis:
    """A way to be wrong.

    Attributes:
        name: in words.
        unit: `deg` or `cm`.
        index: 0, 1, 2: x, y, z of the optical frame.
        asked: the error that is asked about, in its unit.
    """

    name: str
    unit: str
    index: int
    asked: float

    def change(self, amount: float) -> Matrix:
        """The error as float64 (4, 4), metre, that is applied to points in the optical frame."""
        matrix = np.eye(4)
        if self.unit == "cm":
            matrix[self.index, 3] = amount / 100
            return matrix
        angle = np.radians(amount)
        i, j = (self.index + 1) % 3, (self.index + 2) % 3
        matrix[i, i] = matrix[j, j] = np.cos(angle)
        matrix[i, j], matrix[j, i] = -np.sin(angle), np.sin(angle)
        return matrix


AXES = (
    Axis("pitch", "deg", 0, ASKED_DEG),
    Axis("yaw", "deg", 1, ASKED_DEG),
    Axis("roll", "deg", 2, ASKED_DEG),
    Axis("right", "cm", 0, ASKED_CM),
    Axis("down", "cm", 1, ASKED_CM),
    Axis("forward", "cm", 2, ASKED_CM),
)


@dataclass(frozen=True, eq=False)
class Curve:
    """The agreement along one axis.

    Attributes:
        axis: which.
        amounts: float64 (n,), the errors, in the axis's unit.
        values, stds: float64 (n,), the agreement there and its standard error.
        peak, peak_std: where it is highest, and how well that is known.
        gain, gain_std: how much higher it is there than at 0.
        loss, loss_std: how much of the agreement an error of the asked size costs, on average
            of both ways, as a share of the agreement without.
    """

    axis: Axis
    amounts: NDArray[np.float64]
    values: NDArray[np.float64]
    stds: NDArray[np.float64]
    peak: float
    peak_std: float
    gain: float
    gain_std: float
    loss: float
    loss_std: float

    @property
    def tells(self) -> bool:
        """Whether the bag says where on this axis the agreement is highest."""
        lowest = int(self.values.argmin())
        spread = float(self.values.max() - self.values[lowest])
        rises = spread > _SPREAD * float(self.stds[lowest])
        return rises and self.peak_std < 0.5 * self.axis.asked

    @property
    def is_off(self) -> bool:
        """Whether the peak surely lies elsewhere than at 0, by a fifth of what is asked or more."""
        far = abs(self.peak) > max(3 * self.peak_std, 0.2 * self.axis.asked)
        return far and self.tells and self.gain > 3 * self.gain_std


def sensitivity(evidence: Evidence) -> list[Curve]:
    """A curve for each axis, about the calibration as given."""
    return [_curve(evidence, axis) for axis in AXES]


def _curve(evidence: Evidence, axis: Axis) -> Curve:
    amounts = _STEPS * axis.asked
    found = [evidence.agreement(axis.change(amount)) for amount in amounts]
    values = np.array([a.value for a in found])
    drawn = resample(found, np.random.default_rng(_SEED))
    peaks = np.array([peak_of(amounts, draw) for draw in drawn])
    losses, gains = _losses(drawn), _gains(drawn)
    return Curve(
        axis=axis,
        amounts=amounts,
        values=values,
        stds=np.array([a.std for a in found]),
        peak=peak_of(amounts, values),
        peak_std=float(peaks.std()),
        gain=float(_gains(values[None])[0]),
        gain_std=float(gains.std()),
        loss=float(_losses(values[None])[0]),
        loss_std=float(losses.std()),
    )


def _gains(values: NDArray[np.float64]) -> NDArray[np.float64]:
    gains: NDArray[np.float64] = values.max(axis=1) - values[:, _STEPS == 0][:, 0]
    return gains


def _losses(values: NDArray[np.float64]) -> NDArray[np.float64]:
    asked = np.flatnonzero(np.abs(_STEPS) == 1)
    without = values[:, _STEPS == 0][:, 0]
    kept = values[:, asked].mean(axis=1) / np.maximum(without, _LEAST)
    lost: NDArray[np.float64] = 1 - np.clip(kept, 0, 2)
    return lost


def resample(
    found: Sequence[Agreement], random: np.random.Generator, draws: int = _DRAWS
) -> NDArray[np.float64]:
    """Agreements as other recordings of the kind would give them: observations drawn with return.

    With few observations the draws vary by each one's own error as well.

    Returns:
        float64 (draws, n), for n agreements of the same observations.
    """
    counts = np.stack([a.counts for a in found])
    totals = np.stack([a.totals for a in found])
    observations = counts.shape[1]
    weights = random.multinomial(observations, np.full(observations, 1 / observations), size=draws)
    values: NDArray[np.float64] = weights @ totals.T / np.maximum(weights @ counts.T, 1)
    if observations >= ENOUGH_OBSERVATIONS:
        return values
    stds = np.array([a.std for a in found])
    noisy: NDArray[np.float64] = values + random.normal(size=values.shape) * stds
    return noisy


def peak_of(amounts: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """Where a curve is highest: the top of a parabola through the values about the highest.

    Args:
        amounts, values: float64 (n,).
    """
    top = int(values.argmax())
    near = slice(max(0, top - _FIT_STEPS), top + _FIT_STEPS + 1)
    x, y = amounts[near], values[near]
    curvature, slope, _ = np.polyfit(x - amounts[top], y, 2)
    if curvature >= 0:
        return float(amounts[top])
    offset = -slope / (2 * curvature)
    return float(np.clip(amounts[top] + offset, x[0], x[-1]))
