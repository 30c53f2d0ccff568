"""What a camera and a lidar saw at one time: a picture, and the edges of a scan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.calibration.edge_points import EdgePoints
from seg_perception.core.errors import CalibrationError
from seg_perception.core.issue_log import Issue
from seg_perception.core.message_accounting import stream
from seg_perception.core.types import Calibration
from seg_perception.geometry.camera import CameraModel
from seg_perception.geometry.transforms import StampedTransform
from seg_perception.pipeline.frame_convention import FrameConventionDetector


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


@dataclass(frozen=True, eq=False)
class Observations:
    """What a bag gave.

    Attributes:
        of: by camera, in the order of time.
        missing: by camera, why observations were left out, with their number.
        static_transforms: the static transforms of the bag.
        conventions: which axes the cameras' frames have, as configured or found out.
        issues: what is amiss with lenses and images.
    """

    of: Mapping[str, Sequence[Observation]]
    missing: Mapping[str, Counter[str]]
    static_transforms: tuple[StampedTransform, ...]
    conventions: FrameConventionDetector
    issues: tuple[Issue, ...] = ()

    def remarks(self, camera: str) -> tuple[Issue, ...]:
        """What is said of a camera's lens and images, for instance which file it comes from."""
        return tuple(issue for issue in self.issues if issue.stream == stream("camera", camera))

    def expect(self, camera: str) -> Sequence[Observation]:
        """The observations of a camera.

        Raises:
            CalibrationError: there is none; says why.
        """
        if found := self.of.get(camera, ()):
            # A calibration that changes on the way, or images of another size, begin a new camera.
            return [m for m in found if m.camera_model is found[-1].camera_model]
        reasons = self.missing.get(camera, Counter())
        why = reasons.most_common(1)[0][0] if reasons else "no scan was recorded beside its images"
        msg = f"nothing to compare: {why}"
        raise CalibrationError(msg)
