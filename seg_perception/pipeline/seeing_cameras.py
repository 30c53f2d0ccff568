"""Which cameras can see a scan: those alone are waited for."""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

import numpy as np

from seg_perception.config import Config
from seg_perception.core.errors import CalibrationError, ConventionError, TransformError
from seg_perception.fusion.view import PreparedLabelMap
from seg_perception.geometry.camera import CameraModel
from seg_perception.pipeline.ego_motion import EgoMotion
from seg_perception.pipeline.scan import DepthScan, Scan
from seg_perception.pipeline.synchronizer import LabelMapBuffer

# A part of a large scan says as well whether it lies before a camera.
_TRIED = 2048


class SeeingCameras:
    """Projects some points of a scan into each camera, once; may be used from several threads.

    It decides about waiting alone: a camera that sees a corner of a scan between these points
    labels it by what it has then.
    """

    def __init__(
        self, config: Config, motion: EgoMotion, labels: LabelMapBuffer[PreparedLabelMap]
    ) -> None:
        """Start with nothing tried."""
        self._cameras = config.cameras
        self._motion = motion
        self._labels = labels
        self._known: WeakKeyDictionary[Scan, dict[str, bool]] = WeakKeyDictionary()

    def of(self, scan: Scan, cameras: Sequence[str]) -> list[str]:
        """Those of the cameras that see a scan, or of which it is not known yet."""
        known = self._known.setdefault(scan, {})
        return [camera for camera in cameras if self._may_see(camera, scan, known)]

    def _may_see(self, camera: str, scan: Scan, known: dict[str, bool]) -> bool:
        if camera not in known:
            sees = self._sees(camera, scan)
            if sees is None:
                return True
            known[camera] = sees
        return known[camera]

    def _sees(self, camera: str, scan: Scan) -> bool | None:
        """Whether points lie in its image; None while lens, place or axes are not known."""
        if isinstance(scan, DepthScan):
            return True
        newest = self._labels.newest(camera)
        label_map = None if newest is None else newest.value.label_map
        if label_map is None or label_map.calibration is None:
            return None
        try:
            rectified = self._cameras[camera].rectified
            lens = CameraModel.from_calibration(label_map.calibration, rectified=rectified)
            T_camera_cloud = self._motion.T_camera_cloud(label_map, scan)
        except (CalibrationError, ConventionError, TransformError):
            return None
        # An odd step does not meet the same beams of a scan in every turn.
        xyz = scan.cloud.xyz[:: max(1, len(scan.cloud) // _TRIED) | 1]
        return bool(len(lens.hits(np.ascontiguousarray(xyz), T_camera_cloud).index))
