"""One camera's part in the labels of a cloud."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seg_perception.api.camera import Camera
from seg_perception.api.image_labels import ImageLabels
from seg_perception.core.errors import CalibrationError


@dataclass(frozen=True, eq=False)
class View:
    """Labels, the camera that they come from, and where the cloud's sensor sits before it.

    Attributes:
        labels: of an image.
        camera: None: that of the labels.
        T_camera_lidar: (4, 4), metre: the sensor's points into the camera's optical frame (z
            forward, x right); None: as `transforms` has it.
    """

    labels: ImageLabels
    camera: Camera | None = None
    T_camera_lidar: Any = None

    @property
    def lens(self) -> Camera:
        """The camera.

        Raises:
            CalibrationError: neither given nor known of the labels.
        """
        camera = self.camera or self.labels.camera
        if camera is None:
            msg = "paint: expected a camera, got none; pass Camera(K, size, D), or a bag's"
            raise CalibrationError(msg)
        return _expect_camera(camera)


def _expect_camera(camera: object) -> Camera:
    if isinstance(camera, Camera):
        return camera
    got = f"{type(camera).__name__}; of a CameraInfo: Camera.from_message(message)"
    msg = f"camera: expected a Camera, got {got}"
    raise CalibrationError(msg)
