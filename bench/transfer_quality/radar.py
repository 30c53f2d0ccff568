"""What labels of radar returns are compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from bench.transfer_quality.baselines import Baseline, Oracle, everything
from bench.transfer_quality.core_transfer import CoreTransfer
from bench.transfer_quality.core_transfer import Prepared as PreparedOurs
from bench.transfer_quality.task import PointLabels, Task, mount_of

_REACH_M = 0.5


@dataclass(frozen=True)
class NearestLidar:
    """Each return takes the label of the nearest labelled lidar point within half a metre.

    The lidar's labels are ours; radar and lidar are taken as at rest between their stamps.
    """

    name: str = "nearest labelled lidar point"

    def prepare(self, task: Task) -> _Near:
        """Label the scan."""
        lidar = Task(
            task.observation,
            task.lidar,
            task.label_maps,
            task.T_base_camera,
            task.unknown_id,
            task.lidar,
        )
        return _Near(task, lidar, CoreTransfer("").prepare(lidar))


@dataclass(frozen=True)
class _Near:
    task: Task
    lidar: Task
    ours: PreparedOurs

    def label(self) -> PointLabels:
        task, swept = self.task, self.ours.label()
        labelled = np.flatnonzero(swept.labels != task.unknown_id)
        T = np.linalg.inv(mount_of(task.sensor)) @ mount_of(task.lidar)
        places = self.lidar.xyz[labelled] @ T[:3, :3].T + T[:3, 3]
        distance, nearest = cKDTree(places).query(task.xyz, distance_upper_bound=_REACH_M)
        found = np.isfinite(distance)
        labels: Any = np.full(len(task.xyz), task.unknown_id, swept.labels.dtype)
        confidence = np.zeros(len(task.xyz), np.float32)
        labels[found] = swept.labels[labelled[nearest[found]]]
        confidence[found] = swept.confidence[labelled[nearest[found]]]
        return PointLabels(labels, confidence)


METHODS = (
    Baseline("nearest pixel", everything),
    NearestLidar(),
    CoreTransfer("ours", with_lidar=True),
    CoreTransfer("ours, without lidar", with_lidar=False),
    Oracle(),
)
