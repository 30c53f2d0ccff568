"""The project's own transfer, through the core that robots run, whole and with parts taken out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bench.transfer_quality.recording import RADAR, STAMP_NS
from bench.transfer_quality.task import PointLabels, Task, cloud_of, mount_of
from seg_perception.config import Config
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import NANOSECONDS
from seg_perception.geometry.transforms import TransformTree
from seg_perception.pipeline.perception import Perception

_BASE, _ODOM = "base_link", "odom"


@dataclass(frozen=True)
class CoreTransfer:
    """The core with some parameters changed.

    Attributes:
        name: of the row.
        changed: parameters; of cameras under `camera.`, for all of them.
        with_lidar: the core gets a lidar's scan before a radar's scan.
    """

    name: str
    changed: Mapping[str, Any] = field(default_factory=dict)
    with_lidar: bool = True

    def prepare(self, task: Task) -> Prepared:
        """Everything that is done once per picture or before."""
        core = Perception(self._config(task), Ontology.load("field"), _transforms(task))
        for label_map in task.label_maps:
            core.add_label_map(label_map)
        if task.sensor == RADAR and self.with_lidar:
            core.label(task.lidar, cloud_of(task.observation, task.lidar))
        return Prepared(core, task)

    def _config(self, task: Task) -> Config:
        cameras = [label_map.camera for label_map in task.label_maps]
        parameters: dict[str, Any] = {"cameras": cameras, "transforms.fixed_frame": _ODOM}
        for camera in cameras:
            parameters[f"camera.{camera}.image_topic"] = f"/{camera}/image"
            parameters[f"camera.{camera}.readout_s"] = task.observation.drive.readout_s
        sensors = {task.sensor, task.lidar}
        parameters["lidars"] = sorted(sensors - {RADAR})
        parameters["radars"] = sorted(sensors & {RADAR})
        for sensor in sensors:
            kind = "radar" if sensor == RADAR else "lidar"
            parameters[f"{kind}.{sensor}.topic"] = f"/{sensor}/points"
        for key, value in self.changed.items():
            group, _, name = key.partition(".")
            keys = [f"camera.{camera}.{name}" for camera in cameras] if group == "camera" else [key]
            parameters.update(dict.fromkeys(keys, value))
        return Config.from_parameters(parameters)


@dataclass(frozen=True)
class Prepared:
    """The core, ready to label."""

    core: Perception
    task: Task

    def label(self) -> PointLabels:
        """What is done for each cloud."""
        semantic = self.core.label(self.task.sensor, self.task.cloud)
        return PointLabels(semantic.labels, semantic.confidence)


@dataclass(frozen=True)
class OneByOne:
    """Our transfer from each camera alone; the last one that says something counts."""

    name: str

    def prepare(self, task: Task) -> _Cameras:
        """One core for each camera."""
        alone = [
            Task(task.observation, task.sensor, (one,), T[None], task.unknown_id, task.lidar)
            for one, T in zip(task.label_maps, task.T_base_camera, strict=True)
        ]
        return _Cameras([CoreTransfer(self.name).prepare(one) for one in alone], task.unknown_id)


@dataclass(frozen=True)
class _Cameras:
    prepared: list[Prepared]
    unknown_id: int

    def label(self) -> PointLabels:
        labels, confidence = None, None
        for one in self.prepared:
            predicted = one.label()
            if labels is None or confidence is None:
                labels, confidence = predicted.labels.copy(), predicted.confidence.copy()
                continue
            labelled = predicted.labels != self.unknown_id
            labels[labelled], confidence[labelled] = (
                predicted.labels[labelled],
                predicted.confidence[labelled],
            )
        if labels is None or confidence is None:
            msg = "expected at least one camera"
            raise ValueError(msg)
        return PointLabels(labels, confidence)


def _transforms(task: Task) -> TransformTree:
    """What /tf and /tf_static say: the true drive at 50 Hz, the extrinsics as given."""
    tree = TransformTree()
    for after_s, T in zip(task.observation.tf_s, task.observation.T_odom_base, strict=True):
        tree.set_timed(_ODOM, _BASE, STAMP_NS + round(after_s * NANOSECONDS), T)
    for label_map, T in zip(task.label_maps, task.T_base_camera, strict=True):
        tree.set_static(_BASE, label_map.frame_id, T)
    for sensor in {task.sensor, task.lidar}:
        tree.set_static(_BASE, sensor, np.asarray(mount_of(sensor)))
    return tree
