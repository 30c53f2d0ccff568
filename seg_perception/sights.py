"""What each camera offers to a sweep: a view of its labels, or the reason why there is none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import Config
from seg_perception.errors import CalibrationError, ConventionError, TransformError
from seg_perception.fusion.view import PreparedLabelMap, View
from seg_perception.geometry.camera import CameraModel
from seg_perception.motion import Motion
from seg_perception.pairing import LabelRing, Sweep, Timed
from seg_perception.types import NANOSECONDS, Calibration, PointStatus


@dataclass(frozen=True, eq=False)
class Sight:
    """One camera's offer.

    Attributes:
        camera: its name in the configuration.
        view: the label map nearest in time before its lens; None where something is missing.
        obstacle: what is missing.
        is_nearest: False where a label map nearer in time lacks its transforms.
    """

    camera: str
    view: View | None
    obstacle: PointStatus = PointStatus.LABELLED
    is_nearest: bool = True


class Sights:
    """Asks the cameras that may label a sensor.

    Attributes:
        refused_lenses: by camera, why its camera_info can't place points.
    """

    def __init__(self, config: Config, motion: Motion, labels: LabelRing[PreparedLabelMap]) -> None:
        """Remember whom to ask."""
        self.refused_lenses: dict[str, str] = {}
        self._config = config
        self._motion = motion
        self._labels = labels

    def of(self, sweep: Sweep) -> list[Sight]:
        """One sight for each camera."""
        return [self._sight(camera, sweep) for camera in self._cameras_of(sweep)]

    def are_complete(self, sweep: Sweep) -> bool:
        """Whether nothing better than what is known now has to be waited for."""
        if not self._labels.is_complete(self._cameras_of(sweep), sweep.time_ns):
            return False
        waited_for = any(
            sight.obstacle == PointStatus.NO_TRANSFORM or not sight.is_nearest
            for sight in self.of(sweep)
        )
        return not waited_for and self._motion.is_known(sweep)

    def has_open(self, sweep: Sweep) -> bool:
        """Whether it is not known of a camera which axes its frame has."""
        return any(self._motion.conventions.is_open(camera) for camera in self._cameras_of(sweep))

    def test_conventions(self, sweep: Sweep, xyz: NDArray[np.float32]) -> None:
        """Let a sweep show which axes the cameras' frames have, where that is not known.

        Args:
            sweep: the cloud.
            xyz: float32 (N, 3), metre, sensor frame: its points at its stamp.
        """
        for camera in self._cameras_of(sweep):
            if self._motion.conventions.is_open(camera):
                self._test_convention(camera, sweep, xyz)

    def _test_convention(self, camera: str, sweep: Sweep, xyz: NDArray[np.float32]) -> None:
        """Before the nearest label map that can be placed; where none can, nothing is learnt."""
        for timed in self._labels.nearest(camera, sweep.time_ns):
            label_map = timed.value.label_map
            if label_map.calibration is None:
                continue
            with suppress(CalibrationError, TransformError):
                lens = self._lens(camera, label_map.calibration)
                self._motion.test_convention(label_map, lens, sweep, xyz)
                return

    def _sight(self, camera: str, sweep: Sweep) -> Sight:
        """The nearest label map that can be placed: one without transforms may have an elder."""
        first: Sight | None = None
        for timed in self._labels.nearest(camera, sweep.time_ns):
            sight = self._sight_of(camera, timed, sweep)
            if sight.obstacle != PointStatus.NO_TRANSFORM:
                return sight if first is None else replace(sight, is_nearest=False)
            first = first or sight
        return first or Sight(camera, None, PointStatus.NO_LABEL_MAP)

    def _sight_of(self, camera: str, timed: Timed[PreparedLabelMap], sweep: Sweep) -> Sight:
        label_map = timed.value.label_map
        if label_map.calibration is None:
            return Sight(camera, None, PointStatus.NO_CALIBRATION)
        try:
            lens = self._lens(camera, label_map.calibration)
            view = self._view(timed, lens, sweep)
        except CalibrationError:
            return Sight(camera, None, PointStatus.NO_CALIBRATION)
        except ConventionError:
            return Sight(camera, None, PointStatus.NO_CONVENTION)
        except TransformError:
            return Sight(camera, None, PointStatus.NO_TRANSFORM)
        return Sight(camera, view)

    def _view(self, timed: Timed[PreparedLabelMap], lens: CameraModel, sweep: Sweep) -> View:
        label_map = timed.value.label_map
        camera = self._config.cameras[label_map.camera]
        time_sigma_s = self._config.transfer.time_sigma_s
        turn_rad_s, speed_mps = self._motion.speed(label_map) if time_sigma_s else (0.0, 0.0)
        return View(
            timed.value,
            lens,
            self._motion.T_camera_cloud(label_map, sweep),
            abs(timed.time_ns - sweep.time_ns) / NANOSECONDS,
            angle_sigma_rad=math.hypot(camera.rotation_sigma_rad, turn_rad_s * time_sigma_s),
            offset_sigma_m=math.hypot(camera.translation_sigma_m, speed_mps * time_sigma_s),
            shutter=self._motion.shutter(label_map, sweep),
        )

    def _lens(self, camera: str, calibration: Calibration) -> CameraModel:
        rectified = self._config.cameras[camera].rectified
        try:
            lens = CameraModel.from_calibration(calibration, rectified=rectified)
        except CalibrationError as error:
            self.refused_lenses[camera] = str(error)
            raise
        self.refused_lenses.pop(camera, None)
        return lens

    def _cameras_of(self, sweep: Sweep) -> Sequence[str]:
        sensors = {**self._config.lidars, **self._config.radars}
        return sensors[sweep.sensor].cameras or tuple(self._config.cameras)
