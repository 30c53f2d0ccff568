"""What others do: the extrinsics alone, and one of several tests of what is in the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, cKDTree

from bench.transfer_quality.task import PointLabels, Task
from seg_perception.core.types import LabelMap
from seg_perception.geometry.camera import CameraModel
from seg_perception.geometry.projection import Hits

Kept = NDArray[np.bool_]
Filter = Callable[[Hits, NDArray[np.float32]], Kept]
"""Given the points in view and all points in the camera's frame (n, 3): which to keep."""

_PIXEL_MARGIN_M = 0.1
_HPR_GAMMA = 2.0
_NEIGHBOURS = 12


@dataclass(frozen=True)
class Baseline:
    """Every point takes the label of its pixel; the last camera that shows it counts.

    Distortion models are exact. The robot is taken as at rest between scan and picture.

    Attributes:
        name: of the row.
        keep: what it thinks is visible.
    """

    name: str
    keep: Filter

    def prepare(self, task: Task) -> _Projected:
        """Camera models."""
        models = [camera_model(label_map) for label_map in task.label_maps]
        return _Projected(task, models, self.keep)


@dataclass(frozen=True)
class _Projected:
    task: Task
    models: list[CameraModel]
    keep: Filter

    def label(self) -> PointLabels:
        task, xyz = self.task, self.task.xyz
        labels = np.full(len(xyz), task.unknown_id, np.uint8)
        confidence = np.zeros(len(xyz), np.float32)
        measured = np.flatnonzero((xyz != 0).any(axis=1))
        for camera, (model, label_map) in enumerate(zip(self.models, task.label_maps, strict=True)):
            T = task.T_camera_sensor(camera).astype(np.float32)
            local = xyz[measured] @ T[:3, :3].T + T[:3, 3]
            hits = model.hits(local, np.eye(4))
            hits = hits.only(self.keep(hits, local))
            index, row, column = measured[hits.index], np.rint(hits.v), np.rint(hits.u)
            pixel = row.astype(int), column.astype(int)
            labels[index] = label_map.labels[pixel]
            confidence[index] = label_map.confidence[pixel] / np.float32(255)
        return PointLabels(labels, confidence)


def camera_model(label_map: LabelMap) -> CameraModel:
    """The model of a label map's camera.

    Raises:
        ValueError: a label map without calibration.
    """
    if label_map.calibration is None:
        msg = f"label map of {label_map.camera}: expected a calibration, got none"
        raise ValueError(msg)
    return CameraModel.from_calibration(label_map.calibration)


def everything(hits: Hits, _xyz: NDArray[np.float32]) -> Kept:
    """Nothing is ever in the way."""
    return np.ones(len(hits.index), np.bool_)


def one_pixel_buffer(hits: Hits, _xyz: NDArray[np.float32]) -> Kept:
    """A depth buffer of the image's own pixels, with a margin of 0.1 m."""
    column, row = np.rint(hits.u).astype(int), np.rint(hits.v).astype(int)
    nearest = np.full((row.max(initial=0) + 1, column.max(initial=0) + 1), np.inf, np.float32)
    np.minimum.at(nearest, (row, column), hits.depth.astype(np.float32))
    kept: Kept = hits.depth <= nearest[row, column] + _PIXEL_MARGIN_M
    return kept


def hidden_point_removal(hits: Hits, xyz: NDArray[np.float32]) -> Kept:
    """S. Katz, A. Tal, R. Basri 2007: flip about a sphere; the visible are on the convex hull.

    The sphere's radius is 10 to the power of gamma times the farthest distance.
    """
    kept = np.zeros(len(hits.index), np.bool_)
    if len(kept) < 4:
        return ~kept
    points = xyz[hits.index].astype(float)
    distance = np.linalg.norm(points, axis=1, keepdims=True)
    radius = distance.max() * 10**_HPR_GAMMA
    flipped = points + 2 * (radius - distance) * points / distance
    hull = ConvexHull(np.vstack([flipped, np.zeros(3)])).vertices
    kept[hull[hull < len(kept)]] = True
    return kept


def screen_neighbours(hits: Hits, _xyz: NDArray[np.float32]) -> Kept:
    """After P. Biasutti et al. 2019: a point's depth among those of its neighbours on the screen.

    Visible is exp(-((d - min) / (max - min))^2) above the middle between its extremes. Our own
    reading of the paper.
    """
    if len(hits.index) <= _NEIGHBOURS:
        return np.ones(len(hits.index), np.bool_)
    pixels = np.stack([hits.u, hits.v], axis=1)
    _, neighbour = cKDTree(pixels).query(pixels, k=_NEIGHBOURS)
    depth = hits.depth[neighbour]
    low, high = depth.min(axis=1), depth.max(axis=1)
    share = (hits.depth - low) / np.maximum(high - low, 1e-6)
    kept: Kept = np.exp(-(share**2)) >= (1 + np.exp(-1.0)) / 2
    # Neighbours of one depth hide nothing.
    return kept | (high - low < _PIXEL_MARGIN_M)


@dataclass(frozen=True)
class Oracle:
    """Knows which camera sees a point and in which pixel: what is left is the pixel's size."""

    name: str = "oracle"

    def prepare(self, task: Task) -> _Known:
        """Nothing to prepare."""
        return _Known(task)


@dataclass(frozen=True)
class _Known:
    task: Task

    def label(self) -> PointLabels:
        task, truth = self.task, self.task.truth
        labels = np.full(len(truth.labels), task.unknown_id, np.uint8)
        confidence = np.zeros(len(labels), np.float32)
        for camera, label_map in enumerate(task.label_maps):
            index = np.flatnonzero(truth.visible[camera] & truth.measured)
            height, width = label_map.labels.shape
            picture = task.observation.labels.shape[1:]
            scale = np.array([width / picture[1], height / picture[0]])
            column, row = np.rint((truth.uv[camera, index] + 0.5) * scale - 0.5).astype(int).T
            pixel = np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)
            labels[index] = label_map.labels[pixel]
            confidence[index] = label_map.confidence[pixel] / np.float32(255)
        return PointLabels(labels, confidence)


def floor_ms(task: Task) -> Callable[[], object]:
    """The floor that times are compared with: OpenCV projects the same points, nothing else."""
    T = task.T_camera_sensor(0)
    optical = (task.xyz @ T[:3, :3].T + T[:3, 3]).astype(np.float32)
    calibration = task.label_maps[0].calibration
    still = np.zeros(3)
    return lambda: cv2.projectPoints(optical, still, still, calibration.k, calibration.d)
