"""What a camera and a lidar saw at one time: a labelled image, and the depth edges of a scan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from seg_perception.calibration.depth_edges import DepthEdges
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
        picture: uint8 (h, w, 3), the image at the labels' size.
        labels: uint8 or uint16 (h, w), class ids.
        calibration, rectified: of the camera, for images of the labels' size.
        sensor_px: pixels of the full sensor in one of the labels' (across, down).
        depth_edges: of the scan, sensor frame at its stamp.
        T_camera_lidar: float64 (K, 4, 4), the scan at its stamp into the optical frame at the
            image's time, for K assumed offsets of the camera's clock.
        frames: of camera and lidar.
    """

    camera: str
    lidar: str
    picture: NDArray[np.uint8]
    labels: NDArray[np.uint8] | NDArray[np.uint16]
    calibration: Calibration
    rectified: bool
    sensor_px: tuple[float, float]
    depth_edges: DepthEdges
    T_camera_lidar: NDArray[np.float64]
    frames: tuple[str, str]

    @property
    def camera_model(self) -> CameraModel:
        """The camera model of images of the labels' size."""
        return CameraModel.from_calibration(self.calibration, rectified=self.rectified)

    def near_view(self, margin: float, at: int) -> Observation:
        """Without the depth edges that lie well beside the image.

        Args:
            margin: tangent beyond the image's border at which they may lie.
            at: which of the time offsets.
        """
        T, edges = self.T_camera_lidar[at], self.depth_edges
        x, y, z = T[:3, :3] @ edges.edge.T + T[:3, 3:]
        left, right, top, bottom = self.camera_model.slopes
        near = z > 0
        near &= (x > (left - margin) * z) & (x < (right + margin) * z)
        near &= (y > (top - margin) * z) & (y < (bottom + margin) * z)
        return replace(self, depth_edges=DepthEdges(edges.edge[near], edges.outside[near]))


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
            # A calibration that changes on the way, or labels of another size, begin a new camera.
            return [m for m in found if m.camera_model is found[-1].camera_model]
        reasons = self.missing.get(camera, Counter())
        why = reasons.most_common(1)[0][0] if reasons else "no scan was recorded beside its images"
        msg = f"nothing to compare: {why}"
        raise CalibrationError(msg)
