"""What a camera and a lidar saw at one time: a picture, and the edges of a scan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.alignment.edge_points import EdgePoints
from seg_perception.core.types import Calibration
from seg_perception.geometry.camera import CameraModel


@dataclass(frozen=True, eq=False)
class Observation:
    """What one camera and one lidar saw at nearly the same time.

    Attributes:
        camera, lidar: their names in the configuration.
        picture: uint8 (h, w, 3), RGB; at most `edge_maps.WIDTH` wide.
        maps: int8 (directions, h, w), its edges, as `edge_maps` gives them.
        calibration, rectified: of the camera, for images of the picture's size.
        sensor_px: pixels of the full sensor in one of the picture's (across, down).
        depth_edges, reflectivity_edges: of the scan, sensor frame at its stamp.
        T_camera_lidar: float64 (K, 4, 4), the scan at its stamp into the optical frame at the
            image's time, for K assumed offsets of the camera's clock; NaN where the
            recording's transforms do not reach.
        frames: of camera and lidar.
    """

    camera: str
    lidar: str
    picture: NDArray[np.uint8]
    maps: NDArray[np.int8]
    calibration: Calibration
    rectified: bool
    sensor_px: tuple[float, float]
    depth_edges: EdgePoints
    reflectivity_edges: EdgePoints
    T_camera_lidar: NDArray[np.float64]
    frames: tuple[str, str]

    @property
    def camera_model(self) -> CameraModel:
        """The camera model of images of the picture's size."""
        return CameraModel.from_calibration(self.calibration, rectified=self.rectified)
