"""Which views of labels a scan is looked up in, and why a camera has none."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import Config
from seg_perception.core.errors import CalibrationError, ConventionError, TransformError
from seg_perception.core.types import NANOSECONDS, Calibration, PointStatus
from seg_perception.fusion.view import PreparedLabelMap, View
from seg_perception.geometry.camera import CameraModel
from seg_perception.pipeline.ego_motion import EgoMotion
from seg_perception.pipeline.scan import Scan
from seg_perception.pipeline.seeing_cameras import SeeingCameras
from seg_perception.pipeline.synchronizer import LabelMapBuffer, Timed


@dataclass(frozen=True, eq=False)
class CameraView:
    """What one camera offers.

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


@dataclass(frozen=True, eq=False)
class SelectedViews:
    """What all cameras together offer to a scan.

    Attributes:
        views: of the cameras that have one.
        cameras: their names.
        missing: what a camera without view lacks, the worst of it; LABELLED: nothing.
        is_final: nothing better than these has to be waited for.
    """

    views: tuple[View, ...]
    cameras: tuple[str, ...]
    missing: PointStatus
    is_final: bool

    @property
    def is_degraded(self) -> bool:
        """Whether one of the cameras could not be trusted."""
        return any(view.prepared.label_map.is_degraded for view in self.views)


class ViewSelector:
    """Asks the cameras that may label a sensor."""

    def __init__(
        self,
        config: Config,
        motion: EgoMotion,
        labels: LabelMapBuffer[PreparedLabelMap],
    ) -> None:
        """Remember whom to ask."""
        self._config = config
        self._sensors = config.cloud_sensors
        self._motion = motion
        self._labels = labels
        self._seeing = SeeingCameras(config, motion, labels)

    def select(self, scan: Scan) -> SelectedViews:
        """The view of each camera that has one, and what the others lack."""
        offers = [self._offer(camera, scan) for camera in self._cameras_of(scan)]
        seen = [(offer.camera, offer.view) for offer in offers if offer.view is not None]
        is_waited_for = any(
            offer.obstacle == PointStatus.NO_TRANSFORM or not offer.is_nearest for offer in offers
        )
        return SelectedViews(
            views=tuple(view for _, view in seen),
            cameras=tuple(camera for camera, _ in seen),
            missing=max((offer.obstacle for offer in offers), default=PointStatus.NO_LABEL_MAP),
            is_final=not is_waited_for,
        )

    def is_complete(self, scan: Scan) -> bool:
        """Whether nothing better than what is known now has to be waited for.

        A camera that does not see the scan is not waited for.
        """
        if not self._motion.is_known(scan):
            return False
        seeing = self._seeing.of(scan, self._cameras_of(scan))
        if not seeing:
            return True
        return self._labels.is_complete(seeing, scan.time_ns) and self.select(scan).is_final

    def settled(self, scan: Scan, besides: Collection[str]) -> CameraView | None:
        """A view that nothing better will come for, of a camera that sees the scan.

        Args:
            scan: waits, perhaps for others.
            besides: cameras that are not asked.
        """
        if not self._motion.is_known(scan):
            return None
        cameras = [camera for camera in self._cameras_of(scan) if camera not in besides]
        for camera in self._seeing.of(scan, cameras):
            if self._labels.is_complete([camera], scan.time_ns):
                offer = self._offer(camera, scan)
                if offer.view is not None and offer.is_nearest:
                    return offer
        return None

    def has_several(self, scan: Scan) -> bool:
        """Whether more than one camera has labels that a scan may get."""
        with_labels = [c for c in self._cameras_of(scan) if self._labels.newest(c) is not None]
        return len(with_labels) > 1

    def has_open(self, scan: Scan) -> bool:
        """Whether it is not known of a camera which axes its frame has."""
        return any(self._motion.conventions.is_open(camera) for camera in self._cameras_of(scan))

    def test_conventions(self, scan: Scan, xyz: NDArray[np.float32]) -> None:
        """Let a scan show which axes the cameras' frames have, where that is not known.

        Args:
            scan: the cloud.
            xyz: float32 (N, 3), metre, sensor frame: its points at its stamp.
        """
        for camera in self._cameras_of(scan):
            if self._motion.conventions.is_open(camera):
                self._test_convention(camera, scan, xyz)

    def _test_convention(self, camera: str, scan: Scan, xyz: NDArray[np.float32]) -> None:
        """Before the nearest label map that can be placed; where none can, nothing is learnt."""
        for timed in self._labels.nearest(camera, scan.time_ns):
            label_map = timed.value.label_map
            if label_map.calibration is None:
                continue
            with suppress(CalibrationError, TransformError):
                lens = self._lens(camera, label_map.calibration)
                self._motion.test_convention(label_map, lens, scan, xyz)
                return

    def _offer(self, camera: str, scan: Scan) -> CameraView:
        """The nearest label map that can be placed: one without transforms may have an elder."""
        first: CameraView | None = None
        for timed in self._labels.nearest(camera, scan.time_ns):
            offer = self._offer_of(camera, timed, scan)
            if offer.obstacle != PointStatus.NO_TRANSFORM:
                return offer if first is None else replace(offer, is_nearest=False)
            first = first or offer
        return first or CameraView(camera, None, PointStatus.NO_LABEL_MAP)

    def _offer_of(self, camera: str, timed: Timed[PreparedLabelMap], scan: Scan) -> CameraView:
        label_map = timed.value.label_map
        if label_map.calibration is None:
            return CameraView(camera, None, PointStatus.NO_CALIBRATION)
        try:
            lens = self._lens(camera, label_map.calibration)
            view = self._view(timed, lens, scan)
        except CalibrationError:
            return CameraView(camera, None, PointStatus.NO_CALIBRATION)
        except ConventionError:
            return CameraView(camera, None, PointStatus.NO_CONVENTION)
        except TransformError:
            return CameraView(camera, None, PointStatus.NO_TRANSFORM)
        return CameraView(camera, view)

    def _view(self, timed: Timed[PreparedLabelMap], lens: CameraModel, scan: Scan) -> View:
        label_map = timed.value.label_map
        camera = self._config.cameras[label_map.camera]
        time_sigma_s = self._config.transfer.time_sigma_s
        turn_rad_s, speed_mps = self._motion.speed(label_map) if time_sigma_s else (0.0, 0.0)
        return View(
            timed.value,
            lens,
            self._motion.T_camera_cloud(label_map, scan),
            abs(timed.time_ns - scan.time_ns) / NANOSECONDS,
            angle_sigma_rad=math.hypot(camera.rotation_sigma_rad, turn_rad_s * time_sigma_s),
            offset_sigma_m=math.hypot(camera.translation_sigma_m, speed_mps * time_sigma_s),
            shutter=self._motion.shutter(label_map, scan),
            up=self._motion.up(label_map),
        )

    def _lens(self, camera: str, calibration: Calibration) -> CameraModel:
        rectified = self._config.cameras[camera].rectified
        return CameraModel.from_calibration(calibration, rectified=rectified)

    def _cameras_of(self, scan: Scan) -> Sequence[str]:
        return self._sensors[scan.sensor].cameras or tuple(self._config.cameras)
