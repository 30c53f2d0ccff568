"""Calibrations of images that were cropped, binned or scaled."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from seg_perception.errors import CalibrationError
from seg_perception.types import Calibration, RegionOfInterest


def published_calibration(calibration: Calibration) -> Calibration:
    """The calibration of the image as published: read-out window and binning resolved.

    CameraInfo: a raw pixel is (full pixel - roi offset) / binning. A window of width or
    height 0 means the rest of the sensor.

    Raises:
        CalibrationError: the window is not on the sensor, or nothing is left of the image.
    """
    roi = calibration.roi
    width = roi.width or calibration.width - roi.x_offset
    height = roi.height or calibration.height - roi.y_offset
    binning_x, binning_y = max(1, calibration.binning_x), max(1, calibration.binning_y)
    if min(width // binning_x, height // binning_y) < 1:
        msg = (
            f"camera_info: expected a size of at least 1x1 after roi and binning, got "
            f"{width // binning_x}x{height // binning_y}; calibrate the camera or mend its driver's roi"
        )
        raise CalibrationError(msg)
    return replace(
        calibration,
        width=width // binning_x,
        height=height // binning_y,
        k=_binned(calibration.k, roi, binning_x, binning_y),
        p=_binned(calibration.p, roi, binning_x, binning_y),
        binning_x=0,
        binning_y=0,
        roi=RegionOfInterest(),
    )


def scale_calibration(calibration: Calibration, width: int, height: int) -> Calibration:
    """The calibration of the published image stretched to width x height.

    Pixel centres are kept, as `cv2.resize` does: u' + 0.5 = (u + 0.5) * scale. Roi and
    binning are resolved.

    Raises:
        CalibrationError: either size is empty.
    """
    if min(width, height) < 1:
        msg = f"scaled image: expected a size of at least 1x1, got {width}x{height}"
        raise CalibrationError(msg)
    published = published_calibration(calibration)
    scale_x, scale_y = width / published.width, height / published.height
    return replace(
        published,
        width=width,
        height=height,
        k=_scaled(published.k, scale_x, scale_y),
        p=_scaled(published.p, scale_x, scale_y),
    )


def shift_principal_point(calibration: Calibration, offset_px: tuple[float, float]) -> Calibration:
    """Add to cx and cy, for images cropped without a word in camera_info.

    GOOSE cuts the 325 uppermost rows: there the offset is (0, -325).
    """
    k, p = calibration.k.copy(), calibration.p.copy()
    k[:2, 2] += offset_px
    if p.any():
        p[:2, 2] += offset_px
    return replace(calibration, k=k, p=p)


def _binned(
    matrix: NDArray[np.float64], roi: RegionOfInterest, binning_x: int, binning_y: int
) -> NDArray[np.float64]:
    binned = matrix.copy()
    if matrix.any():
        binned[0, 2] -= roi.x_offset
        binned[1, 2] -= roi.y_offset
    binned[0] /= binning_x
    binned[1] /= binning_y
    return binned


def _scaled(matrix: NDArray[np.float64], scale_x: float, scale_y: float) -> NDArray[np.float64]:
    scaled = matrix.copy()
    if matrix.any():
        scaled[:2, 2] += 0.5
        scaled[0] *= scale_x
        scaled[1] *= scale_y
        scaled[:2, 2] -= 0.5
    return scaled
