"""The robot itself in its sensors' eyes: a hood in the picture, a boom in the scan.

It must not be mapped, and its labels must not fall on what lies behind it.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.config import Config
from seg_perception.core.errors import ConfigError
from seg_perception.core.resources import expanded
from seg_perception.core.types import LabelMap, PointStatus
from seg_perception.fusion.transfer import NO_SOURCE, Transfer
from seg_perception.io.image_files import decode_file


class SelfFilter:
    """Masks of the cameras and boxes of the lidars and radars."""

    def __init__(self, config: Config, unknown_id: int) -> None:
        """Read the masks.

        Raises:
            ConfigError: a mask that can't be read, or a box whose corners are swapped.
        """
        self._unknown_id = unknown_id
        self._masks = {
            name: _read_mask(name, camera.ego_mask)
            for name, camera in config.cameras.items()
            if camera.ego_mask
        }
        self._boxes = {
            name: _box(name, sensor.self_box_m)
            for name, sensor in config.cloud_sensors.items()
            if any(sensor.self_box_m)
        }

    def hide_in_image(self, label_map: LabelMap) -> LabelMap:
        """The label map with the robot's own pixels unknown; as it is where there is no mask."""
        mask = self._masks.get(label_map.camera)
        if mask is None:
            return label_map
        height, width = label_map.labels.shape
        own = cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST) > 0
        labels, confidence = label_map.labels.copy(), label_map.confidence.copy()
        labels[own] = self._unknown_id
        confidence[own] = 0
        return replace(label_map, labels=labels, confidence=confidence)

    def hide_in_scan(self, sensor: str, xyz: NDArray[np.float32], transfer: Transfer) -> Transfer:
        """The transfer with the robot's own points unknown; as it is where there is no box.

        Args:
            sensor: whose scan it is.
            xyz: float32 (N, 3), metre, sensor frame.
            transfer: of these points.
        """
        box = self._boxes.get(sensor)
        if box is None:
            return transfer
        own = ((xyz >= box[0]) & (xyz <= box[1])).all(axis=1)
        return replace(
            transfer,
            labels=np.where(own, transfer.labels.dtype.type(self._unknown_id), transfer.labels),
            confidence=np.where(own, np.float32(0), transfer.confidence),
            status=np.where(own, np.uint8(PointStatus.SELF), transfer.status),
            sources=np.where(own, np.uint8(NO_SOURCE), transfer.sources),
        )


def _read_mask(camera: str, path: str) -> NDArray[np.uint8]:
    file = expanded(path)
    mask = decode_file(file, cv2.IMREAD_GRAYSCALE)
    if mask is None:
        msg = (
            f"camera.{camera}.ego_mask: expected a picture, white where the robot sees itself, "
            f"got {path!r}, which can't be read; paint one over an image of the camera"
        )
        raise ConfigError(msg)
    return np.asarray(mask, np.uint8)


def _box(sensor: str, numbers: list[float]) -> NDArray[np.float32]:
    """Two opposite corners, float32 (2, 3)."""
    box = np.array(numbers, np.float32).reshape(2, 3)
    if (box[0] >= box[1]).any():
        msg = (
            f"self_box_m of {sensor}: expected [x, y, z] of the lowest corner, then of the "
            f"highest, in the sensor's frame, got {numbers}"
        )
        raise ConfigError(msg)
    return box
