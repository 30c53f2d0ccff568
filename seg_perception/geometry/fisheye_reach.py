"""How far from its axis a fisheye's image reaches, by its lens model."""

from __future__ import annotations

import math

import numpy as np

from seg_perception.geometry.camera import CameraModel
from seg_perception.geometry.distortion import Equidistant
from seg_perception.geometry.radial_profile import RadialProfile


def fisheye_reach_deg(camera: CameraModel) -> float:
    """Angle from the axis of the ray in the image's farthest corner; 0 where it is no fisheye.

    Where the lens model ends before the corner, that angle; a lens's picture may end before.
    """
    lens = camera.distortion
    if not isinstance(lens, Equidistant):
        return 0.0
    reach = camera.corner_slope
    table = RadialProfile.of_angles(lens.imaged, math.pi, reach)
    return math.degrees(float(np.interp(reach, table.imaged, table.ideal)))
