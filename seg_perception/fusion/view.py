"""A label map, ready to be looked up, before the camera that took it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import CalibrationError, TransformError
from seg_perception.core.types import LabelMap
from seg_perception.geometry.camera import CameraModel
from seg_perception.geometry.projection import Hits
from seg_perception.geometry.rolling_shutter import RollingShutter

T = TypeVar("T")

# Boundary distances are kept in quarters of a pixel.
QUARTERS = 4
# In a map of one label OpenCV's distance is nearly infinite.
_FARTHEST_PX = np.float32(64)
_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


@dataclass(frozen=True, eq=False)
class PreparedLabelMap:
    """A label map and what is derived from it once, for the first cloud that asks.

    Attributes:
        label_map: the labels.
    """

    label_map: LabelMap

    @cached_property
    def boundary_distance(self) -> NDArray[np.uint8]:
        """Distance of each pixel's centre to the nearest edge between two labels.

        Returns:
            uint8 (h, w), in quarters of a pixel; 255 also stands for more.
        """
        return _boundary_distance(self.label_map.labels)


@dataclass(frozen=True, eq=False)
class View:
    """What one camera offers to one cloud.

    Attributes:
        prepared: the labels.
        camera: of the label map's size.
        T_camera_cloud: float64 (4, 4), the cloud at its time into the camera's optical
            frame at the image's time.
        time_gap_s: between the two times.
        angle_sigma_rad, offset_sigma_m: standard errors of T_camera_cloud, from calibration
            and from the motion during the uncertainty of time.
        shutter: the camera's motion while it read the image line by line; None: all at once.
        up: float64 (3,), away from gravity in the camera's optical frame; None: not known.
    """

    prepared: PreparedLabelMap
    camera: CameraModel
    T_camera_cloud: NDArray[np.float64]
    time_gap_s: float = 0.0
    angle_sigma_rad: float = 0.0
    offset_sigma_m: float = 0.0
    shutter: RollingShutter | None = None
    up: NDArray[np.float64] | None = None

    def hits(self, xyz: NDArray[np.float32]) -> Hits:
        """The points, float32 (N, 3) in the cloud's frame, that land in the image."""
        if self.shutter is not None:
            return self.shutter.hits(self.camera, xyz)
        return self.camera.hits(xyz, self.T_camera_cloud)

    def of_points_in(self, T_cloud_points: NDArray[np.float64]) -> View:
        """The view of points in another frame, from which a T (4, 4) leads into the cloud's."""
        shutter = self.shutter
        if shutter is not None:
            first, last = shutter.T_first @ T_cloud_points, shutter.T_last @ T_cloud_points
            shutter = replace(shutter, T_first=first, T_last=last)
        return replace(self, T_camera_cloud=self.T_camera_cloud @ T_cloud_points, shutter=shutter)

    def facing(self, column: NDArray[np.uint16], row: NDArray[np.uint16]) -> NDArray[np.float32]:
        """Cosine of the angle between the optical axis and pixels' rays, without distortion.

        Towards the edge of an image lenses are worse and what stands upright is seen aslant.

        Args:
            column, row: uint16 (M,), pixel.

        Returns:
            float32 (M,).
        """
        x = (column.astype(np.float32) - np.float32(self.camera.cx)) / np.float32(self.camera.fx)
        y = (row.astype(np.float32) - np.float32(self.camera.cy)) / np.float32(self.camera.fy)
        cosine: NDArray[np.float32] = 1 / np.sqrt(1 + x * x + y * y)
        return cosine

    def parallax_px(self, depth_m: float) -> float:
        """By how much camera and sensor see a thing at a distance in different pixels, at most."""
        if self.shutter is not None:
            return math.inf
        apart = (self.camera.T_ideal_camera @ self.T_camera_cloud)[:3, 3]
        return float(np.linalg.norm(apart)) * max(self.camera.fx, self.camera.fy) / depth_m

    def shows_the_same_as(self, other: View) -> bool:
        """Whether any cloud sees in it what it sees in another view of the same configuration."""
        return (
            self.prepared is other.prepared
            and np.array_equal(self.T_camera_cloud, other.T_camera_cloud)
            and self._sureness == other._sureness
            and _same(self.shutter, other.shutter, RollingShutter.equals)
            and _same(self.up, other.up, np.array_equal)
        )

    @property
    def _sureness(self) -> tuple[float, ...]:
        return self.time_gap_s, self.angle_sigma_rad, self.offset_sigma_m

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the label map (pixel)."""
        return self.camera.width, self.camera.height

    def __post_init__(self) -> None:
        """Check that the parts fit.

        Raises:
            CalibrationError: the camera's image is not of the label map's size.
            TransformError: a transform that is not a finite (4, 4).
        """
        height, width = self.prepared.label_map.labels.shape
        if (self.camera.width, self.camera.height) != (width, height):
            msg = (
                f"camera {self.prepared.label_map.camera!r}: expected the calibration of a "
                f"{width}x{height} label map, got {self.camera.width}x{self.camera.height}; "
                "scale camera_info to the size of the label map"
            )
            raise CalibrationError(msg)
        if self.T_camera_cloud.shape != (4, 4) or not np.isfinite(self.T_camera_cloud).all():
            msg = f"T_camera_cloud: expected a finite (4, 4), got {self.T_camera_cloud.tolist()}"
            raise TransformError(msg)


def _same(one: T | None, other: T | None, are_equal: Callable[[T, T], bool]) -> bool:
    """Whether there is neither, or both and they are equal."""
    if one is None or other is None:
        return one is other
    return are_equal(one, other)


def _boundary_distance(labels: NDArray[np.uint8] | NDArray[np.uint16]) -> NDArray[np.uint8]:
    # Equal to its neighbours on all four sides is what is both their largest and their smallest.
    largest, smallest = cv2.dilate(labels, _CROSS), cv2.erode(labels, _CROSS)
    inner = (largest == smallest).view(np.uint8)
    distance_px = cv2.distanceTransform(inner, cv2.DIST_L2, cv2.DIST_MASK_5)
    # A pixel at the edge has its centre half a pixel away from it.
    np.minimum(distance_px, _FARTHEST_PX, out=distance_px)
    quarters = cv2.convertScaleAbs(distance_px, alpha=QUARTERS, beta=QUARTERS / 2)
    return np.asarray(quarters, np.uint8)
