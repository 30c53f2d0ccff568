"""A scan labelled by one camera, however labels are read."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bench.transfer_quality.point_lookups import BestOfFour, Lookup, Places
from bench.transfer_quality.task import PointLabels, Task
from seg_perception.config import TransferConfig
from seg_perception.core.types import LabelMap, PointStatus
from seg_perception.fusion.confidence import Confidence
from seg_perception.fusion.projection import ProjectedPoints, Range
from seg_perception.fusion.view import PreparedLabelMap, View
from seg_perception.fusion.visibility import DepthBuffer
from seg_perception.geometry.camera import CameraModel

Labels = NDArray[np.uint8]


@dataclass(frozen=True)
class Spoken:
    """The labels of a scan, and the milliseconds that reading them took."""

    labels: PointLabels
    spent_ms: float

    @classmethod
    def of(
        cls, count: int, unknown_id: int, index: NDArray[np.intp], under: Labels, spent_ms: float
    ) -> Spoken:
        """Of `count` points, those at `index` (M,) have labels (M,)."""
        labels = np.full(count, unknown_id, np.uint8)
        labels[index] = under
        return cls(PointLabels(labels, np.ones(count, np.float32)), spent_ms)


def seen_by_us(xyz: NDArray[np.float32], view: View, lookup: Lookup, unknown_id: int) -> Spoken:
    """Label a scan as `fusion.label_transfer` does with one view, whatever the way to read labels.

    Args:
        xyz: float32 (N, 3), metre, sensor frame.
        view: the camera.
        lookup: how labels are read.
        unknown_id: label of points that get none.
    """
    config = TransferConfig()
    ranges = Range(config.min_range_m, config.max_range_m)
    _, asked = ranges.classify(xyz, PointStatus.OUT_OF_VIEW)
    hits = view.hits(xyz)
    hits = hits.only(asked.take(hits.index))
    places = Places(hits.u.astype(np.float32), hits.v.astype(np.float32), view.size)
    under, spent_ms = timed(lookup, places, hits.index)
    column, row = ((each + np.float32(0.5)).astype(np.uint16) for each in (hits.u, hits.v))
    points = ProjectedPoints(hits.index, column, row, hits.depth.astype(np.float32))
    far = DepthBuffer([points], [under], view.size, config.cell_px).relative_depth(points, under)
    confidence = Confidence(view, config).of(points, far)
    hidden = (far > np.float32(config.occlusion_ratio)) | (confidence < config.min_confidence)
    return Spoken.of(len(xyz), unknown_id, hits.index[~hidden], under[~hidden], spent_ms)


def seen_in_truth(task: Task, lookup: Lookup, unknown_id: int) -> Spoken:
    """The labels of the points that are truly visible, where they truly appear."""
    truth = task.truth
    index = np.flatnonzero(truth.visible[0] & truth.measured)
    height, width = task.observation.labels.shape[1:]
    u, v = truth.uv[0, index].astype(np.float32).T
    under, spent_ms = timed(lookup, Places(u, v, (width, height)), index)
    return Spoken.of(len(truth.labels), unknown_id, index, under, spent_ms)


def view_of(label_map: LabelMap, T_camera_lidar: NDArray[np.float64]) -> View:
    """A camera before a scan.

    Raises:
        ValueError: a label map without calibration.
    """
    if label_map.calibration is None:
        msg = f"label map of {label_map.camera}: expected a calibration, got none"
        raise ValueError(msg)
    camera = CameraModel.from_calibration(label_map.calibration)
    return View(PreparedLabelMap(label_map), camera, T_camera_lidar)


def timed(lookup: Lookup, places: Places, index: NDArray[np.intp]) -> tuple[Labels, float]:
    """Read the labels of the points (M,) of a scan; how long that took."""
    if isinstance(lookup, BestOfFour):
        lookup = replace(lookup, truth=lookup.truth[index])
    start = time.process_time()
    under = lookup.labels(places)
    return under, 1e3 * (time.process_time() - start)
