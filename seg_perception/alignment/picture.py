"""A camera's picture as small as edges are looked for in it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import CalibrationError
from seg_perception.core.types import Calibration, CameraFrame
from seg_perception.geometry.calibration import scale_calibration


def reduced(frame: CameraFrame, most: int) -> tuple[NDArray[np.uint8], Calibration]:
    """The picture at most so wide (pixel), and the lens of that size.

    Raises:
        CalibrationError: there is no lens.
    """
    if frame.calibration is None:
        msg = (
            f"no usable camera_info of camera {frame.camera}; calibrate it, or set "
            f"camera.{frame.camera}.camera_info_topic"
        )
        raise CalibrationError(msg)
    height, width = frame.image.shape[:2]
    if width > most:
        height, width = max(1, round(height * most / width)), most
    picture = cv2.resize(frame.image, (width, height), interpolation=cv2.INTER_AREA)
    calibration = scale_calibration(frame.calibration, width, height)
    return picture.astype(np.uint8, copy=False), calibration
