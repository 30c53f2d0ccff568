"""Colours of points that have no labels: their own, else by height."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.types import PointCloud

_USUAL_PERCENT = (2, 98)


def point_colors(cloud: PointCloud) -> NDArray[np.uint8]:
    """uint8 (N, 3), RGB, of all points of a cloud."""
    if "rgb" in cloud.fields and cloud.points.dtype["rgb"].itemsize == 4:
        packed = np.ascontiguousarray(cloud.points["rgb"].reshape(-1)).view(np.uint32)
        return np.stack([packed >> 16, packed >> 8, packed], axis=1).astype(np.uint8)
    return height_colors(cloud.xyz)


def height_colors(xyz: NDArray[np.float32]) -> NDArray[np.uint8]:
    """uint8 (N, 3), RGB, from blue for what is low to red, by z of float32 (N, 3)."""
    height = np.nan_to_num(xyz[:, 2], nan=0.0, posinf=0.0, neginf=0.0)
    if not len(height):
        return np.zeros((0, 3), np.uint8)
    low, high = np.percentile(height, _USUAL_PERCENT)
    share = np.clip((height - low) / max(high - low, 1e-6), 0, 1)
    ramp = cv2.applyColorMap((share * 255).astype(np.uint8).reshape(-1, 1), cv2.COLORMAP_TURBO)
    return np.ascontiguousarray(ramp.reshape(-1, 3)[:, ::-1], np.uint8)
