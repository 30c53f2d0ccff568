"""Labelled scans into a voxel map: which points enter, and where they lie in its frame."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import Config, MapConfig
from seg_perception.core.errors import ConfigError, TransformError
from seg_perception.core.issue_kinds.places import NOT_MAPPED
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import PointStatus, SemanticCloud
from seg_perception.fusion.doppler import MOVING
from seg_perception.fusion.voxel_changes import MapChanges
from seg_perception.fusion.voxel_map import VoxelMap
from seg_perception.fusion.voxels import Voxels
from seg_perception.pipeline.ego_motion import EgoMotion
from seg_perception.pipeline.scan import Scan


class SemanticMapper:
    """Fills one voxel map.

    Only points with a label enter: hidden, uncertain and unknown ones do not, nor do those of
    classes that are left out, nor radar returns that move.

    Attributes:
        frame: the map's frame.
        map: the voxels.
        left_out: number of scans that could not be placed; the log of issues says why.
    """

    def __init__(
        self,
        config: Config,
        chosen: MapConfig,
        ontology: Ontology,
        motion: EgoMotion,
        issues: IssueLog,
    ) -> None:
        """Start with an empty map.

        Args:
            config: sensors and the fixed frame.
            chosen: how the map is made; need not be the configuration's own.
            ontology: of the labels.
            motion: where the sensors are.
            issues: told of scans that can't be placed.

        Raises:
            ConfigError: no frame to map in, or classes that the ontology does not have.
        """
        self.frame = map_frame(config, chosen)
        self.map = VoxelMap(chosen, ontology.id_count)
        self.left_out = 0
        self._min_confidence = np.float32(chosen.min_confidence)
        self._min_scans = chosen.min_scans
        self._sensors = frozenset(chosen.sensors or config.surface_sensors)
        self._enters = _entering(ontology, chosen)
        self._motion = motion
        self._issues = issues

    def add(self, scan: Scan, xyz: NDArray[np.float32], semantic: SemanticCloud) -> None:
        """Enter what is known of a scan.

        Args:
            scan: where it comes from.
            xyz: float32 (N, 3), metre, its points as if measured at its stamp, sensor frame.
            semantic: their labels.
        """
        if scan.sensor not in self._sensors:
            return
        try:
            T_map_sensor = self._motion.T_frame_scan(self.frame, scan)
        except TransformError as error:
            self.left_out += 1
            self._issues.add(NOT_MAPPED, "map", error=error)
            return
        chosen = self._choose(semantic)
        points = xyz[chosen].astype(np.float64) @ T_map_sensor[:3, :3].T
        points += T_map_sensor[:3, 3]
        labels, confidence = semantic.labels[chosen], semantic.confidence[chosen]
        self.map.add(points, labels, confidence, T_map_sensor[:3, 3], scan.time_ns)

    def voxels(self) -> Voxels:
        """The voxels that enough scans met."""
        voxels = self.map.voxels()
        return voxels.only(voxels.counts >= self._min_scans)

    def changes(self, most: int, *, everything: bool = False) -> MapChanges:
        """What became of them since this was asked before: `VoxelMap.changes`."""
        changes = self.map.changes(most, everything=everything)
        met = changes.voxels.only(changes.voxels.counts >= self._min_scans)
        return replace(changes, voxels=met)

    def clear(self) -> None:
        """Forget the map."""
        self.map.clear()

    def _choose(self, semantic: SemanticCloud) -> NDArray[np.intp]:
        chosen = semantic.status == PointStatus.LABELLED
        chosen &= self._enters.take(semantic.labels)
        chosen &= semantic.confidence >= self._min_confidence
        if semantic.moving is not None:
            chosen &= semantic.moving != MOVING
        return np.flatnonzero(chosen)


def check_map(config: Config, ontology: Ontology) -> None:
    """Refuse a map, or a memory of labels, that is wanted and can't be made.

    Raises:
        ConfigError: no frame to map in, or classes that the ontology does not have.
    """
    if config.map.load:
        check_saved(config)
    if config.map.enabled or config.memory.enabled:
        map_frame(config, config.map)
        _entering(ontology, config.map)


def check_saved(config: Config) -> None:
    """Refuse a saved map in a frame in which its places need not be the same.

    Raises:
        ConfigError: nothing remembers it, or its frame is not declared to be global, or begins anew
            at each start, as those of odometry do.
    """
    frame = config.map.frame
    if not config.memory.enabled:
        msg = "map.load is for remembered labels: set memory.enabled: true too"
        raise ConfigError(msg)
    if not config.map.localized or not frame:
        msg = (
            "map.load: a saved map is right in one frame only; set map.frame to a global one in "
            "which the robot is localised, and say so by map.localized: true"
        )
        raise ConfigError(msg)
    if "odom" in frame.lower() or (
        config.transforms.odometry_topic and frame == (config.transforms.fixed_frame)
    ):
        msg = (
            f"map.load: expected a global frame, got {frame!r}, an odometry's, which begins anew "
            "at each start, so that labels would lie wrong; set map.frame to the localisation's"
        )
        raise ConfigError(msg)


def map_frame(config: Config, chosen: MapConfig) -> str:
    """The frame of a map.

    Raises:
        ConfigError: none is named.
    """
    frame = chosen.frame or config.transforms.fixed_frame
    if not frame:
        msg = (
            "a map or memory needs a frame that rests: set map.frame, or transforms.fixed_frame, "
            "to one of the recording's frames, for instance odom"
        )
        raise ConfigError(msg)
    return frame


def _entering(ontology: Ontology, chosen: MapConfig) -> NDArray[np.bool_]:
    """Whether a class enters, bool (256 or 65536,) by its id."""
    if unknown := sorted(set(chosen.excluded_classes) - set(ontology.ids)):
        msg = (
            f"map.excluded_classes names {unknown}: expected classes of ontology {ontology.name}, "
            f"{sorted(ontology.ids)}"
        )
        raise ConfigError(msg)
    enters = np.zeros(ontology.unknown_id + 1, np.bool_)
    enters[list(ontology.names)] = True
    enters[[ontology.ids[name] for name in chosen.excluded_classes]] = False
    return enters
