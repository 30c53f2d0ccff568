"""Labels for points that no camera sees now: what was seen of their places before.

A remembered label is never a seen one: it has a status of its own, no camera as its source, and
never votes in the map again. What moves is never remembered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import Config
from seg_perception.core.errors import TransformError
from seg_perception.core.issue_kinds.places import MEMORY_CLEARED, NO_MEMORY, NOT_REMEMBERED
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.ontology import Ontology
from seg_perception.core.resources import expanded
from seg_perception.core.types import PointStatus, SemanticCloud
from seg_perception.fusion.saved_voxels import SavedVoxels
from seg_perception.pipeline.ego_motion import EgoMotion
from seg_perception.pipeline.localization_watch import LocalizationWatch
from seg_perception.pipeline.saved_memory import SavedMemory
from seg_perception.pipeline.scan import Scan
from seg_perception.pipeline.semantic_mapper import SemanticMapper, check_saved

GROUPING = "movable"
_STAYS, _MOVES = "static", "movable"
# Points that a camera was asked about, saw, and gave no label to are left alone, as are those
# that are at no place, and the robot's own.
_UNSEEN = (
    PointStatus.OCCLUDED,
    PointStatus.OUT_OF_VIEW,
    PointStatus.NO_LABEL_MAP,
    PointStatus.NO_TRANSFORM,
    PointStatus.NO_CALIBRATION,
    PointStatus.NO_CONVENTION,
)
# Voxels that are looked through in a scan, all of them by turns: what bounds the cost.
_CLEARED_AT_ONCE = 20_000
_IS_UNSEEN = np.isin(np.arange(256), _UNSEEN)
_IS_NO_RETURN = np.isin(np.arange(256), (PointStatus.INVALID, PointStatus.SELF))


class LabelMemory:
    """Asks a voxel map about the points of lidar scans, before the scan itself enters it.

    Attributes:
        mapper: fills the map that is asked.
        is_own: nobody else fills it.
    """

    def __init__(
        self,
        config: Config,
        ontology: Ontology,
        motion: EgoMotion,
        issues: IssueLog,
        shared: SemanticMapper | None,
        on_jump: Callable[[], None],
    ) -> None:
        """Take the configuration's own map, if all classes enter it; else keep another one.

        Args:
            config: of map and memory.
            ontology: of the labels.
            motion: where the sensors are.
            issues: told of scans that can't be placed.
            shared: the configuration's own map.
            on_jump: called when the robot's place in the map's frame jumps.

        Raises:
            ConfigError: no frame to map in, classes that the ontology does not have, or a saved
                map that can't be taken.
        """
        # A class that is left out would leave its places to the labels at its edges.
        whole = config.map.model_copy(update={"excluded_classes": []})
        self.is_own = shared is None or bool(config.map.excluded_classes)
        self.mapper = (
            SemanticMapper(config, whole, ontology, motion, issues)
            if shared is None or self.is_own
            else shared
        )
        self._watches = {name: LocalizationWatch() for name in config.surface_sensors}
        self._odometry_frame = config.transforms.fixed_frame
        self._min_confidence = np.float32(max(config.memory.min_confidence, 1e-6))
        self._clears = config.memory.clear_rays
        self._stays = staying_classes(ontology)
        self._saved = self._load(config, ontology, issues)
        self._motion = motion
        self._issues = issues
        self._on_jump = on_jump

    def recall(
        self, scan: Scan, xyz: NDArray[np.float32], semantic: SemanticCloud
    ) -> SemanticCloud:
        """The cloud with remembered labels where no camera saw a point.

        Args:
            scan: where it comes from.
            xyz: float32 (N, 3), metre, its points as if measured at its stamp, sensor frame.
            semantic: what cameras said of it.
        """
        if scan.sensor not in self._watches:
            return semantic
        try:
            T_map_sensor = self._motion.T_frame_scan(self.mapper.frame, scan)
        except TransformError as error:
            self._issues.add(NOT_REMEMBERED, "memory", error=error)
            return semantic
        self._forget_after_jump(scan, T_map_sensor)
        if self._saved is not None:
            self._saved.compare(xyz, semantic, T_map_sensor)
        if self._clears:
            returned = xyz[~_IS_NO_RETURN.take(semantic.status)]
            self.mapper.map.clear_rays(returned, T_map_sensor, _CLEARED_AT_ONCE)
        unseen = np.flatnonzero(_IS_UNSEEN.take(semantic.status))
        labels, confidence = self._look_up(xyz.take(unseen, axis=0), T_map_sensor)
        known = np.flatnonzero((confidence >= self._min_confidence) & self._stays.take(labels))
        return _with_labels(
            semantic, unseen.take(known), labels.take(known), confidence.take(known)
        )

    def clear(self) -> None:
        """Forget what was seen of places, and where the robot was."""
        self.mapper.clear()
        self._watches = {name: LocalizationWatch() for name in self._watches}
        if self._saved is not None:
            self._saved.forget()

    def _look_up(
        self, xyz: NDArray[np.float32], T_map_sensor: NDArray[np.float64]
    ) -> tuple[NDArray[Any], NDArray[np.float32]]:
        """What was seen of places; where nothing was, what a saved map says."""
        labels, confidence = self.mapper.map.look_up(xyz, T_map_sensor)
        if self._saved is None or not self._saved.is_trusted:
            return labels, confidence
        new = np.flatnonzero(confidence == 0)
        labels[new], confidence[new] = self._saved.look_up(xyz.take(new, axis=0), T_map_sensor)
        return labels, confidence

    def _load(self, config: Config, ontology: Ontology, issues: IssueLog) -> SavedMemory | None:
        if not config.map.load:
            return None
        check_saved(config)
        saved = SavedVoxels.load(expanded(config.map.load), ontology, config.map.voxel_m)
        return SavedMemory(saved, self._stays, self._min_confidence, issues)

    def _forget_after_jump(self, scan: Scan, T_map_sensor: NDArray[np.float64]) -> None:
        """What was seen before a jump lies in the wrong place now; a saved map does not."""
        if self._watches[scan.sensor].jumps(scan.time_ns, T_map_sensor, self._by_odometry(scan)):
            self.clear()
            self._on_jump()
            self._issues.add(MEMORY_CLEARED, "memory", frame=self.mapper.frame)

    def _by_odometry(self, scan: Scan) -> NDArray[np.float64] | None:
        if self._odometry_frame in ("", self.mapper.frame):
            return None
        try:
            return self._motion.T_frame_scan(self._odometry_frame, scan)
        except TransformError:
            return None


def staying_classes(ontology: Ontology) -> NDArray[np.bool_]:
    """Whether a class stays where it is, bool (256 or 65536,) by its id.

    Classes of which the grouping says nothing do not.
    """
    return _in_group(ontology, _STAYS)


def moving_classes(ontology: Ontology) -> NDArray[np.bool_]:
    """Whether a class moves by itself, bool (256 or 65536,) by its id."""
    return _in_group(ontology, _MOVES)


def tells_what_moves(ontology: Ontology) -> bool:
    """Whether a grouping says which classes stay and which move."""
    return {_STAYS, _MOVES} <= {group.name for group in ontology.groupings.get(GROUPING, ())}


def make_memory(
    config: Config,
    ontology: Ontology,
    motion: EgoMotion,
    issues: IssueLog,
    shared: SemanticMapper | None,
    on_jump: Callable[[], None],
) -> LabelMemory | None:
    """The memory that a configuration asks for; None where it asks for none, or can't have one.

    Raises:
        ConfigError: no frame to map in, or a saved map that can't be taken.
    """
    if not config.memory.enabled:
        return None
    if not tells_what_moves(ontology):
        issues.hold(NO_MEMORY, "memory", ontology=ontology.name, grouping=GROUPING)
        return None
    return LabelMemory(config, ontology, motion, issues, shared, on_jump)


def _in_group(ontology: Ontology, name: str) -> NDArray[np.bool_]:
    """Whether a class is in a group of the grouping, bool (256 or 65536,) by its id."""
    found = np.zeros(ontology.unknown_id + 1, np.bool_)
    for group in ontology.groupings.get(GROUPING, ()):
        if group.name == name:
            found[[ontology.ids[member] for member in group.classes]] = True
    return found


def _with_labels(
    semantic: SemanticCloud,
    points: NDArray[np.intp],
    labels: NDArray[np.uint8] | NDArray[np.uint16],
    confidence: NDArray[np.float32],
) -> SemanticCloud:
    """The cloud with labels (M,) and confidences (M,) for the points (M,)."""
    if not len(points):
        return semantic
    every, sure, status = (
        values.copy() for values in (semantic.labels, semantic.confidence, semantic.status)
    )
    every[points], sure[points] = labels, confidence
    status[points] = PointStatus.REMEMBERED
    return replace(semantic, labels=every, confidence=sure, status=status)
