"""The voxels of a map that was saved: what was known of places before this start.

They are kept apart from what is seen since: they never vote, and a planner's costmap, which is made
of what was seen, does not have them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import ConfigError
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import label_dtype
from seg_perception.fusion.voxel_table import KeyTable, VoxelGrid
from seg_perception.io.class_comments import classes_of
from seg_perception.io.point_file_reader import read_points

# Of a voxel: how far float32 may put its middle off.
_OFF_MIDDLE = 0.05


class SavedVoxels:
    """Labels and confidences by place; never changed."""

    def __init__(
        self,
        xyz: NDArray[np.float64],
        labels: NDArray[Any],
        confidence: NDArray[np.float32],
        voxel_m: float,
    ) -> None:
        """Take voxels.

        Args:
            xyz: float64 (N, 3), metre, their middles in the map's frame.
            labels: (N,), class ids.
            confidence: float32 (N,), expected share of that class.
            voxel_m: edge of a voxel.
        """
        around = xyz.mean(axis=0) if len(xyz) else np.zeros(3)
        self._grid = VoxelGrid(voxel_m, around)
        keys, reachable = self._grid.keys(xyz)
        self._table = KeyTable(max(len(keys), 1))
        rows = self._table.rows(keys[reachable])
        self._labels = np.zeros(max(len(self._table), 1), labels.dtype)
        self._confidence = np.zeros(len(self._labels), np.float32)
        self._labels[rows] = labels[reachable]
        self._confidence[rows] = confidence[reachable]

    def __len__(self) -> int:
        """Count the voxels."""
        return len(self._table)

    @classmethod
    def load(cls, path: Path, ontology: Ontology, voxel_m: float) -> SavedVoxels:
        """Read a map that `seg-perception replay --map` wrote.

        Raises:
            ConfigError: the file can't be read, is no such map, or is one of other classes or of
                another size of voxels.
        """
        if not path.is_file():
            msg = f"map.load: expected a map file, got {str(path)!r}, which is none; check the path"
            raise ConfigError(msg)
        found = read_points(path)
        labels = found.labels
        if labels is None or "confidence" not in (found.points.dtype.names or ()):
            msg = (
                f"map.load: expected a map with labels and confidence, {path} has the fields "
                f"{list(found.points.dtype.names or ())}; write one by replay --map"
            )
            raise ConfigError(msg)
        _check_classes(classes_of(found.comments, str(path)), ontology, path)
        xyz = np.stack([found.points[name].astype(np.float64) for name in "xyz"], axis=1)
        _check_size(xyz, voxel_m, path)
        confidence = found.points["confidence"].astype(np.float32)
        return cls(xyz, labels.astype(label_dtype(ontology.id_count)), confidence, voxel_m)

    def look_up(
        self, xyz: NDArray[np.float32], T_map_sensor: NDArray[np.float64]
    ) -> tuple[NDArray[Any], NDArray[np.float32]]:
        """What is known of the places of points; as `VoxelMap.look_up`."""
        keys, near = self._grid.keys_from(xyz, T_map_sensor)
        rows = self._table.find(keys)
        near &= rows >= 0
        np.maximum(rows, 0, out=rows)
        return self._labels.take(rows), self._confidence.take(rows) * near


def _check_classes(saved: Ontology | None, ontology: Ontology, path: Path) -> None:
    if saved is None or dict(saved.names) != dict(ontology.names):
        found = "names none" if saved is None else f"has those of {saved.name}"
        msg = (
            f"map.load: expected a map of the model's classes, those of {ontology.name}; {path} "
            f"{found}; write one with this model"
        )
        raise ConfigError(msg)


def _check_size(xyz: NDArray[np.float64], voxel_m: float, path: Path) -> None:
    off = np.abs(xyz / voxel_m - np.floor(xyz / voxel_m) - 0.5)
    if len(xyz) and np.quantile(off, 0.99) > _OFF_MIDDLE:
        msg = (
            f"map.load: expected voxels of {voxel_m:g} m, those of {path} have another size; set "
            "map.voxel_m to theirs"
        )
        raise ConfigError(msg)
