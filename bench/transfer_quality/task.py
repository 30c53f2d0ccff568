"""What a method is given: clouds, label maps and the extrinsics it is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.transfer_quality.conditions import Condition
from bench.transfer_quality.labels import Labeller
from bench.transfer_quality.recording import (
    CAMERAS,
    RADAR,
    STAMP_NS,
    SWEEP_S,
    Observation,
    Truth,
    mounts,
)
from seg_perception.core.types import NANOSECONDS, LabelMap, PointCloud
from seg_perception.simulation import rig

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PointLabels:
    """Labels of the points of one sensor.

    Attributes:
        labels: unsigned (n,); unknown where none is given.
        confidence: float32 (n,), 0 to 1.
    """

    labels: NDArray[Any]
    confidence: NDArray[np.float32]


@dataclass(frozen=True)
class Task:
    """One sensor's points and the label maps of one or three cameras.

    Attributes:
        observation: what was recorded.
        sensor: key of `observation.sensors`.
        label_maps: one for each camera.
        T_base_camera: (cameras, 4, 4), optical frames, as the method is given them.
        unknown_id: label of points that get none.
        lidar: the scan beside a radar's scan; the sensor itself for a lidar.
    """

    observation: Observation
    sensor: str
    label_maps: tuple[LabelMap, ...]
    T_base_camera: NDArray[np.float64]
    unknown_id: int
    lidar: str

    @property
    def truth(self) -> Truth:
        """What is true of the points."""
        return self.observation.sensors[self.sensor]

    @property
    def xyz(self) -> NDArray[np.float32]:
        """float32 (n, 3), metre, as measured, sensor frame."""
        points = self.truth.points
        return np.stack([points[axis] for axis in "xyz"], axis=1)

    @property
    def cloud(self) -> PointCloud:
        """The points as their driver sends them: a lidar's are stamped at the scan's start."""
        return cloud_of(self.observation, self.sensor)

    def T_camera_sensor(self, camera: int) -> Array:  # noqa: N802
        """The extrinsics alone (4, 4): the robot taken as at rest."""
        T: Array = np.linalg.inv(self.T_base_camera[camera]) @ mount_of(self.sensor)
        return T


def make_task(
    observation: Observation,
    condition: Condition,
    label_maps: tuple[LabelMap, ...],
    sensor: str,
    lidar: str,
    unknown_id: int,
) -> Task:
    """Give a method the label maps of the first cameras, and the extrinsics of the condition."""
    given = [
        condition.miscalibrated(T, [*observation.number, camera])
        for camera, T in enumerate(mounts()[: len(label_maps)])
    ]
    return Task(observation, sensor, label_maps, np.stack(given), unknown_id, lidar)


def label_observation(observation: Observation, labeller: Labeller) -> tuple[LabelMap, ...]:
    """Label maps of all cameras."""
    return tuple(labeller.label(observation, camera) for camera in range(len(CAMERAS)))


def cloud_of(observation: Observation, sensor: str) -> PointCloud:
    """A sensor's points as a message: radars hear all at once, when the lidar passes the front."""
    after_s = SWEEP_S / 2 if sensor == RADAR else 0.0
    stamp_ns = STAMP_NS + round(after_s * NANOSECONDS)
    return PointCloud(observation.sensors[sensor].points[None], stamp_ns, sensor, is_dense=True)


def mount_of(sensor: str) -> Array:
    """T_base_sensor (4, 4)."""
    return rig.T_BASE_RADAR if sensor == RADAR else rig.T_BASE_LIDAR
