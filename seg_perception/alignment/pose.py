"""What of a camera's place and clock may be off: seven numbers, and what they do."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.alignment.rotation_search import AXES, turn

Values = NDArray[np.float64]
Matrix = NDArray[np.float64]

# Turns about x, y and z (degree), moves along them (metre), and how much later the camera's
# pictures were taken (steps of the time offsets), all of the points in the optical frame.
SHIFTS = ("right", "down", "forward")
COMPONENTS = (*AXES, *SHIFTS, "clock")
TURN, SHIFT, CLOCK = slice(0, 3), slice(3, 6), 6
NONE: Values = np.zeros(len(COMPONENTS))


def change_of(values: Values) -> Matrix:
    """The change of the calibration, float64 (4, 4), of values (7,); the clock is not in it."""
    T = turn(values[TURN])
    T[:3, 3] = values[SHIFT]
    return T


def turned(values: Values, by_deg: NDArray[np.float64]) -> Values:
    """Values, float64 (7,), after which the points are turned once more, float64 (3,), degree."""
    T = turn(by_deg) @ change_of(values)
    about = np.degrees(cv2.Rodrigues(T[:3, :3])[0][:, 0])
    return np.concatenate([about, T[:3, 3], values[CLOCK:]])
