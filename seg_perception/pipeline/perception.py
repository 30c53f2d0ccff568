"""The one object behind node, replay and evaluation: segment, synchronise, label."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import Config, MapConfig
from seg_perception.core.background_work import Work
from seg_perception.core.drop_reasons import CLOCK_JUMP, SHUTDOWN
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.label_ids import validate_label_ids
from seg_perception.core.message_accounting import MessageAccounting, MessageHandle, stream
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import (
    CameraFrame,
    DepthImage,
    LabelMap,
    PointCloud,
    SemanticCloud,
)
from seg_perception.fusion.label_transfer import PreparedLabelMap
from seg_perception.fusion.plausibility import Plausibility
from seg_perception.fusion.self_filter import SelfFilter
from seg_perception.geometry.transforms import TransformTree
from seg_perception.inference.segmenter import Segmenter
from seg_perception.pipeline.accounted import accounted
from seg_perception.pipeline.calibration_watch import CalibrationWatch, NoWatch, Watch
from seg_perception.pipeline.camera_correction import say_correction
from seg_perception.pipeline.cloud_labeller import CloudLabeller
from seg_perception.pipeline.degraded_view import DegradedView
from seg_perception.pipeline.depth_labeller import DepthLabeller
from seg_perception.pipeline.ego_motion import EgoMotion
from seg_perception.pipeline.frame_convention import FrameConventionDetector
from seg_perception.pipeline.label_memory import make_memory
from seg_perception.pipeline.lidar_labeller import LidarLabeller
from seg_perception.pipeline.look_ahead_labeller import LookAheadLabeller
from seg_perception.pipeline.map_entry import EntryAtOnce, MapEntry, MappedScan
from seg_perception.pipeline.radar_labeller import RadarLabeller
from seg_perception.pipeline.rate_limiter import RateLimiter
from seg_perception.pipeline.robot_pose import RobotPose
from seg_perception.pipeline.scan import DepthScan, Scan
from seg_perception.pipeline.scan_buffer import ScanBuffer, buffer_size
from seg_perception.pipeline.semantic_mapper import SemanticMapper
from seg_perception.pipeline.synchronizer import CloudQueue, LabelMapBuffer, QueuedCloud
from seg_perception.pipeline.view_selector import ViewSelector


@dataclass(frozen=True, eq=False)
class LabelledCloud:
    """A semantic cloud and the handle that its publisher closes."""

    semantic: SemanticCloud
    handle: MessageHandle


class Perception:
    """Label maps from images, labels for clouds from the label maps nearest in time.

    Images and clouds may come from different threads; `now_ns` is any clock that does
    not run backwards (message time in a replay, the ROS clock in a node).

    Attributes:
        config, ontology, transforms: as given.
        issues: what is amiss with the inputs.
        accounting: where every message went.
        rate_limiter: which messages are worked on at all.
        motion: when scans and images were measured, and from where.
        mappers: the maps that labelled clouds enter; one where `map.enabled`.
        map_entry: how they enter: at once, unless somebody puts a thread of its own here.
        calibration: watches over the cameras' places, where `watch_calibration` was called.
    """

    def __init__(
        self,
        config: Config,
        ontology: Ontology,
        transforms: TransformTree,
        issues: IssueLog | None = None,
    ) -> None:
        """Wire the stages; `transforms` is filled by the caller.

        Raises:
            ConfigError: a map is wanted and can't be made, a mask or box of the robot itself
                is wrong, or a group of classes that the ontology does not have is named.
        """
        self.config = config
        self.ontology = ontology
        self.transforms = transforms
        self.issues = issues or IssueLog()
        self.accounting = MessageAccounting()
        self.rate_limiter = RateLimiter(config)
        self.motion = EgoMotion(config, transforms, FrameConventionDetector(config, self.issues))
        self.mappers: list[SemanticMapper] = []
        self.map_entry: MapEntry = EntryAtOnce()
        self.calibration: Watch = NoWatch()
        self._self_filter = SelfFilter(config, ontology.unknown_id)
        self._label_maps: LabelMapBuffer[PreparedLabelMap] = LabelMapBuffer(
            config.cameras, config.synchronizer
        )
        self._clouds = CloudQueue(config.synchronizer)
        self._scans = ScanBuffer(self.motion, buffer_size(config))
        self._views = ViewSelector(config, self.motion, self._label_maps)
        self.degraded = DegradedView(
            config,
            ontology,
            self.issues,
            self.motion.has_moved,
            lambda: self.calibration.states,
        )
        self._robot_pose = RobotPose(config, self.motion, self.issues)
        self._plausibility = Plausibility.of(config.plausibility, ontology)
        self._lidar_labellers = self._make_lidar_labellers()
        self._labellers = {**self._lidar_labellers, **self._make_radar_labellers()}
        self._depth_sensors = config.depths
        self._depth_labellers = {name: self._depth_labeller(name) for name in config.depths}
        shared = self.add_map(config.map) if config.map.enabled else None
        self._memory = make_memory(
            config, ontology, self.motion, self.issues, shared, self._forget_entries
        )

    @property
    def filled_maps(self) -> list[SemanticMapper]:
        """All maps that are filled; that of the memory comes after those that others see."""
        own = self._memory is not None and self._memory.is_own
        return [*self.mappers, self._memory.mapper] if own and self._memory else self.mappers

    def segment(self, frame: CameraFrame, segmenter: Segmenter) -> LabelMap:
        """Segment an image and keep its labels for the clouds.

        Raises:
            CalibrationError: the image's size does not fit its calibration.
            EngineError: the engine failed.
        """
        generation = self.generation
        return self.take_segmented(segmenter.segment(frame), generation, frame)

    @property
    def generation(self) -> int:
        """How often everything timed was forgotten."""
        return self._label_maps.generation

    def expect_label_map(self, camera: str, stamp_ns: int, handle: MessageHandle) -> None:
        """An image came whose labels will follow, unless its handle is closed before.

        Clouds wait for those that are nearer in time than what there is, and for no others.
        """
        if stamp_ns:
            self._label_maps.coming.add(camera, self.motion.corrected_ns(camera, stamp_ns), handle)

    def take_segmented(self, segmented: LabelMap, generation: int, frame: CameraFrame) -> LabelMap:
        """Hide the robot itself, and keep the labels for the clouds.

        Args:
            segmented: by the network.
            generation: when the image came; what is of another is not kept.
            frame: the image.

        Returns:
            The labels to be looked at: as the network made them, without the robot itself.
        """
        label_map = self._without_robot(segmented, frame)
        self._keep(self._trusted(label_map), generation)
        return label_map

    def take_for_others(self, segmented: LabelMap, generation: int, frame: CameraFrame) -> LabelMap:
        """Take the same, where another process labels the clouds; what their points may have."""
        trusted = self._trusted(self._without_robot(segmented, frame))
        self._keep(trusted, generation)
        return trusted

    def add_label_map(self, label_map: LabelMap) -> None:
        """Keep a label map that `take_for_others` made in another process.

        Raises:
            ImageError: ids that the ontology does not have.
        """
        validate_label_ids(label_map, self.ontology)
        self._keep(self._trusted(label_map), self._label_maps.generation)

    def add_cloud(self, sensor: str, cloud: PointCloud, handle: MessageHandle, now_ns: int) -> None:
        """Queue a cloud until `collect` finds label maps and transforms for it."""
        self._clouds.put(QueuedCloud(self._scan(sensor, cloud), handle, now_ns))

    def add_depth(self, camera: str, depth: DepthImage, handle: MessageHandle, now_ns: int) -> None:
        """Queue a camera's depth image as `add_cloud` does a cloud."""
        scan = DepthScan.of(camera, depth, self._depth_sensors[camera].time_offset_s)
        self._clouds.put(QueuedCloud(scan, handle, now_ns))

    def collect(self, now_ns: int) -> list[LabelledCloud]:
        """Label the clouds that are ready, and those that waited for `max_wait_s`."""
        due = self._clouds.collect(now_ns, lambda queued: self._views.is_complete(queued.scan))
        labelled = []
        for queued in due:
            with accounted(queued.handle, self.issues):
                labelled.append(LabelledCloud(self._label(queued.scan), queued.handle))
        return labelled

    def label_next(self, sensors: Collection[str], now_ns: int) -> LabelledCloud | None:
        """Label the cloud whose turn it is; each sensor is asked for by one thread.

        None: every one may still get better labels. Where the thread is behind, clouds give way
        to newer ones of their sensor (`CloudQueue.take`).
        """

        def is_ready(queued: QueuedCloud) -> bool:
            return self._views.is_complete(queued.scan)

        labelled: LabelledCloud | None = None
        while labelled is None and (queued := self._clouds.take(sensors, now_ns, is_ready)):
            with accounted(queued.handle, self.issues):
                labelled = LabelledCloud(self._label(queued.scan), queued.handle)
        return labelled

    def look_ahead(self, sensors: Collection[str]) -> bool:
        """Take a step of the work on a cloud that still waits; whether there was one.

        For the thread of these sensors, while `label_next` has nothing for it.
        """
        return any(
            self._lidar_labellers[queued.scan.sensor].look_ahead(queued.scan)
            for queued in self._clouds.waiting(sensors)
            if queued.scan.sensor in self._lidar_labellers
        )

    def has_waiting(self, sensors: Collection[str]) -> bool:
        """Whether clouds of these sensors wait for labels."""
        return self._clouds.holds_any(sensors)

    def label(self, sensor: str, cloud: PointCloud) -> SemanticCloud:
        """Label a cloud at once with what is known now."""
        return self._label(self._scan(sensor, cloud))

    def label_depth(self, camera: str, depth: DepthImage) -> SemanticCloud:
        """Label a camera's depth image at once with what is known now."""
        return self._label(DepthScan.of(camera, depth, self._depth_sensors[camera].time_offset_s))

    def reconfigure(self, config: Config) -> None:
        """Work with other values of the live parameters from now on."""
        self.config = config
        self.rate_limiter.config = config
        self.motion.reconfigure(config)
        self.calibration.reconfigure(config)
        for name, camera in config.cameras.items():
            say_correction(name, camera, self.issues)
        for labeller in self._labellers.values():
            labeller.reconfigure(config)
        for depths in self._depth_labellers.values():
            depths.reconfigure(config)

    def add_map(self, chosen: MapConfig) -> SemanticMapper:
        """Let labelled clouds enter a map from now on.

        Raises:
            ConfigError: no frame to map in, or classes that the ontology does not have.
        """
        mapper = SemanticMapper(self.config, chosen, self.ontology, self.motion, self.issues)
        self.mappers.append(mapper)
        return mapper

    def watch_calibration(self, work: Work) -> None:
        """Compare pictures and scans from now on, where that is configured; `work` does it."""
        if self.config.calibration.monitor and self.config.lidars:
            self.calibration = CalibrationWatch(self.config, self.motion, self.issues, work)

    def reset(self) -> None:
        """Forget everything timed: the clock jumped. How cameras are mounted is not."""
        self.transforms.clear_timed()
        self.map_entry.clear()
        for mapper in self.filled_maps:
            mapper.clear()
        if self._memory is not None:
            self._memory.clear()
        self.degraded.clear()
        self._label_maps.clear()
        self.calibration.clear()
        self._scans.clear()
        self._clouds.clear(CLOCK_JUMP)

    def close(self) -> None:
        """Drop what still waits."""
        self._clouds.clear(SHUTDOWN)
        self.calibration.close()

    def _forget_entries(self) -> None:
        """Scans that wait to be mapped must not be: their place has jumped."""
        self.map_entry.clear()

    def _make_lidar_labellers(self) -> dict[str, LookAheadLabeller]:
        lidar = LidarLabeller(self.config, self._scans, self._plausibility)
        common = self.motion, self._views, self._self_filter, self.ontology.unknown_id
        return {name: LookAheadLabeller(lidar, *common) for name in self.config.lidars}

    def _make_radar_labellers(self) -> dict[str, CloudLabeller]:
        radar = RadarLabeller(
            self.config, self.motion, self._scans, self.issues, self._plausibility
        )
        common = self.motion, self._views, self._self_filter, self.ontology.unknown_id
        return {name: CloudLabeller(radar, *common) for name in self.config.radars}

    def _depth_labeller(self, name: str) -> DepthLabeller:
        return DepthLabeller(
            name,
            self.config,
            self.motion,
            self._views,
            self._plausibility,
            self.ontology.unknown_id,
            self.issues,
        )

    def _without_robot(self, segmented: LabelMap, frame: CameraFrame) -> LabelMap:
        self.calibration.see(frame)
        return self._self_filter.hide_in_image(segmented)

    def _trusted(self, label_map: LabelMap) -> LabelMap:
        """What clouds may have of it; counted where that is not all."""
        trusted = self.degraded.for_clouds(label_map)
        if trusted is not label_map:
            self.accounting.count_degraded(stream("camera", label_map.camera))
        return trusted

    def _keep(self, label_map: LabelMap, generation: int) -> None:
        """Keep labels for the clouds; 0 is ROS' word for a time that nobody set."""
        if label_map.stamp_ns == 0:
            return
        time_ns = self.motion.image_time_ns(label_map)
        kept = PreparedLabelMap(replace(label_map, picture=None))
        self._label_maps.add(label_map.camera, time_ns, kept, generation)

    def _scan(self, sensor: str, cloud: PointCloud) -> Scan:
        """The scan of a cloud; how it was read is said once, what is odd about it is counted."""
        scan = self.motion.scan(sensor, cloud)
        name = self._stream(sensor)
        for remark in scan.remarks:
            say = self.issues.hold if remark.kind.level == "note" else self.issues.add
            say(remark.kind, name, sensor=name, **remark.numbers)
        return scan

    def _stream(self, sensor: str) -> str:
        return stream(self.config.kind_of(sensor), sensor)

    def _label(self, scan: Scan) -> SemanticCloud:
        disputed = 0
        if isinstance(scan, DepthScan):
            semantic, xyz = self._depth_labellers[scan.sensor].label(scan)
        else:
            semantic, xyz, disputed = self._labellers[scan.sensor].label(scan)
        if xyz is not None and self._memory is not None:
            semantic = self._memory.recall(scan, xyz, semantic)
        self._account(scan, semantic, disputed)
        if scan.sensor in self.config.lidars:
            self.degraded.take(semantic)
        if xyz is not None:
            self._map(scan, xyz, semantic)
            self.calibration.take(scan, xyz)
        return self._robot_pose.placed(scan, semantic)

    def _account(self, scan: Scan, semantic: SemanticCloud, disputed: int) -> None:
        self.accounting.count_points(semantic)
        self.accounting.count_disputed(scan.sensor, disputed)
        self.accounting.count_stray_times(scan.sensor, scan.stray)
        if semantic.is_degraded:
            self.accounting.count_degraded(self._stream(scan.sensor))

    def _map(self, scan: Scan, xyz: NDArray[np.float32], semantic: SemanticCloud) -> None:
        for mapper in self.filled_maps:
            self.map_entry.enter(mapper, MappedScan(scan, xyz, semantic))
