"""What a label can't be, given where its point lies: sky that returns a pulse, ground overhead.

Sky returns nothing, so a point under it is something else, or lies elsewhere in the picture.
Ground that rises from under the camera to a point rises at least as steeply as the line of sight:
a point above the horizon by more than ground rises is something else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import PlausibilityConfig
from seg_perception.core.errors import ConfigError
from seg_perception.core.ontology import Ontology
from seg_perception.fusion.projection import ProjectedPoints
from seg_perception.fusion.view import View

Labels = NDArray[np.uint8] | NDArray[np.uint16]


@dataclass(frozen=True, eq=False)
class Plausibility:
    """Tests labels against places.

    Attributes:
        sky, ground: bool (256 or 65536,), by class id: returns nothing; lies under the robot.
        sine: of the elevation up to which ground rises.
    """

    sky: NDArray[np.bool_]
    ground: NDArray[np.bool_]
    sine: float

    @classmethod
    def of(cls, config: PlausibilityConfig, ontology: Ontology) -> Plausibility:
        """By the groups of an ontology; one without the grouping is not tested.

        Raises:
            ConfigError: a group was named that the grouping does not have.
        """
        return cls(
            _members(config, "sky_groups", ontology),
            _members(config, "ground_groups", ontology),
            math.sin(math.radians(config.max_ground_elevation_deg)),
        )

    def is_sky(self, labels: Labels) -> NDArray[np.bool_]:
        """Which labels are of what returns nothing."""
        return self.sky.take(labels)

    def contradicts(
        self, labels: Labels, points: ProjectedPoints, xyz: NDArray[np.float32], view: View
    ) -> NDArray[np.bool_]:
        """Which labels can't be those of their points.

        Args:
            labels: (M,), class ids.
            points: M of the N points, in the view.
            xyz: float32 (N, 3), metre, the cloud's frame.
            view: of the camera.

        Returns:
            bool (M,).
        """
        found = self.is_sky(labels)
        if view.up is None:
            return found
        height_m = _heights(xyz, view, view.up)
        overhead = np.flatnonzero((height_m > 0).take(points.index) & self.ground.take(labels))
        if len(overhead):
            index = points.index[overhead]
            T = view.T_camera_cloud
            distance_m = np.linalg.norm(xyz[index] @ T[:3, :3].T + T[:3, 3], axis=1)
            found[overhead] |= height_m[index] > self.sine * distance_m
        return found


def _heights(
    xyz: NDArray[np.float32], view: View, up: NDArray[np.float64]
) -> NDArray[np.floating[Any]]:
    """How far points lie above the camera's centre, (N,), metre."""
    across, forward, along = (view.T_camera_cloud[:3, :3].T @ up).astype(np.float32)
    x, y, z = xyz.T
    with np.errstate(over="ignore", invalid="ignore"):
        height_m: NDArray[np.floating[Any]] = x * across
        height_m += y * forward
        height_m += z * along
        height_m += np.float32(view.T_camera_cloud[:3, 3] @ up)
    return height_m


def _members(config: PlausibilityConfig, field: str, ontology: Ontology) -> NDArray[np.bool_]:
    """By class id, whether it belongs to one of the groups that a parameter names."""
    named: Sequence[str] = getattr(config, field)
    members = np.zeros(ontology.unknown_id + 1, np.bool_)
    if config.grouping not in ontology.groupings:
        return members
    known = ontology.group_names(config.grouping)
    # A grouping of one's own need not have all groups that are meant by default.
    usual: Sequence[str] = PlausibilityConfig.model_fields[field].default
    if unknown := sorted({*named} - {*known} - {*usual}):
        msg = (
            f"plausibility.{field}: expected groups of {config.grouping} of the ontology "
            f"{ontology.name}, some of {list(known)}, got {unknown}"
        )
        raise ConfigError(msg)
    for group in ontology.groupings[config.grouping]:
        if group.name in named:
            members[[ontology.ids[name] for name in group.classes]] = True
    return members
