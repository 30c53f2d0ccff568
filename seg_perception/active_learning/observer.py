"""Watches a replay and remembers the frames that may be worth labelling."""

from __future__ import annotations

import math
from itertools import combinations

from seg_perception.active_learning.candidate import (
    Candidate,
    class_shares,
    mean_doubt,
    thumbnail,
    unfamiliarity,
)
from seg_perception.active_learning.candidate_buffer import CandidateBuffer
from seg_perception.active_learning.class_frequency import ClassFrequency
from seg_perception.active_learning.config import MiningConfig
from seg_perception.active_learning.frame_track import FrameTrack, TrackedFrame
from seg_perception.active_learning.temporal_consistency import SmallLabels, temporal_disagreement
from seg_perception.active_learning.view_agreement import compare_views
from seg_perception.config import Config
from seg_perception.core.errors import CalibrationError, TransformError
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import NANOSECONDS, CameraFrame, LabelMap, SemanticCloud
from seg_perception.fusion.label_transfer import PreparedLabelMap, Transfer, View, transfer_labels
from seg_perception.geometry.camera import CameraModel
from seg_perception.pipeline.ego_motion import EgoMotion
from seg_perception.pipeline.scan import Scan
from seg_perception.replay.sink import WatchingSink


class Observer(WatchingSink):
    """A replay's sink that keeps candidates instead of messages.

    Attributes:
        frequency: of all frames.
        buffer: of those that may be chosen.
        compared: by how many clouds label maps were compared.
    """

    def __init__(self, config: Config, mining: MiningConfig, ontology: Ontology) -> None:
        """Start before the first frame; `follow` is called before anything is written."""
        self.frequency = ClassFrequency(len(ontology.classes), mining.min_class_share)
        self.buffer = CandidateBuffer(len(ontology.classes), mining.seed)
        self.compared = 0
        self._config, self._mining, self._ontology = config, mining, ontology
        self._tracks = {camera: FrameTrack() for camera in config.cameras}
        self._count = 0
        self._motion: EgoMotion | None = None

    def follow(self, motion: EgoMotion) -> None:
        """Take what points are moved between pictures by."""
        self._motion = motion

    def write_label_map(self, label_map: LabelMap, frame: CameraFrame, now_ns: int) -> None:
        """Measure a frame, and compare it with the one before."""
        del now_ns
        track = self._tracks[label_map.camera]
        seen = self._measure(label_map, frame)
        before = track.last
        if before is not None and self._are_neighbours(before, seen):
            seen.follows = True
            seen.by_pixels = temporal_disagreement(before.small, seen.small, self._mining.shift)
        if before is not None and seen.time_ns < before.time_ns:
            self._keep_all(track)  # the clock jumped back
        self._keep(track.add(seen))

    def write_cloud(self, semantic: SemanticCloud, now_ns: int) -> None:
        """Ask the pictures around a scan what they say of its points."""
        del now_ns
        if self._motion is None:
            return
        scan = self._motion.scan(semantic.sensor, semantic.cloud)
        asked = [(seen, self._labels(seen, scan)) for seen in self._frames_around(scan)]
        answered = [(seen, transfer) for seen, transfer in asked if transfer is not None]
        self.compared += len(answered) > 1
        for (one, first), (other, second) in combinations(answered, 2):
            self._note(one, other, first, second)

    def finish(self) -> None:
        """Complete the frames that waited for neighbours."""
        for track in self._tracks.values():
            self._keep_all(track)

    def add(self, candidate: Candidate) -> None:
        """Keep a candidate that is complete."""
        self.frequency.add(candidate)
        self.buffer.add(candidate)

    def _measure(self, label_map: LabelMap, frame: CameraFrame) -> TrackedFrame:
        candidate = Candidate(
            index=self._count,
            camera=label_map.camera,
            stamp_ns=label_map.stamp_ns,
            uncertainty=mean_doubt(label_map),
            disagreement=math.nan,
            shares=class_shares(label_map, self._ontology),
            thumbnail=thumbnail(frame),
            unfamiliarity=unfamiliarity(label_map),
        )
        self._count += 1
        motion = self._motion
        time_ns = label_map.stamp_ns if motion is None else motion.image_time_ns(label_map)
        small = SmallLabels(label_map, self._ontology.unknown_id)
        return TrackedFrame(candidate, time_ns, PreparedLabelMap(label_map), small)

    def _are_neighbours(self, before: TrackedFrame, seen: TrackedFrame) -> bool:
        gap_ns = seen.time_ns - before.time_ns
        return 0 < gap_ns <= self._mining.max_neighbour_s * NANOSECONDS

    def _frames_around(self, scan: Scan) -> list[TrackedFrame]:
        """Of every camera the two frames around the scan."""
        reach_ns = self._mining.max_neighbour_s * NANOSECONDS
        found = [seen for track in self._tracks.values() for seen in track.around(scan.time_ns)]
        return [seen for seen in found if abs(seen.time_ns - scan.time_ns) <= reach_ns]

    def _labels(self, seen: TrackedFrame, scan: Scan) -> Transfer | None:
        """The labels that one picture gives to a scan; None without lens or transform."""
        label_map = seen.prepared.label_map
        if self._motion is None or label_map.calibration is None:
            return None
        rectified = self._config.cameras[label_map.camera].rectified
        try:
            lens = CameraModel.from_calibration(label_map.calibration, rectified=rectified)
            view = View(seen.prepared, lens, self._motion.T_camera_cloud(label_map, scan))
            xyz = self._motion.points_at_stamp(scan)
        except (CalibrationError, TransformError):
            return None
        return transfer_labels(xyz, [view], self._config.transfer, self._ontology.unknown_id)

    def _note(
        self, one: TrackedFrame, other: TrackedFrame, first: Transfer, second: Transfer
    ) -> None:
        evidence = compare_views(first, second, self._ontology.unknown_id)
        if one.candidate.camera == other.candidate.camera:
            later = max(one, other, key=lambda seen: seen.time_ns)
            later.by_points += evidence
        else:
            one.other_cameras += evidence
            other.other_cameras += evidence

    def _keep(self, candidate: Candidate | None) -> None:
        if candidate is not None:
            self.add(candidate)

    def _keep_all(self, track: FrameTrack) -> None:
        for candidate in track.finish():
            self._keep(candidate)
