"""Whether depths of 16 bits can be in the unit that is configured, by what they come to."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

# A depth camera sees no scene whose middle is farther, nor one that is all nearer.
_FARTHEST_M, _NEAREST_M = 15.0, 0.1
# Powers of ten of a metre that drivers send.
_UNITS = (0.0001, 0.001, 0.01)


def measured_values(
    values: NDArray[np.uint16] | NDArray[np.float32],
) -> NDArray[np.uint16] | NDArray[np.float32]:
    """Those of the values of a depth image that are a measurement, (n,)."""
    if values.dtype == np.uint16:
        return values[(values > 0) & (values < np.iinfo(np.uint16).max)]
    return values[np.isfinite(values) & (values > 0)]


def unit_oddity(camera: str, middle: float, unit_m: float) -> dict[str, Any]:
    """Numbers of the issue that 16-bit depths lie too far or too near; empty where all is well.

    Args:
        camera: whose they are.
        middle: median of the values; NaN: there are none.
        unit_m: values times this are metres.
    """
    middle_m = middle * unit_m
    if math.isnan(middle) or _NEAREST_M <= middle_m <= _FARTHEST_M:
        return {}
    likely = next((unit for unit in _UNITS if 0.3 <= middle * unit <= 10), None)
    guess = f" to {likely:g}" if likely else ""
    return {"camera": camera, "middle_m": middle_m, "unit_m": unit_m, "guess": guess}
