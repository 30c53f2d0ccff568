"""Calibrations of images that were cropped, binned or scaled."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import CalibrationError, SizeMismatchError
from seg_perception.core.issue_kinds.lenses import SIZE_MISMATCH
from seg_perception.core.types import Calibration, RegionOfInterest

# Sizes are whole pixels: so much may two scales differ that are meant to be one.
_SAME_ASPECT = 0.01


def published_size(calibration: Calibration) -> tuple[int, int]:
    """Width and height of the image as published: roi cut out, pixels binned.

    Raises:
        CalibrationError: the window does not lie on the sensor, or nothing is left.
    """
    roi = calibration.roi
    width, height = _window_size(calibration)
    binning_x, binning_y = _binning(calibration)
    free_x, free_y = calibration.width - width, calibration.height - height
    on_sensor = 0 <= roi.x_offset <= free_x and 0 <= roi.y_offset <= free_y
    if not on_sensor or width < binning_x or height < binning_y:
        msg = (
            f"camera_info has sensor {calibration.width}x{calibration.height}, "
            f"roi {width}x{height} at ({roi.x_offset}, {roi.y_offset}) and "
            f"binning {binning_x}x{binning_y}: expected one inside the other and at least one "
            "pixel; mend what its driver publishes"
        )
        raise CalibrationError(msg)
    return width // binning_x, height // binning_y


def expect_size(calibration: Calibration, got: tuple[int, int], camera: str) -> None:
    """Refuse an image, of that width and height, of another size than its calibration says.

    Raises:
        SizeMismatchError: with the likely cause.
        CalibrationError: as `published_size`.
    """
    expected = published_size(calibration)
    if got != expected:
        sentence = SIZE_MISMATCH.sentence(
            got=f"{got[0]}x{got[1]}",
            expected=f"{expected[0]}x{expected[1]}",
            cause=why_sizes_differ(calibration, *got),
            camera=camera,
        )
        raise SizeMismatchError(sentence)


def why_sizes_differ(calibration: Calibration, width: int, height: int) -> str:
    """The likely cause why images of that size came with a calibration of another one.

    Empty where none is likelier than that it belongs to another camera.

    Raises:
        CalibrationError: as `published_size`.
    """
    got, expected = (width, height), published_size(calibration)
    sensor, window = (calibration.width, calibration.height), _window_size(calibration)
    binning_x, binning_y = _binning(calibration)
    if got == sensor and window == sensor:
        return f": its size is that of the image, binning {binning_x}x{binning_y} counts again"
    if got == sensor:
        return f": the roi of {window[0]}x{window[1]} is not what the images show"
    if got == window:
        return f": the images are not binned, binning {binning_x}x{binning_y} says so"
    scale_x, scale_y = width / expected[0], height / expected[1]
    if abs(scale_x / scale_y - 1) < _SAME_ASPECT:
        return f": the images were scaled by {scale_x:.3g}, and it was not"
    return ""


def published_calibration(calibration: Calibration) -> Calibration:
    """The calibration of the image as published: read-out window and binning resolved.

    K and P speak of the full sensor (sensor_msgs/CameraInfo). The centre of a binned pixel
    is that of the pixels it merges: u' + 0.5 = (u - x_offset + 0.5) / binning_x.

    Raises:
        CalibrationError: as `published_size`.
    """
    width, height = published_size(calibration)
    roi = calibration.roi
    binning_x, binning_y = _binning(calibration)

    def published(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        cropped = _shifted(matrix, -roi.x_offset, -roi.y_offset)
        return _stretched(cropped, 1 / binning_x, 1 / binning_y)

    return replace(
        calibration,
        width=width,
        height=height,
        k=published(calibration.k),
        p=published(calibration.p),
        binning_x=0,
        binning_y=0,
        roi=RegionOfInterest(),
    )


def scale_calibration(calibration: Calibration, width: int, height: int) -> Calibration:
    """The calibration of the published image stretched to width x height.

    Pixel centres follow `cv2.resize`: u' + 0.5 = (u + 0.5) * scale. Roi and binning are
    resolved.

    Raises:
        CalibrationError: the new size is empty, or as `published_size`.
    """
    if min(width, height) < 1:
        msg = f"scaled image: expected a size of at least 1x1, got {width}x{height}"
        raise CalibrationError(msg)
    published = published_calibration(calibration)
    scale = width / published.width, height / published.height
    return replace(
        published,
        width=width,
        height=height,
        k=_stretched(published.k, *scale),
        p=_stretched(published.p, *scale),
    )


def shift_principal_point(calibration: Calibration, dx: float, dy: float) -> Calibration:
    """Add to cx and cy (full-sensor pixel), for images cropped without a word in camera_info.

    GOOSE cuts the 325 uppermost rows: there dy is -325.
    """
    return replace(
        calibration, k=_shifted(calibration.k, dx, dy), p=_shifted(calibration.p, dx, dy)
    )


def _window_size(calibration: Calibration) -> tuple[int, int]:
    roi = calibration.roi
    return roi.width or calibration.width, roi.height or calibration.height


def _binning(calibration: Calibration) -> tuple[int, int]:
    return max(1, calibration.binning_x), max(1, calibration.binning_y)


def _shifted(matrix: NDArray[np.float64], dx: float, dy: float) -> NDArray[np.float64]:
    shifted: NDArray[np.float64] = matrix.copy()
    if matrix.any():
        shifted[:2, 2] += dx, dy
        shifted[:2, 3:] += np.outer((dx, dy), matrix[2, 3:])
    return shifted


def _stretched(matrix: NDArray[np.float64], scale_x: float, scale_y: float) -> NDArray[np.float64]:
    stretched: NDArray[np.float64] = _shifted(matrix, 0.5, 0.5)
    stretched[0] *= scale_x
    stretched[1] *= scale_y
    return _shifted(stretched, -0.5, -0.5)
