"""`calibrate`: what has to be applied on top of tf so that a camera's pictures fit the scans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seg_perception.alignment.pose_search import LEAST_MOMENTS
from seg_perception.calibration.check import CameraCheck, check_calibration
from seg_perception.calibration.observations import Observations
from seg_perception.config import Config, read_parameter_file
from seg_perception.config.parameter_edit import edited
from seg_perception.core.atomic_write import write_file
from seg_perception.core.errors import ConfigError
from seg_perception.geometry.correction import Correction
from seg_perception.io.remapped_bag import BagSource
from seg_perception.outputs.topics import NODE_NAME
from seg_perception.pipeline.camera_correction import correction_of
from seg_perception.pipeline.corrected_mount import CorrectedMount, corrected_mount

_DIGITS = 4


@dataclass(frozen=True, eq=False)
class CameraCalibration:
    """What was found for one camera.

    Attributes:
        check: whether its calibration holds.
        parameters: what to set, in place of what was set before; empty where nothing is to be
            corrected, or nothing is known.
        mount: the corrected transform; None where the camera's place is not corrected.
    """

    check: CameraCheck
    parameters: dict[str, Any]
    mount: CorrectedMount | None

    def to_json(self) -> dict[str, Any]:
        """The same for machines."""
        mount = None if self.mount is None else self.mount.to_json()
        return {**self.check.to_json(), "correction": self.parameters, "mount": mount}


def calibrate(
    bag: BagSource, config: Config, output: Path, wanted: int = 24, *, only_turn: bool = False
) -> list[CameraCalibration]:
    """Find the corrections of all cameras.

    Args:
        bag: any recording that `BagReader` takes.
        config: sensors; corrections that it has already are included in the result.
        output: folder for the pictures; it is made.
        wanted: observations of each lidar.
        only_turn: no move is looked for.

    Raises:
        BagError, CalibrationError: as `check_calibration`.
    """
    checks, observations = check_calibration(bag, config, output, wanted, only_turn=only_turn)
    return [_calibration(check, config, observations) for check in checks]


def _calibration(
    check: CameraCheck, config: Config, observations: Observations
) -> CameraCalibration:
    camera, found = config.cameras[check.camera], check.diagnosis.finding
    if found is None or found.hinted_clock_s is not None or not _is_told(check):
        return CameraCalibration(check, {}, None)
    key = f"camera.{check.camera}"
    parameters: dict[str, Any] = {}
    mount = None
    if set(found.known) - {"clock"}:
        total = Correction.of_matrix(found.change).after(correction_of(camera))
        mount = _mount(check.camera, total, observations)
        parameters[f"{key}.correction_xyz_m"] = _rounded(total.xyz_m)
        parameters[f"{key}.correction_rpy_deg"] = _rounded(total.rpy_deg)
    if "clock" in found.known:
        parameters[f"{key}.time_offset_s"] = round(camera.time_offset_s + found.clock_s, _DIGITS)
    return CameraCalibration(check, parameters, mount)


def _is_told(check: CameraCheck) -> bool:
    """Whether what is known counts: a good place can be bettered, too, but not by a few moments."""
    level = check.diagnosis.level
    return level == "off" or (level == "good" and check.observations >= LEAST_MOMENTS)


def _rounded(values: Sequence[float]) -> list[float]:
    return [round(value, _DIGITS) + 0.0 for value in values]


def _mount(camera: str, total: Correction, observations: Observations) -> CorrectedMount:
    frames = {name: seen[0].frames[0] for name, seen in observations.of.items() if seen}
    frame = frames[camera]
    edge = next((one for one in observations.static_transforms if one.child == frame), None)
    of_tf = None if edge is None else (edge.parent, edge.T_parent_child)
    return corrected_mount(camera, total, frames, observations.conventions.of(camera), of_tf)


def write_corrections(
    path: Path, config: Config, calibrations: Sequence[CameraCalibration]
) -> dict[str, Any]:
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
