"""What goes wrong between camera and lidar, one thing at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Drive:
    """How the robot moves while an observation is recorded, and how its cameras read out.

    Attributes:
        name: of its recording.
        turning: at 1 m/s and about 0.5 rad/s; otherwise it stands.
        picture_after_s: when the pictures' first row is exposed, after the lidar, turning
            clockwise from the rear, passed the front.
        readout_s: from a picture's first row to its last one.
    """

    name: str
    turning: bool
    picture_after_s: float
    readout_s: float


STANDING = Drive("standing", turning=False, picture_after_s=0.0, readout_s=0.0)
TURNING = Drive("turning", turning=True, picture_after_s=0.05, readout_s=0.0)
ROLLING = Drive("rolling", turning=True, picture_after_s=0.05, readout_s=0.03)
DRIVES = (STANDING, TURNING, ROLLING)


@dataclass(frozen=True)
class Condition:
    """One set of columns of the table.

    Attributes:
        key: its short name, in file names.
        name: its heading.
        drive: what is recorded.
        turned_rad: error of the calibration's rotation, about an axis drawn by seed.
        shifted_m: error of the calibration's translation, in a direction drawn by seed.
    """

    key: str
    name: str
    drive: Drive
    turned_rad: float = 0.0
    shifted_m: float = 0.0

    def miscalibrated(self, T_base_camera: Array, seed: list[int]) -> Array:
        """The extrinsics that the transfer is given instead of the true ones (4, 4)."""
        rng = np.random.default_rng(seed)
        wrong = np.eye(4)
        wrong[:3, :3] = _rotation(self.turned_rad * _direction(rng))
        wrong[:3, 3] = self.shifted_m * _direction(rng)
        T: Array = T_base_camera @ wrong
        return T


CONDITIONS = (
    Condition("ideal", "ideal", STANDING),
    Condition("turned", "turned by 0.5 degrees", STANDING, turned_rad=float(np.radians(0.5))),
    Condition("shifted", "shifted by 5 cm", STANDING, shifted_m=0.05),
    Condition("motion", "50 ms apart while turning", TURNING),
    Condition("rolling", "... and a rolling shutter", ROLLING),
)


def _direction(rng: np.random.Generator) -> Array:
    vector = rng.normal(size=3)
    unit: Array = vector / np.linalg.norm(vector)
    return unit


def _rotation(vector: Array) -> Array:
    """Rotation (3, 3) about a vector by its length (Rodrigues)."""
    angle = float(np.linalg.norm(vector))
    if angle == 0:
        return np.eye(3)
    x, y, z = vector / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    turned: Array = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return turned
