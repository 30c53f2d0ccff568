"""A drive as its scans and pictures saw it: the map of what they say, and where cameras were."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.active_learning.summary import file_name
from seg_perception.config import Config, MapConfig
from seg_perception.core.errors import CalibrationError, ConventionError, TransformError
from seg_perception.core.issue_kinds.labels import VOXELS_GONE
from seg_perception.core.issue_kinds.places import NOT_MAPPED
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.message_accounting import stream
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import NANOSECONDS, CameraFrame, LabelMap, SemanticCloud
from seg_perception.fusion.view import PreparedLabelMap, View
from seg_perception.geometry.camera import CameraModel
from seg_perception.open_vocabulary.geometry.agreement import Agreement
from seg_perception.pipeline.ego_motion import EgoMotion
from seg_perception.pipeline.label_memory import moving_classes
from seg_perception.pipeline.scan import Scan
from seg_perception.pipeline.semantic_mapper import SemanticMapper
from seg_perception.replay.sink import WatchingSink

# Transforms are recorded at most so long after what they are of.
_LATE_NS = 2 * NANOSECONDS
_NO_SCAN = "no labelled scan came after it, by which it could be placed"


@dataclass(frozen=True, eq=False)
class Place:
    """From where a picture was taken, and what moves in it.

    Attributes:
        view: of points in the map's frame.
        moving: bool (H, W) as packed bits, compressed: where the model sees what moves.
    """

    view: View
    moving: bytes

    def is_moving(self) -> NDArray[np.bool_]:
        """Where the model sees what moves, bool (H, W)."""
        width, height = self.view.size
        bits = np.frombuffer(zlib.decompress(self.moving), np.uint8)
        return np.unpackbits(bits, count=width * height).reshape(height, width).astype(np.bool_)


class DriveSink(WatchingSink):
    """A replay's sink that keeps the map of a whole drive and the place of every picture.

    Attributes:
        mapper: the map; `follow` makes it.
        places: by the name of a picture's files; why it is not known, where it is not.
        views: scans that voted.
        issues: what was amiss with scans and with the map.
    """

    def __init__(self, config: Config, ontology: Ontology, wishes: Agreement) -> None:
        """Start before the first message; `follow` is called before anything is written."""
        self.places: dict[str, Place | str] = {}
        self.views = 0
        self.issues = IssueLog()
        self._config, self._ontology, self._wishes = config, ontology, wishes
        self._moves = moving_classes(ontology)
        self._waiting: list[_Waiting] = []
        self._stood: dict[str, NDArray[np.float64]] = {}

    def follow(self, motion: EgoMotion) -> None:
        """Take what says where the robot was.

        Raises:
            ConfigError: there is no frame to map in.
        """
        whole = MapConfig(
            frame=self._config.map.frame,
            voxel_m=self._wishes.voxel_m,
            window_m=0,
            max_voxels=self._config.map.max_voxels,
            half_life_scans=100_000,
        )
        self.motion = motion
        self.mapper = SemanticMapper(self._config, whole, self._ontology, motion, self.issues)

    def write_label_map(self, label_map: LabelMap, frame: CameraFrame, now_ns: int) -> None:
        """Let a picture wait for a scan, which says where it was taken."""
        del frame, now_ns
        if label_map.calibration is None:
            name = file_name(label_map.camera, label_map.stamp_ns)
            self.places[name] = "no camera_info came"
            return
        moving = zlib.compress(np.packbits(self._moves.take(label_map.labels)).tobytes(), 1)
        height, width = label_map.labels.shape
        nothing = np.broadcast_to(np.uint8(0), (height, width))
        bare = LabelMap(
            label_map.camera,
            nothing,
            nothing,
            label_map.stamp_ns,
            label_map.frame_id,
            label_map.calibration,
        )
        self.places[file_name(label_map.camera, label_map.stamp_ns)] = _NO_SCAN
        self._waiting.append(_Waiting(bare, moving))

    def write_cloud(self, semantic: SemanticCloud, now_ns: int) -> None:
        """Let a scan vote, if the lidar went on since the last one, and place pictures by it."""
        del now_ns
        if semantic.sensor not in self._config.lidars:
            return
        scan = self.motion.scan(semantic.sensor, semantic.cloud)
        try:
            T_map_scan = self.motion.T_frame_scan(self.mapper.frame, scan)
            if self._went_on(scan, T_map_scan):
                self.mapper.add(scan, self.motion.points_at_stamp(scan), semantic)
                self.views += 1
        except TransformError as error:
            self.issues.add(NOT_MAPPED, stream("lidar", semantic.sensor), error=error)
            return
        self._waiting = [
            waiting
            for waiting in self._waiting
            if not self._placed(waiting, scan, T_map_scan)
            and scan.time_ns - waiting.label_map.stamp_ns <= _LATE_NS
        ]

    def finish(self) -> None:
        """Say what the map gave up, after the last message."""
        if count := self.mapper.map.count.given_up:
            self.issues.add(VOXELS_GONE, "map", count=count)

    def _went_on(self, scan: Scan, T_map_scan: NDArray[np.float64]) -> bool:
        """Whether it is another view: a robot that rests says the same again and again."""
        here, before = T_map_scan[:3, 3], self._stood.get(scan.sensor)
        if before is not None and np.linalg.norm(here - before) < self._wishes.apart_m:
            return False
        self._stood[scan.sensor] = here
        return True

    def _placed(self, waiting: _Waiting, scan: Scan, T_map_scan: NDArray[np.float64]) -> bool:
        label_map = waiting.label_map
        name = file_name(label_map.camera, label_map.stamp_ns)
        if label_map.calibration is None:
            return False
        rectified = self._config.cameras[label_map.camera].rectified
        try:
            lens = CameraModel.from_calibration(label_map.calibration, rectified=rectified)
            T_camera_cloud = self.motion.T_camera_cloud(label_map, scan)
            shutter = self.motion.shutter(label_map, scan)
            view = View(PreparedLabelMap(label_map), lens, T_camera_cloud, shutter=shutter)
        except (CalibrationError, ConventionError, TransformError) as error:
            self.places[name] = str(error)
            return False
        T_scan_map = np.asarray(np.linalg.inv(T_map_scan), np.float64)
        self.places[name] = Place(view.of_points_in(T_scan_map), waiting.moving)
        return True


@dataclass(frozen=True, eq=False)
class _Waiting:
    """A picture whose place is not known yet; its pixels are gone."""

    label_map: LabelMap
    moving: bytes
