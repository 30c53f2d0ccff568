"""Cameras: from points to pixels and from pixels to rays."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import CalibrationError
from seg_perception.core.types import Calibration
from seg_perception.geometry.calibration import published_calibration, shift_principal_point
from seg_perception.geometry.distortion import (
    DistortionModel,
    Equidistant,
    Pinhole,
    make_distortion_model,
)
from seg_perception.geometry.field_of_view import AngleField, FieldOfView, SlopeField
from seg_perception.geometry.projection import Hits, Projection
from seg_perception.geometry.radial_profile import Floats

_BORDER_STEPS = 32
_BOUND_MARGIN = 0.01


@dataclass(frozen=True, eq=False)
class CameraModel:
    """A calibrated camera.

    Attributes:
        width, height: of the image, after roi and binning (pixel).
        fx, fy, cx, cy: intrinsics of that image (pixel).
        distortion: how its lens bends rays.
        T_ideal_camera: float64 (4, 4), from the optical frame into the one the image is
            ideal in: identity for raw images, R and the stereo baseline for rectified ones.
        slopes: (x_min, x_max, y_min, y_max) of the rays that the image can hold, of those
            before the plane of the camera.
        field: which directions it holds, and where.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    distortion: DistortionModel
    T_ideal_camera: NDArray[np.float64]
    slopes: tuple[float, float, float, float]
    field: FieldOfView

    @classmethod
    def from_calibration(
        cls,
        calibration: Calibration,
        *,
        rectified: bool = False,
        principal_point_offset_px: tuple[float, float] = (0.0, 0.0),
    ) -> CameraModel:
        """Build the model of raw (K, D) or rectified (R, P) images; equal ones are built once.

        Args:
            calibration: roi and binning are resolved here.
            rectified: the images are rectified.
            principal_point_offset_px: added to cx and cy, in full-sensor pixels.

        Raises:
            CalibrationError: no focal length, no size, or an unknown distortion.
        """
        key = _key(calibration, rectified, principal_point_offset_px)
        return _MODELS.get(key) or _MODELS.put(
            key, _build(shift_principal_point(calibration, *principal_point_offset_px), rectified)
        )

    def project(self, xyz: NDArray[np.floating[Any]]) -> Projection:
        """Project points of the camera's optical frame.

        Args:
            xyz: float32 or float64 (N, 3), metre; computed in that precision.
        """
        hits = self.hits(xyz, np.eye(4))
        uv = np.full((len(xyz), 2), np.nan, np.float32)
        uv[hits.index, 0], uv[hits.index, 1] = hits.u, hits.v
        valid = np.zeros(len(xyz), np.bool_)
        valid[hits.index] = True
        T = self.T_ideal_camera
        with np.errstate(invalid="ignore", over="ignore"):
            x, y, z = (xyz @ T[axis, :3] + T[axis, 3] for axis in range(3))
            depth = self.field.distance(x, y, z)
        return Projection(uv, depth.astype(np.float32), valid)

    def hits(self, xyz: NDArray[np.floating[Any]], T_camera_cloud: NDArray[np.float64]) -> Hits:
        """Find the points of a cloud in any frame that land in the image.

        Points out of view are given up as early as possible: most of a scan is.

        Args:
            xyz: float32 or float64 (N, 3), metre; computed in that precision.
            T_camera_cloud: float64 (4, 4), into the camera's optical frame.
        """
        columns = self.columns(xyz, T_camera_cloud)
        near = self.roughly_in_view(columns)
        index = np.arange(len(near)) if near.all() else np.flatnonzero(near)
        x, y, depth = columns if len(index) == len(xyz) else columns.take(index, axis=1)
        u, v, inside = self.image(x, y, depth)
        return Hits(index, u, v, self.field.distance(x, y, depth)).only(inside)

    def columns(
        self, xyz: NDArray[np.floating[Any]], T_camera_cloud: NDArray[np.float64]
    ) -> Floats:
        """Points in the frame that the image is ideal in.

        Args:
            xyz: float32 or float64 (N, 3), metre.
            T_camera_cloud: float64 (4, 4), into the camera's optical frame.

        Returns:
            (3, N), metre, in the precision of the points.
        """
        T = (self.T_ideal_camera @ T_camera_cloud).astype(xyz.dtype)
        with np.errstate(invalid="ignore", over="ignore"):
            columns: Floats = T[:3, :3] @ np.require(xyz, requirements="A").T
            columns += T[:3, 3:]
        return columns

    def roughly_in_view(self, columns: Floats) -> NDArray[np.bool_]:
        """Which points may land in the image, bool (N,): no other does.

        Args:
            columns: float (3, N), metre, as `columns` gives them.
        """
        with np.errstate(invalid="ignore", over="ignore"):
            return self.field.contains(columns)

    def image(
        self, x: Floats, y: Floats, depth: Floats
    ) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Pixels of points that are roughly in view, and which lie in the image.

        Args:
            x, y, depth: float (M,), metre, of the columns.

        Returns:
            u, v, float (M,), pixel, in the precision of the points; and bool (M,).
        """
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            u, v, within = self.field.bend(x, y, depth)
            u, v = u * self.fx, v * self.fy
            u += self.cx
            v += self.cy
            inside = (u >= -0.5) & (u < self.width - 0.5) & (v >= -0.5) & (v < self.height - 0.5)
            if within is not None:
                inside &= within
        return u, v, inside

    @property
    def corner_slope(self) -> float:
        """Imaged slope of the image's farthest corner."""
        return _corner_slope(self.width, self.height, self.fx, self.fy, self.cx, self.cy)

    def unproject(self, uv: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Rays of pixels.

        Args:
            uv: (N, 2), pixel.

        Returns:
            float64 (N, 3), direction in the camera's optical frame with z = 1, of a fisheye
            that looks past its own plane with length 1; NaN for pixels that no ray within the
            field of view leads to.
        """
        x, y = (uv[:, 0] - self.cx) / self.fx, (uv[:, 1] - self.cy) / self.fy
        return self.field.rays(x, y, self.T_ideal_camera[:3, :3])


def _build(calibration: Calibration, rectified: bool) -> CameraModel:  # noqa: FBT001
    published = published_calibration(calibration)
    width, height = published.width, published.height
    reach = 0.0
    if rectified:
        fx, fy, cx, cy = _intrinsics(published.p, "P, which rectified images need")
        distortion: DistortionModel = Pinhole()
        T_ideal_camera = _rectification(published, fx, fy)
    else:
        fx, fy, cx, cy = _intrinsics(published.k, "K, which raw images need")
        reach = _corner_slope(width, height, fx, fy, cx, cy)
        distortion = make_distortion_model(published.distortion_model, published.d, reach)
        T_ideal_camera = np.eye(4)
    slopes = _slopes(distortion, _border(width, height, fx, fy, cx, cy))
    field: FieldOfView = SlopeField(distortion, slopes)
    if published.fisheye_angle_deg and isinstance(distortion, Equidistant):
        field = AngleField(distortion, math.radians(published.fisheye_angle_deg), reach)
    return CameraModel(width, height, fx, fy, cx, cy, distortion, T_ideal_camera, slopes, field)


def _corner_slope(width: int, height: int, fx: float, fy: float, cx: float, cy: float) -> float:
    far_x = max(cx + 0.5, width - 0.5 - cx) / fx
    far_y = max(cy + 0.5, height - 0.5 - cy) / fy
    return math.hypot(far_x, far_y)


def _intrinsics(matrix: NDArray[np.float64], name: str) -> tuple[float, float, float, float]:
    fx, fy, cx, cy = (float(matrix[i]) for i in ((0, 0), (1, 1), (0, 2), (1, 2)))
    if not (np.isfinite([fx, fy, cx, cy]).all() and fx > 0 and fy > 0):
        msg = (
            f"the camera is not calibrated: expected positive focal lengths in {name}, got "
            f"fx {fx} and fy {fy}; calibrate it and let its driver publish camera_info"
        )
        raise CalibrationError(msg)
    return fx, fy, cx, cy


def _rectification(calibration: Calibration, fx: float, fy: float) -> NDArray[np.float64]:
    T = np.eye(4)
    # An all-zero R is what drivers send who never set it.
    T[:3, :3] = calibration.r if calibration.r.any() else np.eye(3)
    # The last column of P is its K times the offset; KITTI's has a depth, too.
    p, depth = calibration.p, calibration.p[2, 3]
    T[:3, 3] = (p[0, 3] - p[0, 2] * depth) / fx, (p[1, 3] - p[1, 2] * depth) / fy, depth
    return T


def _border(
    width: int, height: int, fx: float, fy: float, cx: float, cy: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    u = np.linspace(-0.5, width - 0.5, _BORDER_STEPS)
    v = np.linspace(-0.5, height - 0.5, _BORDER_STEPS)
    left, right = np.full_like(v, u[0]), np.full_like(v, u[-1])
    top, bottom = np.full_like(u, v[0]), np.full_like(u, v[-1])
    border_u, border_v = np.concatenate([u, u, left, right]), np.concatenate([top, bottom, v, v])
    return (border_u - cx) / fx, (border_v - cy) / fy


def _slopes(
    distortion: DistortionModel, border: tuple[NDArray[np.float64], NDArray[np.float64]]
) -> tuple[float, float, float, float]:
    """Box around all rays of the image; the limit where part of the border has no ray."""
    x, y = distortion.undistort(*border)
    if not np.isfinite(x).all():
        return -distortion.limit, distortion.limit, -distortion.limit, distortion.limit
    margin = _BOUND_MARGIN * float(max(np.ptp(x), np.ptp(y)))
    return (
        float(x.min()) - margin,
        float(x.max()) + margin,
        float(y.min()) - margin,
        float(y.max()) + margin,
    )


def _key(
    calibration: Calibration,
    rectified: bool,  # noqa: FBT001
    offset_px: tuple[float, float],
) -> tuple[object, ...]:
    return (
        *(calibration.width, calibration.height, calibration.distortion_model),
        *(m.tobytes() for m in (calibration.k, calibration.d, calibration.r, calibration.p)),
        *(calibration.binning_x, calibration.binning_y, calibration.roi),
        *(calibration.fisheye_angle_deg, rectified, *offset_px),
    )


class _Recent:
    """The models used last: every cloud asks for them, calibrations hardly ever change."""

    def __init__(self, size: int) -> None:
        self._lock = Lock()
        self._models: OrderedDict[tuple[object, ...], CameraModel] = OrderedDict()
        self._size = size

    def get(self, key: tuple[object, ...]) -> CameraModel | None:
        with self._lock:
            return self._models.get(key)

    def put(self, key: tuple[object, ...], model: CameraModel) -> CameraModel:
        with self._lock:
            self._models[key] = model
            if len(self._models) > self._size:
                self._models.popitem(last=False)
        return model


_MODELS = _Recent(64)
