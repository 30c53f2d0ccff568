"""`calibrate`: what has to be applied on top of tf so that a camera's pictures fit the scans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.calibration.check import CameraCheck, check_calibration
from seg_perception.calibration.observations import Observations
from seg_perception.config import Config, read_parameter_file
from seg_perception.config.parameter_edit import edited
from seg_perception.core.atomic_write import write_file
from seg_perception.core.errors import ConfigError
from seg_perception.geometry.correction import (
    Correction,
    static_transform_publisher,
    urdf_origin,
)
from seg_perception.geometry.quaternion import matrix_to_quaternion
from seg_perception.io.remapped_bag import BagSource
from seg_perception.outputs.topics import NODE_NAME
from seg_perception.pipeline.camera_correction import correction_of
from seg_perception.pipeline.frame_convention import optical_axes

_DIGITS = 4


@dataclass(frozen=True, eq=False)
class Mounting:
    """A static transform that would make the correction unnecessary.

    Attributes:
        parent, child: its frames.
        T_parent_child: float64 (4, 4), metre, corrected.
    """

    parent: str
    child: str
    T_parent_child: NDArray[np.float64]

    def lines(self) -> list[str]:
        """As numbers, as a command and as URDF has it."""
        T = self.T_parent_child
        xyz = " ".join(f"{value + 0.0:.6f}" for value in T[:3, 3])
        xyzw = " ".join(f"{value + 0.0:.9f}" for value in matrix_to_quaternion(T[:3, :3]))
        return [
            f"{self.parent} -> {self.child}: xyz {xyz}, quaternion xyzw {xyzw}",
            static_transform_publisher(self.parent, self.child, T),
            urdf_origin(T),
        ]

    def to_json(self) -> dict[str, Any]:
        """The same for machines."""
        T = self.T_parent_child
        return {
            "parent": self.parent,
            "child": self.child,
            "xyz_m": T[:3, 3].tolist(),
            "quaternion_xyzw": [float(value) for value in matrix_to_quaternion(T[:3, :3])],
            "static_transform_publisher": static_transform_publisher(self.parent, self.child, T),
            "urdf_origin": urdf_origin(T),
        }


@dataclass(frozen=True, eq=False)
class CameraCalibration:
    """What was found for one camera.

    Attributes:
        check: whether its calibration holds.
        parameters: the correction to set, in place of one that was set before; empty where
            nothing is to be corrected, or nothing is known.
        mounting: the corrected transform; None without a correction, or where tf has no static
            transform to the camera's frame.
    """

    check: CameraCheck
    parameters: dict[str, list[float]]
    mounting: Mounting | None

    def to_json(self) -> dict[str, Any]:
        """The same for machines."""
        mounting = None if self.mounting is None else self.mounting.to_json()
        return {**self.check.to_json(), "correction": self.parameters, "mounting": mounting}


def calibrate(
    bag: BagSource, config: Config, output: Path, wanted: int = 24
) -> list[CameraCalibration]:
    """Find the corrections of all cameras.

    Args:
        bag: any recording that `BagReader` takes.
        config: sensors; corrections that it has already are included in the result.
        output: folder for the pictures; it is made.
        wanted: observations of each lidar.

    Raises:
        BagError, CalibrationError: as `check_calibration`.
    """
    checks, observations = check_calibration(bag, config, output, wanted)
    return [_calibration(check, config, observations) for check in checks]


def _calibration(
    check: CameraCheck, config: Config, observations: Observations
) -> CameraCalibration:
    if check.diagnosis.level != "off" or check.clock_s is not None:
        return CameraCalibration(check, {}, None)
    found = Correction.of_matrix(check.diagnosis.correction)
    total = found.after(correction_of(config.cameras[check.camera]))
    key = f"camera.{check.camera}.correction"
    parameters = {
        f"{key}_xyz_m": [round(value, _DIGITS) + 0.0 for value in total.xyz_m],
        f"{key}_rpy_deg": [round(value, _DIGITS) + 0.0 for value in total.rpy_deg],
    }
    return CameraCalibration(check, parameters, _mounting(check.camera, total, observations))


def _mounting(camera: str, correction: Correction, observations: Observations) -> Mounting | None:
    frame, _ = observations.expect(camera)[0].frames
    edge = next((one for one in observations.static_transforms if one.child == frame), None)
    if edge is None:
        return None
    T_optical_camera = optical_axes(observations.conventions.of(camera))
    T = correction.mounted(edge.T_parent_child, T_optical_camera)
    return Mounting(edge.parent, edge.child, T)


def write_corrections(
    path: Path, config: Config, calibrations: Sequence[CameraCalibration]
) -> dict[str, list[float]]:
    """Set the corrections in a robot file; one that is not there is made from the configuration.

    Returns:
        What was set; empty: nothing was to be written.

    Raises:
        ConfigError: the file can't be read or written, or is none.
    """
    values = {key: value for one in calibrations for key, value in one.parameters.items()}
    if not values:
        return values
    if path.exists():
        read_parameter_file(path, NODE_NAME)
        text = edited(path.read_text(encoding="utf-8"), NODE_NAME, values, str(path))
    else:
        text = Config.from_parameters({**config.to_parameters(), **values}).to_file(expert=False)
    write_file(path, text, ConfigError)
    return values
