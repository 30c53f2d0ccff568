"""The one core behind node, replay and evaluation: segment, pair, transfer."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from seg_perception.admission import Admission
from seg_perception.config import Config, MapConfig
from seg_perception.conventions import Conventions
from seg_perception.errors import MemoryShortError, TransformError
from seg_perception.fusion.known_ids import expect_known
from seg_perception.fusion.label_transfer import (
    PreparedLabelMap,
    Transfer,
    View,
    prepare_label_map,
    transfer_labels,
)
from seg_perception.fusion.own_body import OwnBody
from seg_perception.geometry.calibration import shift_principal_point
from seg_perception.geometry.transforms import TransformTree
from seg_perception.inference.segmenter import Segmenter
from seg_perception.ledger import Ledger, Ticket
from seg_perception.mapper import Mapper
from seg_perception.motion import Motion
from seg_perception.ontology import Ontology
from seg_perception.pairing import CloudQueue, LabelRing, Sweep, WaitingCloud
from seg_perception.radars import Radars
from seg_perception.recent import RecentSweeps, recent_size
from seg_perception.sights import Sights
from seg_perception.types import (
    CameraFrame,
    LabelMap,
    PointCloud,
    PointStatus,
    SemanticCloud,
)

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class LabelledCloud:
    """A semantic cloud and the ticket that its publisher closes."""

    semantic: SemanticCloud
    ticket: Ticket


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
        self.ledger = Ledger()
        self.admission = Admission(config)
        self._body = OwnBody(config, ontology.unknown_id)
        self._motion = Motion(config, transforms)
        self._labels: LabelRing[PreparedLabelMap] = LabelRing(config.cameras, config.pairing)
        self._clouds = CloudQueue(config.pairing)
        self._sights = Sights(config, self._motion, self._labels)
        self._recent = RecentSweeps(self._motion, recent_size(config))
        self._radars = Radars(config, self._motion, self._recent)
        self._told: set[tuple[str, type[Exception]]] = set()
        self.mappers: list[Mapper] = []
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
    def conventions(self) -> Conventions:
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
        expect_known(label_map, self.ontology)
        self._keep(label_map, self._labels.generation)

    def add_cloud(self, sensor: str, cloud: PointCloud, ticket: Ticket, now_ns: int) -> None:
        """Queue a cloud until `collect` finds label maps and transforms for it."""
        self._clouds.put(WaitingCloud(self._motion.sweep(sensor, cloud), ticket, now_ns))

    def collect(self, now_ns: int) -> list[LabelledCloud]:
        """Label the clouds that are ready, and those that waited for `max_wait_s`."""
        due = self._clouds.collect(now_ns, lambda waiting: self._sights.are_complete(waiting.sweep))
        tried = [self._try_to_label(waiting) for waiting in due]
        return [labelled for labelled in tried if labelled is not None]

    def label(self, sensor: str, cloud: PointCloud) -> SemanticCloud:
        """Label a cloud at once with what is known now."""
        return self._label(self._motion.sweep(sensor, cloud))

    def reconfigure(self, config: Config) -> None:
        """Work with other values of the live parameters from now on."""
        self.config = config
        self.admission.config = config

    def add_map(self, chosen: MapConfig) -> Mapper:
        """Let labelled clouds enter a map from now on.

        Raises:
            ConfigError: no frame to map in, or classes that the ontology does not have.
        """
        self.mappers.append(Mapper(self.config, chosen, self.ontology, self.transforms))
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

    def _try_to_label(self, waiting: WaitingCloud) -> LabelledCloud | None:
        """One faulty cloud must not cost those that are due with it, nor go uncounted."""
        try:
            return LabelledCloud(self._label(waiting.sweep), waiting.ticket)
        except Exception as error:  # noqa: BLE001 (as the nodes account for theirs)
            self._tell_once(waiting.ticket.stream, error)
            is_short = MemoryShortError.explains(error)
            waiting.ticket.drop(MemoryShortError.reason if is_short else "internal_error")
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

    def _label(self, sweep: Sweep) -> SemanticCloud:
        self._test_conventions(sweep)
        sights = self._sights.of(sweep)
        views = [sight.view for sight in sights if sight.view is not None]
        missing = max((sight.obstacle for sight in sights), default=PointStatus.NO_LABEL_MAP)
        xyz = self._points(sweep) if views else None
        missing_all = PointStatus.NO_TRANSFORM if views else missing
        transfer = self._transfer(sweep, xyz, views, missing_all)
        self.ledger.count_disputed(sweep.sensor, transfer.disputed)
        if xyz is not None:
            transfer = self._body.hide_in_sweep(sweep.sensor, xyz, transfer)
        semantic = SemanticCloud(
            sensor=sweep.sensor,
            cloud=sweep.cloud,
            labels=transfer.labels,
            confidence=transfer.confidence,
            status=_with_missing_camera(transfer.status, missing),
            sources=transfer.sources,
            cameras=tuple(sight.camera for sight in sights if sight.view is not None),
            moving=self._radars.moving(sweep) if sweep.sensor in self.config.radars else None,
            gaps_s=tuple(view.time_gap_s for view in views),
        )
        self.ledger.count_points(semantic)
        self.ledger.count_stray_times(sweep.sensor, sweep.stray)
        if xyz is not None:
            self._remember(sweep, xyz, semantic)
        return semantic

    def _test_conventions(self, sweep: Sweep) -> None:
        if self._sights.has_open(sweep):
            xyz = self._points(sweep)
            if xyz is not None:
                self._sights.test_conventions(sweep, xyz)

    def _points(self, sweep: Sweep) -> NDArray[np.float32] | None:
        """The sweep's points at its stamp; None where its motion is not known."""
        try:
            return self._motion.points_at_stamp(sweep)
        except TransformError:
            return None

    def _transfer(
        self,
        sweep: Sweep,
        xyz: NDArray[np.float32] | None,
        views: Sequence[View],
        missing: PointStatus,
    ) -> Transfer:
        unknown_id = self.ontology.unknown_id
        if xyz is None:
            return Transfer.unknown(len(sweep.cloud), unknown_id, missing)
        if sweep.sensor in self.config.radars:
            return self._radars.label(sweep, xyz, views, unknown_id)
        earlier = self._recent.before(sweep, self.config.transfer.accumulated_scans)
        return transfer_labels(xyz, views, self.config.transfer, unknown_id, earlier)

    def _remember(self, sweep: Sweep, xyz: NDArray[np.float32], semantic: SemanticCloud) -> None:
        if sweep.sensor in self.config.lidars:
            self._recent.add(sweep, xyz, semantic)
        for mapper in self.mappers:
            mapper.add(sweep, xyz, semantic)


def _with_missing_camera(status: NDArray[np.uint8], missing: PointStatus) -> NDArray[np.uint8]:
    """Points that no camera saw may lie before the one that could not be asked."""
    if missing == PointStatus.LABELLED:
        return status
    unseen = status == PointStatus.OUT_OF_VIEW
    return np.where(unseen, np.uint8(missing), status)
