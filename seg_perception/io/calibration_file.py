"""Lenses in the YAML files that ROS' camera_calibration writes and drivers load."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import CalibrationError, ConfigError
from seg_perception.core.resources import expanded
from seg_perception.core.types import Calibration
from seg_perception.core.validation import read_yaml
from seg_perception.io import messages
from seg_perception.io.camera_info import decode_camera_info

_EXPECTED = "a calibration file as ROS' camera_calibration writes it"
_MATRICES = {
    "d": "distortion_coefficients",
    "k": "camera_matrix",
    "r": "rectification_matrix",
    "p": "projection_matrix",
}
_OPTIONAL = {"r": 9, "p": 12}


def read_calibration_file(path: str | Path) -> Calibration:
    """The lens that a file describes: of images as they are published, without roi and binning.

    Raises:
        ConfigError: no such file, another kind of file, or a lens that can't be.
    """
    file = expanded(path)
    document = read_yaml(file, _EXPECTED, ConfigError)
    if not isinstance(document, Mapping) or "camera_matrix" not in document:
        msg = f"{file}: expected {_EXPECTED}, with image_width, camera_matrix and so on"
        raise ConfigError(msg)
    try:
        return decode_camera_info(_camera_info(document))
    except (CalibrationError, KeyError, TypeError, ValueError, OverflowError) as error:
        detail = f"no {error}" if isinstance(error, KeyError) else error
        msg = f"{file}: expected {_EXPECTED}, got {detail}; calibrate again"
        raise ConfigError(msg) from error


def _camera_info(document: Mapping[str, Any]) -> messages.CameraInfo:
    return messages.CameraInfo(
        header=messages.Header.at(0, ""),
        height=int(document["image_height"]),
        width=int(document["image_width"]),
        distortion_model=str(document.get("distortion_model", "")),
        d=_numbers(document, "d"),
        k=_numbers(document, "k"),
        r=_numbers(document, "r"),
        p=_numbers(document, "p"),
    )


def _numbers(document: Mapping[str, Any], name: str) -> NDArray[np.float64]:
    key = _MATRICES[name]
    if key not in document and name in _OPTIONAL:
        return np.zeros(_OPTIONAL[name])
    return np.array(document[key]["data"], np.float64).reshape(-1)
