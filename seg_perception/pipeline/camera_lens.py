"""The lens of one camera: sent by its driver or read from a file, checked, corrected."""

from __future__ import annotations

from dataclasses import replace

from seg_perception.config import CameraConfig
from seg_perception.core.errors import CalibrationError, ConfigError, SegPerceptionError
from seg_perception.core.issue_kinds.kind import IssueKind
from seg_perception.core.issue_kinds.lenses import (
    BAD_CAMERA_INFO,
    CALIBRATION_FILE,
    FISHEYE_REACH,
    LENS_READ_AS,
    ODD_CAMERA_INFO,
)
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.message_accounting import stream
from seg_perception.core.types import Calibration
from seg_perception.geometry.calibration import shift_principal_point
from seg_perception.geometry.camera import CameraModel
from seg_perception.geometry.distortion import resolve_model
from seg_perception.geometry.fisheye_reach import fisheye_reach_deg
from seg_perception.geometry.lens_plausibility import expect_possible, find_oddities
from seg_perception.geometry.radial_profile import WIDEST_DEG
from seg_perception.io.calibration_file import read_calibration_file


class CameraLens:
    """Follows the lens of one camera; what is wrong or odd about it stands in the log of issues."""

    def __init__(self, name: str, config: CameraConfig, issues: IssueLog) -> None:
        """Read the camera's calibration file, if it has one; else wait for a camera_info.

        Args:
            name: of the camera.
            config: how it is corrected.
            issues: told of what is amiss.

        Raises:
            ConfigError: the file can't be read, or its lens can't be.
        """
        self._name = name
        self._config = config
        self._issues = issues
        self._sent: Calibration | None = None
        self._calibration: Calibration | None = None
        if config.calibration_file:
            self._read(config.calibration_file)

    @property
    def is_from_file(self) -> bool:
        """Whether what its driver sends is not looked at."""
        return self._config.calibration_file != ""

    @property
    def calibration(self) -> Calibration | None:
        """The newest lens, corrected; None before the first, and when it was refused."""
        return self._calibration

    def take(self, sent: Calibration) -> None:
        """Take what its driver sends, unless a file stands in its place."""
        if self.is_from_file or (self._sent is not None and sent.equals(self._sent)):
            return
        try:
            self._take(sent)
        except CalibrationError as error:
            self.refuse(error)

    def refuse(self, error: SegPerceptionError) -> None:
        """Take note of a camera_info that can't be read."""
        if self.is_from_file:
            return
        self._sent = self._calibration = None
        self._release(ODD_CAMERA_INFO, LENS_READ_AS, FISHEYE_REACH)
        self._issues.add_error(self._stream, error)
        self._hold(BAD_CAMERA_INFO, error=error)

    def _read(self, file: str) -> None:
        try:
            self._take(read_calibration_file(file))
        except CalibrationError as error:
            msg = f"camera.{self._name}.calibration_file: {file}: {error}"
            raise ConfigError(msg) from error
        self._hold(CALIBRATION_FILE, file=file)

    def _take(self, sent: Calibration) -> None:
        calibration = self._corrected(sent)
        expect_usable(calibration, rectified=self._config.rectified)
        self._sent, self._calibration = sent, calibration
        self._release(BAD_CAMERA_INFO)
        self._say(calibration)

    def _corrected(self, sent: Calibration) -> Calibration:
        offset_px = self._config.principal_point_offset_px
        shifted = shift_principal_point(sent, *offset_px) if any(offset_px) else sent
        return with_fisheye_angle(shifted, self._config)

    def _say(self, calibration: Calibration) -> None:
        self._release(ODD_CAMERA_INFO, LENS_READ_AS, FISHEYE_REACH)
        if odd := find_oddities(calibration, rectified=self._config.rectified):
            self._hold(ODD_CAMERA_INFO, oddities="; ".join(odd))
        if not self._config.rectified and calibration.d.any():
            name, coefficients = resolve_model(calibration.distortion_model, calibration.d)
            sent = calibration.distortion_model, calibration.d.size
            if sent != (name, coefficients.size):
                self._hold(LENS_READ_AS, sent=sent[0], count=sent[1], model=name)
            self._say_reach(calibration)

    def _say_reach(self, calibration: Calibration) -> None:
        reach_deg = fisheye_reach_deg(CameraModel.from_calibration(calibration))
        if reach_deg > WIDEST_DEG and not calibration.fisheye_angle_deg:
            self._hold(FISHEYE_REACH, reach_deg=reach_deg, widest_deg=WIDEST_DEG)

    def _hold(self, kind: IssueKind, **numbers: object) -> None:
        self._issues.hold(kind, self._stream, camera=self._name, **numbers)

    def _release(self, *kinds: IssueKind) -> None:
        for kind in kinds:
            self._issues.release(kind, self._stream)

    @property
    def _stream(self) -> str:
        return stream("camera", self._name)


def with_fisheye_angle(calibration: Calibration, config: CameraConfig) -> Calibration:
    """The same with the end of its picture, which no message says."""
    if not config.fisheye_angle_deg:
        return calibration
    return replace(calibration, fisheye_angle_deg=config.fisheye_angle_deg)


def expect_usable(calibration: Calibration, *, rectified: bool) -> None:
    """Refuse a lens that can't be, or that no model here describes.

    Raises:
        CalibrationError: with the number, and the likely cause.
    """
    expect_possible(calibration, rectified=rectified)
    CameraModel.from_calibration(calibration, rectified=rectified)
