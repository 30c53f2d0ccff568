"""What images and clouds are read with: the cameras' calibrations, and the transforms."""

from __future__ import annotations

from typing import Any

from seg_perception.config import Config
from seg_perception.core.errors import SegPerceptionError
from seg_perception.core.issue_kinds.inputs import BAD_CAMERA_INFO, NO_CAMERA_INFO
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.message_accounting import stream
from seg_perception.core.types import Calibration
from seg_perception.geometry.calibration import shift_principal_point
from seg_perception.io.camera_info import decode_camera_info
from seg_perception.pipeline.transform_reader import Observe, TransformReader, at_once, make_tree


class SensorState:
    """Follows camera_info and tf.

    Attributes:
        transforms: reads transforms into their tree.
    """

    def __init__(self, config: Config, issues: IssueLog, observe: Observe = at_once) -> None:
        """Start without anything.

        Args:
            config: cameras, and the limits of the transforms.
            issues: told of what is missing or can't be used.
            observe: as for `TransformReader`.
        """
        self.transforms = TransformReader(make_tree(config.transforms), issues, observe)
        self._cameras = config.cameras
        self._has_clouds = bool(config.lidars or config.radars)
        self._issues = issues
        self._as_sent: dict[str, Calibration | None] = {}
        self._calibrations: dict[str, Calibration | None] = {}

    def calibration(self, camera: str) -> Calibration | None:
        """The newest lens of a camera, its principal point as configured.

        None before the first, and when it was refused.
        """
        return self._calibrations.get(camera)

    def calibration_as_sent(self, camera: str) -> Calibration | None:
        """The same, as its sender sent it: for label images, whose maker has corrected it."""
        return self._as_sent.get(camera)

    def expect_camera_info(self, camera: str, topic: str) -> None:
        """Say that a camera's lens is missing until it comes; only clouds need one."""
        if self._has_clouds:
            name = stream("camera", camera)
            self._issues.hold(NO_CAMERA_INFO, name, topic=topic, others="", camera=camera)

    def take_camera_info(self, camera: str, message: Any) -> None:
        """Take a sensor_msgs/CameraInfo."""
        name = stream("camera", camera)
        self._issues.release(NO_CAMERA_INFO, name)
        try:
            sent = decode_camera_info(message)
        except SegPerceptionError as error:
            self._as_sent[camera] = self._calibrations[camera] = None
            self._issues.add_error(name, error)
            self._issues.hold(BAD_CAMERA_INFO, name, error=error)
        else:
            self._as_sent[camera] = sent
            self._calibrations[camera] = self._corrected(camera, sent)
            self._issues.release(BAD_CAMERA_INFO, name)

    def _corrected(self, camera: str, sent: Calibration) -> Calibration:
        offset_px = self._cameras[camera].principal_point_offset_px
        return shift_principal_point(sent, *offset_px) if any(offset_px) else sent
