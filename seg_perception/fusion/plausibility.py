"""What a label can't be, given where its point lies: sky that returns a pulse, ground overhead.

Sky returns nothing, so a point under it is something else, or lies elsewhere in the picture.
Ground that rises from under the camera to a point rises at least as steeply as the line of sight:
a point above the horizon by more than ground rises is something else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.config import PlausibilityConfig
from seg_perception.core.errors import ConfigError
from seg_perception.core.ontology import Ontology
from seg_perception.fusion.projection import ProjectedPoints
from seg_perception.fusion.view import View

_SKY, _GROUND = 1, 2
Labels = NDArray[np.uint8] | NDArray[np.uint16]


@dataclass(frozen=True, eq=False)
class Plausibility:
    """Tests labels against places.

    Attributes:
        kinds: uint8 (256 or 65536,), by class id: 1 returns nothing, 2 is ground, 0 else.
        sine: of the elevation up to which ground rises.
    """

    kinds: NDArray[np.uint8]
    sine: float

    @classmethod
    def of(cls, config: PlausibilityConfig, ontology: Ontology) -> Plausibility:
        """By the groups of an ontology; one without the grouping is not tested.

        Raises:
            ConfigError: a group was named that the grouping does not have.
        """
        kinds = np.zeros(ontology.unknown_id + 1, np.uint8)
        kinds[_members(config, "ground_groups", ontology)] = _GROUND
        kinds[_members(config, "sky_groups", ontology)] = _SKY
        return cls(kinds, math.sin(math.radians(config.max_ground_elevation_deg)))

    def is_sky(self, labels: Labels) -> NDArray[np.bool_]:
        """Which labels are of what returns nothing."""
        return np.asarray(self._kinds_of(labels) == _SKY)

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
        kinds = self._kinds_of(labels)
        found = np.asarray(kinds == _SKY)
        if view.up is not None:
            ground = np.flatnonzero(kinds == _GROUND)
            index = points.index.take(ground)
            found[ground] = self._is_overhead([axis.take(index) for axis in xyz.T], view, view.up)
        return found

    def _kinds_of(self, labels: Labels) -> NDArray[np.uint8]:
        # OpenCV's table of bytes is several times as fast; it has none for wider ids.
        if labels.dtype == np.uint8 and len(labels):
            return np.asarray(cv2.LUT(labels, self.kinds[:256]), np.uint8).reshape(-1)
        return self.kinds.take(labels)

    def _is_overhead(
        self, xyz: Sequence[NDArray[np.float32]], view: View, up: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        """Which points, three times float32 (K,), lie too high above the camera's horizon."""
        T = view.T_camera_cloud.astype(np.float32)
        height_m = _along(xyz, T[:3, :3].T @ up.astype(np.float32))
        height_m += T[:3, 3] @ up.astype(np.float32)
        overhead = height_m > 0
        if overhead.any():
            above = [axis[overhead] for axis in xyz]
            square = sum((_along(above, row[:3]) + row[3]) ** 2 for row in T[:3])
            overhead[overhead] = height_m[overhead] > self.sine * np.sqrt(square)
        return overhead


def _along(
    xyz: Sequence[NDArray[np.float32]], direction: NDArray[np.float32]
) -> NDArray[np.float32]:
    """How far points lie along a direction, float32 (K,)."""
    x, y, z = xyz
    found: NDArray[np.float32] = x * direction[0]
    found += y * direction[1]
    found += z * direction[2]
    return found


def _members(config: PlausibilityConfig, field: str, ontology: Ontology) -> list[int]:
    """Ids of the classes of the groups that a parameter names."""
    named: Sequence[str] = getattr(config, field)
    if config.grouping not in ontology.groupings:
        return []
    known = ontology.group_names(config.grouping)
    # A grouping of one's own need not have all groups that are meant by default.
    usual: Sequence[str] = PlausibilityConfig.model_fields[field].default
    if unknown := sorted({*named} - {*known} - {*usual}):
        msg = (
            f"plausibility.{field}: expected groups of {config.grouping} of the ontology "
            f"{ontology.name}, some of {list(known)}, got {unknown}"
        )
        raise ConfigError(msg)
    groups = ontology.groupings[config.grouping]
    return [ontology.ids[name] for group in groups if group.name in named for name in group.classes]
