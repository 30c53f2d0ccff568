"""Depths before a label map of 512 x 288, and the sets for Nav2's layer, against plain numpy."""

from __future__ import annotations

from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.rows import BenchRow, compare
from seg_perception.config import Config
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import (
    Calibration,
    DepthImage,
    LabelMap,
    PointCloud,
    SemanticCloud,
)
from seg_perception.fusion.depth_registration import DepthRegistration
from seg_perception.fusion.view import PreparedLabelMap, View
from seg_perception.geometry.camera import CameraModel
from seg_perception.outputs.nav2 import Nav2Clouds

_WIDTH, _HEIGHT = 512, 288
_K = np.array([[370.0, 0, 255.5], [0, 370, 143.5], [0, 0, 1]])
_D = np.array([0.05, -0.08, 0.0005, -0.0004, 0.02])
# As a D435 sends them: depth 59 mm beside colour, and wider.
_DEPTH_K = np.array([[425.0, 0, 423.5], [0, 425, 239.5], [0, 0, 1]])
_DEPTH_SIZE = 848, 480
_BASELINE_M = 0.059
_BEAMS, _COLUMNS = 128, 1024


def run() -> list[BenchRow]:
    """Measure aligned depths, depths through another lens, and a lidar's set for Nav2."""
    return [_aligned(), _through(), _nav2()]


def _aligned() -> BenchRow:
    depth, camera, registration = _depth(), _camera(), DepthRegistration(10)
    rays = _rays(_K, _WIDTH, _HEIGHT)
    return compare(
        "depth, aligned",
        partial(registration.aligned, depth, camera),
        partial(_resized, depth.values, rays),
        budget=1.5,
        name="cv2.resize and a product with the rays",
    )


def _through() -> BenchRow:
    depth, registration = _depth(), DepthRegistration(10)
    lens = CameraModel.from_calibration(Calibration(*_DEPTH_SIZE, _DEPTH_K))
    T = np.eye(4)
    T[0, 3] = -_BASELINE_M
    blank = np.zeros((_HEIGHT, _WIDTH), np.uint8)
    view = View(PreparedLabelMap(LabelMap("front", blank, blank, 0, "front")), _camera(), T)
    return compare(
        "depth, through another lens",
        partial(registration.through, depth, lens, view),
        partial(_projected, depth.values, _rays(_DEPTH_K, *_DEPTH_SIZE)),
        budget=0.15,
        name="cv2.projectPoints of each depth in view, then the nearest of each pixel",
    )


def _nav2() -> BenchRow:
    semantic = _scan()
    clouds = Nav2Clouds(_config(), Ontology.load("goose"))
    return compare(
        "Nav2's set of a scan",
        partial(clouds.make, semantic, "lidar"),
        partial(_masked, semantic),
        budget=0.75,
        name="the same masks by numpy's where",
    )


def _resized(values: NDArray[Any], rays: NDArray[np.float32]) -> object:
    small = cv2.resize(values, (_WIDTH, _HEIGHT), interpolation=cv2.INTER_NEAREST)
    metres = small.astype(np.float32) * np.float32(0.001)
    metres[small == 0] = np.nan
    return rays * metres.reshape(-1, 1)


def _projected(values: NDArray[Any], rays: NDArray[np.float32]) -> object:
    """As a skilled engineer registers: what is not measured or not in view is left out first."""
    metres = values.reshape(-1).astype(np.float32) * np.float32(0.001)
    xyz = rays * metres[:, None]
    xyz[:, 0] -= np.float32(_BASELINE_M)
    x, y, z = xyz.T
    wide, high = 1.2 * _K[0, 2] / _K[0, 0], 1.2 * _K[1, 2] / _K[1, 1]
    kept = np.flatnonzero((z > 0) & (z < 10) & (abs(x) < wide * z) & (abs(y) < high * z))
    still = np.zeros(3)
    uv = cv2.projectPoints(xyz[kept], still, still, _K, _D)[0].reshape(-1, 2)
    u, v = np.rint(uv).astype(np.intp).T
    inside = (u >= 0) & (u < _WIDTH) & (v >= 0) & (v < _HEIGHT)
    pixel, kept = (v * _WIDTH + u)[inside], kept[inside]
    depth = z[kept]
    nearest = np.full(_WIDTH * _HEIGHT, np.inf, np.float32)
    np.minimum.at(nearest, pixel, depth)
    seen = np.flatnonzero(depth == nearest[pixel])
    found = np.full((_WIDTH * _HEIGHT, 3), np.nan, np.float32)
    found[pixel[seen]] = xyz[kept[seen]]
    return found


def _masked(semantic: SemanticCloud) -> object:
    """Three arrays of a shape, as they are written down first."""
    xyz = semantic.cloud.xyz
    counts = (semantic.status == 0) & (xyz[:, 2] < 2.5)
    confidence = np.where(counts, np.rint(semantic.confidence * 255), 0).astype(np.uint8)
    labels = np.where(counts, semantic.labels, np.uint8(255))
    return labels, confidence, np.where(counts[:, None], xyz, np.float32(np.nan))


def _rays(k: NDArray[np.float64], width: int, height: int) -> NDArray[np.float32]:
    v, u = np.mgrid[:height, :width].reshape(2, -1)
    rays = [(u - k[0, 2]) / k[0, 0], (v - k[1, 2]) / k[1, 1], np.ones(len(u))]
    return np.stack(rays, axis=1).astype(np.float32)


def _depth() -> DepthImage:
    """Ground and a few posts, a twentieth of it not measured."""
    random = np.random.default_rng(0)
    width, height = _DEPTH_SIZE
    below = np.maximum(np.arange(height) - 240, 12)[:, None]
    metres = np.minimum(0.6 * 425 / below, 8.0) * np.ones((1, width))
    metres[:, 200:230] = metres[:, 600:640] = np.minimum(metres[:, :1], 1.5)
    values = (1000 * metres).astype(np.uint16)
    values[random.random(values.shape) < 0.05] = 0
    return DepthImage(values, 0.001, 0, "depth")


def _camera() -> CameraModel:
    return CameraModel.from_calibration(Calibration(_WIDTH, _HEIGHT, _K, "plumb_bob", _D))


def _scan() -> SemanticCloud:
    """A labelled turn in records of 48 bytes as Ouster sends them, half of it in view."""
    random = np.random.default_rng(0)
    count = _BEAMS * _COLUMNS
    layout = np.dtype({"names": list("xyz"), "formats": ["<f4"] * 3, "offsets": [0, 4, 8],
                       "itemsize": 48})  # fmt: skip
    points = np.zeros((_BEAMS, _COLUMNS), layout)
    for name in "xyz":
        points[name] = random.normal(0, 5, points.shape)
    return SemanticCloud(
        sensor="top",
        cloud=PointCloud(points, 0, "lidar"),
        labels=random.integers(0, 60, count).astype(np.uint8),
        confidence=random.random(count, np.float32),
        status=random.choice(np.array([0, 1, 2], np.uint8), count, p=[0.5, 0.1, 0.4]),
        sources=np.zeros(count, np.uint8),
        T_base_cloud=np.eye(4),
    )


def _config() -> Config:
    return Config.from_parameters(
        {
            "cameras": ["front"],
            "camera.front.image_topic": "/front/image_raw",
            "lidars": ["top"],
            "lidar.top.topic": "/top/points",
            "output.nav2_semantic_cloud": True,
        }
    )
