"""A camera that is easy to reckon with: 100 px of focal length, 200 x 100 px, looking along z."""

from collections.abc import Callable

import numpy as np
import pytest

from seg_perception.core.types import Calibration, LabelMap
from seg_perception.fusion.label_transfer import PreparedLabelMap, View
from seg_perception.geometry.camera import CameraModel

WIDTH, HEIGHT, FOCAL_PX = 200, 100, 100.0
K = np.array([[FOCAL_PX, 0, 99.5], [0, FOCAL_PX, 49.5], [0, 0, 1]])


def points_at(pixels: np.ndarray, depth: float | np.ndarray) -> np.ndarray:
    """Points (N, 3) in the camera's frame that appear at the pixels."""
    depth = np.broadcast_to(depth, len(pixels))
    x = (pixels[:, 0] - K[0, 2]) / FOCAL_PX * depth
    y = (pixels[:, 1] - K[1, 2]) / FOCAL_PX * depth
    return np.stack([x, y, depth], 1).astype(np.float32)


def grid(columns: range, rows: range) -> np.ndarray:
    """Pixels (N, 2) of a grid."""
    u, v = np.meshgrid(columns, rows)
    return np.stack([u.ravel(), v.ravel()], 1).astype(np.float64)


@pytest.fixture(scope="session")
def make_view() -> Callable[..., View]:
    def make(labels=3, confidence=255, T=None, time_gap_s=0.0, dtype=np.uint8) -> View:
        labels = np.broadcast_to(np.asarray(labels, dtype), (HEIGHT, WIDTH)).copy()
        confidence = np.broadcast_to(np.asarray(confidence, np.uint8), (HEIGHT, WIDTH)).copy()
        prepared = PreparedLabelMap(LabelMap("front", labels, confidence, 0, "front"))
        camera = CameraModel.from_calibration(Calibration(WIDTH, HEIGHT, K))
        return View(prepared, camera, np.eye(4) if T is None else T, time_gap_s)

    return make
