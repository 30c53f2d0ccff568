"""Whether the offset in P of a rectified camera is in tf already.

P of the right camera of a pair holds Tx = -fx B: as sensor_msgs/CameraInfo has it, both cameras
then name the left one's frame. Drivers that give the right camera a frame of its own put the
baseline B into tf and into P, and whoever applies both is off by B.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import CameraConfig
from seg_perception.core.errors import TransformError
from seg_perception.core.issue_kinds.lenses import BASELINE_APPLIED, BASELINE_IN_TF
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.message_accounting import stream
from seg_perception.core.types import Calibration
from seg_perception.geometry.camera import CameraModel
from seg_perception.geometry.quaternion import rotation_angle
from seg_perception.geometry.transforms import TransformTree
from seg_perception.pipeline.frame_convention import T_OPTICAL_BODY

# Rectified images of other offsets than these are of one camera alone.
_LEAST_M = 1e-3
# How far from where P has the first camera a frame may lie, and how far it may be turned.
_NEAR_SHARE, _NEAR_RAD = 0.2, 0.2


class StereoBaselines:
    """Decides by the frames, and says so; asked again where there are new ones."""

    def __init__(
        self, cameras: Mapping[str, CameraConfig], tree: TransformTree, issues: IssueLog
    ) -> None:
        """Start without frames.

        Args:
            cameras: by name.
            tree: where they sit.
            issues: told of what is decided.
        """
        self._cameras = cameras
        self._tree = tree
        self._issues = issues
        self._frames = {name: camera.frame_id for name, camera in cameras.items()}
        self._decided: dict[str, tuple[Any, Calibration]] = {}

    def observe(self, camera: str, frame_id: str) -> None:
        """Take note of the frame that a camera's camera_info names."""
        self._frames[camera] = self._cameras[camera].frame_id or frame_id

    def resolve(self, camera: str, calibration: Calibration, stamp_ns: int) -> Calibration:
        """The calibration in the camera's own frame: without the offset, if tf has it."""
        if not self._cameras[camera].rectified or not calibration.p[:, 3].any():
            self._forget(camera)
            return calibration
        state = (self._tree.frames(), tuple(self._frames.values()))
        known = self._decided.get(camera)
        if known is None or known[0] != (calibration, state):
            resolved = self._decide(camera, calibration, stamp_ns)
            self._decided[camera] = known = ((calibration, state), resolved)
        return known[1]

    def _forget(self, camera: str) -> None:
        if self._decided.pop(camera, None) is not None:
            self._issues.release(BASELINE_APPLIED, stream("camera", camera))

    def _decide(self, camera: str, calibration: Calibration, stamp_ns: int) -> Calibration:
        T_ideal = CameraModel.from_calibration(calibration, rectified=True).T_ideal_camera
        offset_m = T_ideal[:3, :3].T @ T_ideal[:3, 3]
        if np.linalg.norm(offset_m) < _LEAST_M:
            return calibration
        own, sharing = self._frames[camera], self._sharing(camera)
        beside = None if sharing else self._frame_at(camera, offset_m, stamp_ns)
        numbers = {"baseline_m": np.linalg.norm(offset_m), "frame": own, "camera": camera}
        if beside is not None:
            self._issues.hold(BASELINE_IN_TF, stream("camera", camera), beside=beside, **numbers)
            return replace(calibration, p=np.pad(calibration.p[:, :3], ((0, 0), (0, 1))))
        whose = f"that of camera {sharing}, too" if sharing else "taken for that of the first one"
        self._issues.hold(BASELINE_APPLIED, stream("camera", camera), whose=whose, **numbers)
        return calibration

    def _sharing(self, camera: str) -> str:
        """Another camera in the same frame; empty where there is none."""
        own = self._frames[camera]
        others = [name for name, frame in self._frames.items() if name != camera and frame == own]
        return others[0] if own and others else ""

    def _frame_at(self, camera: str, offset_m: NDArray[np.float64], stamp_ns: int) -> str | None:
        """A frame with axes like the camera's where P has the first camera."""
        axes = np.eye(3)
        if self._cameras[camera].frame_convention == "body":
            axes = T_OPTICAL_BODY[:3, :3]
        near_m = _NEAR_SHARE * np.linalg.norm(offset_m)
        for frame, T in self._placed(self._frames[camera], stamp_ns):
            if (
                np.linalg.norm(axes @ T[:3, 3] - offset_m) < near_m
                and rotation_angle(T[:3, :3]) < _NEAR_RAD
            ):
                return frame
        return None

    def _placed(self, own: str, stamp_ns: int) -> Iterator[tuple[str, NDArray[np.float64]]]:
        for frame in sorted(self._tree.frames() - {own}):
            with suppress(TransformError):
                yield frame, self._tree.lookup(own, frame, stamp_ns)
