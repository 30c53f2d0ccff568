"""Which radar returns move by themselves: their Doppler against the sensor's own motion."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Values of the field `moving`.
AT_REST, MOVING, UNKNOWN = 0, 1, 255

_FAST_ENOUGH_MPS = 0.5
_ENOUGH_RETURNS = 10


def doppler_at_rest(
    xyz: NDArray[np.float32], velocity_mps: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Doppler (N,), positive away, of things at rest: what lies at direction d recedes by -v d.

    Args:
        xyz: float32 (N, 3), metre, frame of the radar.
        velocity_mps: float64 (3,), of the radar against the ground, in its own frame.
    """
    places = xyz.astype(np.float64)
    distance = np.maximum(np.linalg.norm(places, axis=1), 1e-6)
    expected: NDArray[np.float64] = -(places @ velocity_mps) / distance
    return expected


def moving(
    xyz: NDArray[np.float32],
    doppler_mps: NDArray[np.float32],
    velocity_mps: NDArray[np.float64],
    azimuth_sigma_rad: NDArray[np.float64],
    threshold_mps: float,
) -> NDArray[np.uint8]:
    """Tell what moves from what rests.

    Args:
        xyz: float32 (N, 3), metre, frame of the radar.
        doppler_mps: float32 (N,), positive away.
        velocity_mps: float64 (3,), the radar's own motion that is in the Doppler.
        azimuth_sigma_rad: (N,), standard error of the bearing: at right angles to the motion
            it changes what is expected of a thing at rest.
        threshold_mps: speed beyond which a thing moves, where the bearing is exact.

    Returns:
        uint8 (N,): AT_REST, MOVING, or UNKNOWN where a return has no Doppler or place.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        expected = doppler_at_rest(xyz, velocity_mps)
        across = np.sqrt(np.maximum(np.dot(velocity_mps, velocity_mps) - expected**2, 0))
        residual = np.abs(doppler_mps - expected)
        moves = residual > threshold_mps + 2 * across * azimuth_sigma_rad
    result: NDArray[np.uint8] = moves.astype(np.uint8)
    result[~np.isfinite(residual)] = UNKNOWN
    return result


def seems_reversed(
    xyz: NDArray[np.float32], doppler_mps: NDArray[np.float32], velocity_mps: NDArray[np.float64]
) -> bool:
    """Whether a Doppler is positive for what comes nearer, as most returns tell.

    Only a radar that moves can tell; most of what it hears is at rest.

    Args:
        xyz: float32 (N, 3), metre, frame of the radar.
        doppler_mps: float32 (N,).
        velocity_mps: float64 (3,), of the radar against the ground, in its own frame.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        expected = doppler_at_rest(xyz, velocity_mps)
    tells = np.isfinite(doppler_mps) & (np.abs(expected) > _FAST_ENOUGH_MPS)
    if np.count_nonzero(tells) < _ENOUGH_RETURNS:
        return False
    as_said = float(np.median(np.abs(doppler_mps[tells] - expected[tells])))
    turned = float(np.median(np.abs(doppler_mps[tells] + expected[tells])))
    return turned < 0.5 * as_said
