"""What images and clouds are read with: the cameras' calibrations, and the transforms."""

from __future__ import annotations

from typing import Any

import numpy as np

from seg_perception.config import Config
from seg_perception.core.errors import SegPerceptionError
from seg_perception.core.issue_kinds.lenses import BAD_CAMERA_INFO, DEPTH_UNIT, NO_CAMERA_INFO
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.message_accounting import stream
from seg_perception.core.types import Calibration, DepthImage, clean_frame_id
from seg_perception.io.camera_info import decode_camera_info
from seg_perception.io.depth import Depths, decode_depth
from seg_perception.io.messages import stamp_to_ns
from seg_perception.pipeline.camera_correction import say_correction
from seg_perception.pipeline.camera_images import CameraImages
from seg_perception.pipeline.camera_lens import CameraLens, expect_usable, with_fisheye_angle
from seg_perception.pipeline.depth_unit import measured_values, unit_oddity
from seg_perception.pipeline.parent_watch import Publishers, unnamed
from seg_perception.pipeline.stereo_baseline import StereoBaselines
from seg_perception.pipeline.transform_reader import Observe, TransformReader, at_once, make_tree


class SensorState:
    """Follows camera_info and tf.

    Attributes:
        transforms: reads transforms into their tree.
        images: what the pixels of images mean.
    """

    def __init__(
        self,
        config: Config,
        issues: IssueLog,
        observe: Observe = at_once,
        publishers: Publishers = unnamed,
    ) -> None:
        """Start without anything.

        Args:
            config: cameras, and the limits of the transforms.
            issues: told of what is missing or can't be used.
            observe, publishers: as for `TransformReader`.

        Raises:
            ConfigError: a calibration file can't be read.
        """
        tree = make_tree(config.transforms)
        self.transforms = TransformReader(tree, issues, observe, publishers)
        self.images = CameraImages(config.cameras, issues)
        self._cameras = config.cameras
        self._depths = config.depths
        self._has_clouds = bool(config.cloud_sensors)
        self._issues = issues
        self._lenses = {
            name: CameraLens(name, camera, issues) for name, camera in config.cameras.items()
        }
        self._baselines = StereoBaselines(config.cameras, self.transforms.tree, issues)
        for name, camera in config.cameras.items():
            say_correction(name, camera, issues)
        self._stamps: dict[str, int] = {}
        self._label_calibrations: dict[str, Calibration | None] = {}
        self._depth_calibrations: dict[str, Calibration | None] = {}
        self._units_checked: set[str] = set()

    def calibration(self, camera: str) -> Calibration | None:
        """The lens of a camera, as configured, in its own frame.

        None before the first, and when it was refused.
        """
        lens = self._lenses[camera].calibration
        return lens and self._baselines.resolve(camera, lens, self._stamps.get(camera, 0))

    def label_calibration(self, camera: str) -> Calibration | None:
        """The same for label images, whose maker has corrected it."""
        return self._label_calibrations.get(camera)

    def depth_image(self, camera: str, message: Any) -> DepthImage:
        """The depth image of a camera's message, with the lens that came for it.

        Raises:
            ImageError: it can't be decoded.
        """
        values, header = decode_depth(message), message.header
        unit_m = 1.0 if values.dtype == np.float32 else self._depths[camera].unit_m
        self._check_unit(camera, values, unit_m)
        return DepthImage(
            values=values,
            unit_m=unit_m,
            stamp_ns=stamp_to_ns(header.stamp),
            frame_id=clean_frame_id(header.frame_id),
            calibration=self._depth_calibrations.get(camera),
        )

    def _check_unit(self, camera: str, values: Depths, unit_m: float) -> None:
        """By the first image that holds anything."""
        if camera in self._units_checked or not len(measured := measured_values(values)):
            return
        self._units_checked.add(camera)
        if numbers := unit_oddity(camera, float(np.median(measured)), unit_m):
            self._issues.hold(DEPTH_UNIT, stream("depth", camera), **numbers)

    def take_depth_camera_info(self, camera: str, message: Any) -> None:
        """Take the sensor_msgs/CameraInfo of a camera's depth images."""
        name = stream("depth", camera)
        try:
            calibration = decode_camera_info(message)
            expect_usable(calibration, rectified=False)
        except SegPerceptionError as error:
            self._depth_calibrations[camera] = None
            self._issues.add_error(name, error)
            self._issues.hold(BAD_CAMERA_INFO, name, error=error, camera=camera)
        else:
            self._depth_calibrations[camera] = calibration
            self._issues.release(BAD_CAMERA_INFO, name)

    def expect_camera_info(self, camera: str, topic: str) -> None:
        """Say that a camera's lens is missing until it comes; only clouds need one."""
        if self._has_clouds and not self._lenses[camera].is_from_file:
            name = stream("camera", camera)
            self._issues.hold(NO_CAMERA_INFO, name, topic=topic, others="", camera=camera)

    def take_camera_info(self, camera: str, message: Any) -> None:
        """Take a sensor_msgs/CameraInfo."""
        self._issues.release(NO_CAMERA_INFO, stream("camera", camera))
        self._baselines.observe(camera, clean_frame_id(message.header.frame_id))
        self._stamps[camera] = stamp_to_ns(message.header.stamp)
        lens = self._lenses[camera]
        try:
            lens.take(decode_camera_info(message))
        except SegPerceptionError as error:
            lens.refuse(error)

    def take_label_camera_info(self, camera: str, message: Any) -> None:
        """Take the sensor_msgs/CameraInfo of label images."""
        name = stream("camera", camera)
        self._issues.release(NO_CAMERA_INFO, name)
        try:
            calibration = with_fisheye_angle(decode_camera_info(message), self._cameras[camera])
            expect_usable(calibration, rectified=self._cameras[camera].rectified)
        except SegPerceptionError as error:
            self._label_calibrations[camera] = None
            self._issues.add_error(name, error)
            self._issues.hold(BAD_CAMERA_INFO, name, error=error, camera=camera)
        else:
            self._label_calibrations[camera] = calibration
            self._issues.release(BAD_CAMERA_INFO, name)
