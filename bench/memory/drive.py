"""A recorded drive through the core that robots run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.memory.labels import Labeller
from bench.memory.odometry import TRUE, Odometry
from bench.memory.recording import AWAY_S, CAMERAS, STAMP_NS, Recording, Step
from bench.memory.scores import Score
from seg_perception.config import Config
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import NANOSECONDS, PointCloud, SemanticCloud
from seg_perception.geometry.transforms import TransformTree
from seg_perception.pipeline.perception import Perception
from seg_perception.simulation import rig
from seg_perception.simulation.rig import mounted_cameras

_ODOM, _BASE, _LIDAR = "odom", "base_link", "top"
# Two seconds and a half before each of these times count; the last one is the visit after a minute.
MOMENTS_S = (5.0, 10.0, 20.0, 30.0)
REVISIT = "60 s, the same way again"


@dataclass(frozen=True)
class Condition:
    """One line of the table.

    Attributes:
        cameras: how many, the front one first.
        odometry: where the robot believes to be.
        changed: parameters.
    """

    cameras: int = 1
    odometry: Odometry = TRUE
    changed: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Of the line."""
        cameras = "one camera" if self.cameras == 1 else f"{self.cameras} cameras"
        changes = "".join(f", {key}={value}" for key, value in self.changed.items())
        return f"{cameras}, {self.odometry.name}{changes}"


def drive(recording: Recording, labeller: Labeller, condition: Condition) -> dict[str, Score]:
    """Scores by moment of a drive."""
    groups = _blocking(labeller.ontology)
    scores = {name: Score() for name in (*map(_name, MOMENTS_S), REVISIT)}
    past = Score()
    for step, semantic in labelled(recording, labeller, condition):
        past.add(step, semantic, groups)
        if moment := _moment(step.time_s):
            scores[moment].add(step, semantic, groups)
            scores[moment].come_to(past)
    return scores


def labelled(
    recording: Recording, labeller: Labeller, condition: Condition
) -> Iterator[tuple[Step, SemanticCloud]]:
    """The steps of a drive, and what the core says of their scans."""
    core = Perception(
        _config(condition), labeller.ontology, _transforms(recording, condition.odometry)
    )
    for step in recording.steps():
        for camera in range(condition.cameras):
            core.add_label_map(labeller.label(recording, step, camera))
        cloud = PointCloud(step.points, step.stamp_ns, "lidar", is_dense=True)
        yield step, core.label(_LIDAR, cloud)


def _name(moment_s: float) -> str:
    return f"{moment_s:g} s"


def _moment(time_s: float) -> str:
    if time_s >= AWAY_S:
        return REVISIT
    found = [m for m in MOMENTS_S if m - 2.5 <= time_s + 1e-6 < m]
    return _name(found[0]) if found else ""


def _config(condition: Condition) -> Config:
    cameras = list(CAMERAS[: condition.cameras])
    parameters: dict[str, Any] = {
        "cameras": cameras,
        "lidars": [_LIDAR],
        "lidar.top.topic": "/points",
        "transforms.fixed_frame": _ODOM,
        "memory.enabled": True,
        **condition.changed,
    }
    for camera in cameras:
        parameters[f"camera.{camera}.image_topic"] = f"/{camera}/image"
        parameters[f"camera.{camera}.frame_convention"] = "optical"
    return Config.from_parameters(parameters)


def _transforms(recording: Recording, odometry: Odometry) -> TransformTree:
    tree = TransformTree(buffer_s=200.0)
    for time_s, T in zip(*odometry.poses(recording), strict=True):
        tree.set_timed(_ODOM, _BASE, STAMP_NS + round(time_s * NANOSECONDS), T)
    for name, mounted in zip(CAMERAS, mounted_cameras(recording.config), strict=True):
        tree.set_static(_BASE, f"{name}_optical", mounted.T_base_camera)
    tree.set_static(_BASE, "lidar", np.asarray(rig.T_BASE_LIDAR))
    return tree


def _blocking(ontology: Ontology) -> NDArray[np.uint8]:
    """By class id: 0 to drive over, 1 blocks the way, 2 neither."""
    table = np.full(256, 2, np.uint8)
    for group in ontology.groupings["traversability"]:
        value = {"drivable": 0, "rough": 0, "impassable": 1, "dynamic": 1}.get(group.name, 2)
        table[[ontology.ids[name] for name in group.classes]] = value
    return table
