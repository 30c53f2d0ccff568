"""The one core behind node, replay and evaluation: segment, pair, transfer."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import Config, MapConfig
from seg_perception.core.errors import MemoryShortError, TransformError
from seg_perception.core.label_ids import validate_label_ids
from seg_perception.core.message_accounting import MessageAccounting, MessageHandle
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import (
    CameraFrame,
    LabelMap,
    PointCloud,
    PointStatus,
    SemanticCloud,
)
from seg_perception.fusion.label_transfer import (
    PreparedLabelMap,
    Transfer,
    View,
    prepare_label_map,
    transfer_labels,
)
from seg_perception.fusion.self_filter import SelfFilter
from seg_perception.geometry.calibration import shift_principal_point
from seg_perception.geometry.transforms import TransformTree
from seg_perception.inference.segmenter import Segmenter
from seg_perception.pipeline.ego_motion import EgoMotion
from seg_perception.pipeline.frame_convention import FrameConventionDetector
from seg_perception.pipeline.radar_labeller import RadarLabeller
from seg_perception.pipeline.rate_limiter import RateLimiter
from seg_perception.pipeline.scan_buffer import ScanBuffer, buffer_size
from seg_perception.pipeline.semantic_mapper import SemanticMapper
from seg_perception.pipeline.synchronizer import CloudQueue, LabelMapBuffer, QueuedCloud, Scan
from seg_perception.pipeline.view_selector import ViewSelector

_LOG = logging.getLogger(__name__)


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
        ledger: where every message went.
        admission: which messages are worked on at all.
        mappers: the maps that labelled clouds enter; one where `map.enabled`.
    """

    def __init__(self, config: Config, ontology: Ontology, transforms: TransformTree) -> None:
        """Wire the stages; `transforms` is filled by the caller.

        Raises:
            ConfigError: a map is wanted and can't be made, or a mask or box of the robot
                itself is wrong.
        """
        self.config = config
        self.ontology = ontology
        self.transforms = transforms
        self.accounting = MessageAccounting()
        self.admission = RateLimiter(config)
        self._body = SelfFilter(config, ontology.unknown_id)
        self._motion = EgoMotion(config, transforms)
        self._labels: LabelMapBuffer[PreparedLabelMap] = LabelMapBuffer(
            config.cameras, config.synchronizer
        )
        self._clouds = CloudQueue(config.synchronizer)
        self._sights = ViewSelector(config, self._motion, self._labels)
        self._recent = ScanBuffer(self._motion, buffer_size(config))
        self._radars = RadarLabeller(config, self._motion, self._recent)
        self._told: set[tuple[str, type[Exception]]] = set()
        self.mappers: list[SemanticMapper] = []
        if config.map.enabled:
            self.add_map(config.map)

    @property
    def time_problems(self) -> Mapping[str, str]:
        """By lidar or radar, what was wrong with the times of its points, the last time."""
        return self._motion.time_problems

    @property
    def doppler_problems(self) -> Mapping[str, str]:
        """By radar, why its Doppler can't be right."""
        return self._radars.doppler_problems

    @property
    def conventions(self) -> FrameConventionDetector:
        """Which axes the cameras' frames have."""
        return self._motion.conventions

    @property
    def refused_lenses(self) -> Mapping[str, str]:
        """By camera, why its camera_info can't place points."""
        return self._sights.refused_lenses

    def segment(self, frame: CameraFrame, segmenter: Segmenter) -> LabelMap:
        """Segment an image and keep its labels for the clouds.

        Raises:
            CalibrationError: the image's size does not fit its calibration.
            EngineError: the engine failed.
        """
        generation = self._labels.generation
        segmented = segmenter.segment(self._with_true_lens(frame))
        label_map = self._body.hide_in_image(segmented)
        self._keep(label_map, generation)
        return label_map

    def add_label_map(self, label_map: LabelMap) -> None:
        """Keep a label map that another machine made for the clouds.

        Raises:
            ImageError: ids that the ontology does not have.
        """
        validate_label_ids(label_map, self.ontology)
        self._keep(label_map, self._labels.generation)

    def add_cloud(self, sensor: str, cloud: PointCloud, handle: MessageHandle, now_ns: int) -> None:
        """Queue a cloud until `collect` finds label maps and transforms for it."""
        self._clouds.put(QueuedCloud(self._motion.scan(sensor, cloud), handle, now_ns))

    def collect(self, now_ns: int) -> list[LabelledCloud]:
        """Label the clouds that are ready, and those that waited for `max_wait_s`."""
        due = self._clouds.collect(now_ns, lambda waiting: self._sights.are_complete(waiting.scan))
        tried = [self._try_to_label(waiting) for waiting in due]
        return [labelled for labelled in tried if labelled is not None]

    def label(self, sensor: str, cloud: PointCloud) -> SemanticCloud:
        """Label a cloud at once with what is known now."""
        return self._label(self._motion.scan(sensor, cloud))

    def reconfigure(self, config: Config) -> None:
        """Work with other values of the live parameters from now on."""
        self.config = config
        self.admission.config = config

    def add_map(self, chosen: MapConfig) -> SemanticMapper:
        """Let labelled clouds enter a map from now on.

        Raises:
            ConfigError: no frame to map in, or classes that the ontology does not have.
        """
        self.mappers.append(SemanticMapper(self.config, chosen, self.ontology, self.transforms))
        return self.mappers[-1]

    def reset(self) -> None:
        """Forget everything timed: the clock jumped. How cameras are mounted is not."""
        self.transforms.clear_timed()
        for mapper in self.mappers:
            mapper.clear()
        self._labels.clear()
        self._recent.clear()
        self._clouds.clear("clock_jump")

    def close(self) -> None:
        """Drop what still waits."""
        self._clouds.clear("shutdown")

    def _keep(self, label_map: LabelMap, generation: int) -> None:
        time_ns = self._motion.image_time_ns(label_map)
        self._labels.add(label_map.camera, time_ns, prepare_label_map(label_map), generation)

    def _try_to_label(self, waiting: QueuedCloud) -> LabelledCloud | None:
        """One faulty cloud must not cost those that are due with it, nor go uncounted."""
        try:
            return LabelledCloud(self._label(waiting.scan), waiting.handle)
        except Exception as error:  # noqa: BLE001 (as the nodes account for theirs)
            self._tell_once(waiting.handle.stream, error)
            is_short = MemoryShortError.explains(error)
            waiting.handle.drop(MemoryShortError.reason if is_short else "internal_error")
            return None

    def _tell_once(self, stream: str, error: Exception) -> None:
        """Every cloud may fail alike: the ledger counts them, the log needs one traceback."""
        kind = (stream, type(error))
        if kind not in self._told:
            self._told.add(kind)
            _LOG.error("%s: a cloud can't be labelled", stream, exc_info=error)

    def _with_true_lens(self, frame: CameraFrame) -> CameraFrame:
        offset_px = self.config.cameras[frame.camera].principal_point_offset_px
        if frame.calibration is None or not any(offset_px):
            return frame
        calibration = shift_principal_point(frame.calibration, *offset_px)
        return replace(frame, calibration=calibration)

    def _label(self, scan: Scan) -> SemanticCloud:
        self._test_conventions(scan)
        sights = self._sights.of(scan)
        views = [sight.view for sight in sights if sight.view is not None]
        missing = max((sight.obstacle for sight in sights), default=PointStatus.NO_LABEL_MAP)
        xyz = self._points(scan) if views else None
        missing_all = PointStatus.NO_TRANSFORM if views else missing
        transfer = self._transfer(scan, xyz, views, missing_all)
        self.accounting.count_disputed(scan.sensor, transfer.disputed)
        if xyz is not None:
            transfer = self._body.hide_in_scan(scan.sensor, xyz, transfer)
        semantic = SemanticCloud(
            sensor=scan.sensor,
            cloud=scan.cloud,
            labels=transfer.labels,
            confidence=transfer.confidence,
            status=_with_missing_camera(transfer.status, missing),
            sources=transfer.sources,
            cameras=tuple(sight.camera for sight in sights if sight.view is not None),
            moving=self._radars.moving(scan) if scan.sensor in self.config.radars else None,
            gaps_s=tuple(view.time_gap_s for view in views),
        )
        self.accounting.count_points(semantic)
        self.accounting.count_stray_times(scan.sensor, scan.stray)
        if xyz is not None:
            self._remember(scan, xyz, semantic)
        return semantic

    def _test_conventions(self, scan: Scan) -> None:
        if self._sights.has_open(scan):
            xyz = self._points(scan)
            if xyz is not None:
                self._sights.test_conventions(scan, xyz)

    def _points(self, scan: Scan) -> NDArray[np.float32] | None:
        """The scan's points at its stamp; None where its motion is not known."""
        try:
            return self._motion.points_at_stamp(scan)
        except TransformError:
            return None

    def _transfer(
        self,
        scan: Scan,
        xyz: NDArray[np.float32] | None,
        views: Sequence[View],
        missing: PointStatus,
    ) -> Transfer:
        unknown_id = self.ontology.unknown_id
        if xyz is None:
            return Transfer.unknown(len(scan.cloud), unknown_id, missing)
        if scan.sensor in self.config.radars:
            return self._radars.label(scan, xyz, views, unknown_id)
        earlier = self._recent.before(scan, self.config.transfer.accumulated_scans)
        return transfer_labels(xyz, views, self.config.transfer, unknown_id, earlier)

    def _remember(self, scan: Scan, xyz: NDArray[np.float32], semantic: SemanticCloud) -> None:
        if scan.sensor in self.config.lidars:
            self._recent.add(scan, xyz, semantic)
        for mapper in self.mappers:
            mapper.add(scan, xyz, semantic)


def _with_missing_camera(status: NDArray[np.uint8], missing: PointStatus) -> NDArray[np.uint8]:
    """Points that no camera saw may lie before the one that could not be asked."""
    if missing == PointStatus.LABELLED:
        return status
    unseen = status == PointStatus.OUT_OF_VIEW
    return np.where(unseen, np.uint8(missing), status)
