"""CameraInfo messages to calibrations and back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import CalibrationError
from seg_perception.core.types import Calibration, RegionOfInterest
from seg_perception.io import messages


def decode_camera_info(msg: Any) -> Calibration:
    """The calibration that a sensor_msgs/CameraInfo describes.

    Args:
        msg: any object with the attributes of the message; ROS 1 spells D, K, R, P in capitals.

    Raises:
        CalibrationError: no size, K of zeros (an uncalibrated camera), or numbers that are
            not finite.
    """
    matrices = {name: _matrix(msg, name) for name in "dkrp"}
    if not msg.width or not msg.height:
        text = f"camera_info: expected the sensor's size, got {msg.width}x{msg.height}; calibrate"
        raise CalibrationError(text)
    if not all(np.isfinite(matrix).all() for matrix in matrices.values()):
        text = "camera_info: expected finite numbers in D, K, R and P, got others; calibrate again"
        raise CalibrationError(text)
    k = _shaped("K", matrices["k"], (3, 3))
    if k[0, 0] <= 0 or k[1, 1] <= 0:
        text = (
            "camera_info: expected focal lengths above 0 in K, "
            f"got {k[0, 0]:g} and {k[1, 1]:g}; calibrate the camera"
        )
        raise CalibrationError(text)
    r = _shaped("R", matrices["r"], (3, 3))
    return Calibration(
        width=int(msg.width),
        height=int(msg.height),
        k=k,
        distortion_model=str(msg.distortion_model),
        d=matrices["d"],
        # Drivers of unrectified cameras leave R at zeros, which stands for no rotation.
        r=r if r.any() else np.eye(3),
        p=_shaped("P", matrices["p"], (3, 4)),
        binning_x=int(msg.binning_x),
        binning_y=int(msg.binning_y),
        roi=_decode_roi(msg.roi),
    )


def encode_camera_info(cal: Calibration, stamp_ns: int, frame_id: str) -> messages.CameraInfo:
    """A sensor_msgs/CameraInfo of a calibration."""
    return messages.CameraInfo(
        header=messages.Header.at(stamp_ns, frame_id),
        height=cal.height,
        width=cal.width,
        distortion_model=cal.distortion_model,
        d=np.asarray(cal.d, np.float64),
        k=np.asarray(cal.k, np.float64).reshape(-1),
        r=np.asarray(cal.r, np.float64).reshape(-1),
        p=np.asarray(cal.p, np.float64).reshape(-1),
        binning_x=cal.binning_x,
        binning_y=cal.binning_y,
        roi=messages.RegionOfInterest(
            x_offset=cal.roi.x_offset,
            y_offset=cal.roi.y_offset,
            height=cal.roi.height,
            width=cal.roi.width,
        ),
    )


def _matrix(msg: Any, name: str) -> NDArray[np.float64]:
    values = getattr(msg, name) if hasattr(msg, name) else getattr(msg, name.upper())
    return np.array(values, np.float64).reshape(-1)


def _shaped(name: str, values: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.float64]:
    if values.size != shape[0] * shape[1]:
        text = f"camera_info: expected {shape[0] * shape[1]} numbers in {name}, got {values.size}"
        raise CalibrationError(text)
    return values.reshape(shape)


def _decode_roi(roi: Any) -> RegionOfInterest:
    return RegionOfInterest(
        x_offset=int(roi.x_offset),
        y_offset=int(roi.y_offset),
        width=int(roi.width),
        height=int(roi.height),
    )
