"""The one core behind node, replay and evaluation: segment, pair, transfer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import CameraConfig, Config
from seg_perception.errors import TransformError
from seg_perception.fusion.label_transfer import (
    PreparedLabelMap,
    Transfer,
    View,
    prepare_label_map,
    transfer_labels,
)
from seg_perception.fusion.radar import transfer_radar_labels
from seg_perception.geometry.camera import CameraModel
from seg_perception.geometry.transforms import TransformTree
from seg_perception.inference.segmenter import Segmenter
from seg_perception.ledger import Ledger, Ticket
from seg_perception.ontology import Ontology
from seg_perception.pairing import CloudQueue, LabelRing, Timed, WaitingCloud
from seg_perception.types import (
    NANOSECONDS,
    CameraFrame,
    LabelMap,
    PointCloud,
    PointStatus,
    SemanticCloud,
    label_dtype,
)

# REP-103: optical axes (x right, y down, z forward) of a body frame (x forward, y left, z up).
T_OPTICAL_BODY = np.array([[0, -1, 0, 0], [0, 0, -1, 0], [1, 0, 0, 0], [0, 0, 0, 1]], np.float64)
_NO_SOURCE = 255


@dataclass(frozen=True, eq=False)
class LabelledCloud:
    """A semantic cloud and the ticket that its publisher closes."""

    semantic: SemanticCloud
    ticket: Ticket


@dataclass(frozen=True, eq=False)
class _Sight:
    """What one camera offers to one cloud: a view, or the reason why there is none."""

    camera: str
    view: View | None
    obstacle: PointStatus = PointStatus.LABELLED


class Perception:
    """Label maps from images, labels for clouds from the label maps nearest in time.

    Images and clouds may come from different threads; `now_ns` is any clock that does
    not run backwards (message time in a replay, the ROS clock in a node).
    """

    def __init__(self, config: Config, ontology: Ontology, transforms: TransformTree) -> None:
        """Wire the stages; `transforms` is filled by the caller."""
        self.config = config
        self.ontology = ontology
        self.transforms = transforms
        self.ledger = Ledger()
        self._labels: LabelRing[PreparedLabelMap] = LabelRing(config.cameras, config.pairing)
        self._clouds = CloudQueue(config.pairing)
        self._sensors = {**config.lidars, **config.radars}

    def segment(self, frame: CameraFrame, segmenter: Segmenter) -> LabelMap:
        """Segment an image and keep its labels for the clouds.

        Raises:
            CalibrationError: the image's size does not fit its calibration.
            EngineError: the engine failed.
        """
        label_map = segmenter.segment(frame)
        self.add_label_map(label_map)
        return label_map

    def add_label_map(self, label_map: LabelMap) -> None:
        """Keep a label map, made here or on another machine, for the clouds."""
        camera = self.config.cameras[label_map.camera]
        time_ns = _shifted(label_map.stamp_ns, camera.time_offset_s)
        self._labels.add(label_map.camera, time_ns, prepare_label_map(label_map))

    def add_cloud(self, sensor: str, cloud: PointCloud, ticket: Ticket, now_ns: int) -> None:
        """Queue a cloud until `collect` finds label maps and transforms for it."""
        self._clouds.put(WaitingCloud(sensor, cloud, ticket, now_ns))

    def collect(self, now_ns: int) -> list[LabelledCloud]:
        """Label the clouds that are ready, and those that waited for `max_wait_s`."""
        due = self._clouds.collect(now_ns, self._is_ready)
        return [LabelledCloud(self.label(entry.sensor, entry.cloud), entry.ticket) for entry in due]

    def label(self, sensor: str, cloud: PointCloud) -> SemanticCloud:
        """Give every point of a cloud its label, or the reason why it has none."""
        sights = [self._sight(camera, sensor, cloud) for camera in self._cameras_of(sensor)]
        views = [sight.view for sight in sights if sight.view is not None]
        transfer = self._transfer(sensor, cloud, views) if views else self._unknown(cloud, sights)
        semantic = SemanticCloud(
            sensor=sensor,
            cloud=cloud,
            labels=transfer.labels,
            confidence=transfer.confidence,
            status=transfer.status,
            sources=transfer.sources,
            cameras=tuple(sight.camera for sight in sights if sight.view is not None),
        )
        self.ledger.count_points(semantic)
        return semantic

    def reset(self) -> None:
        """Forget everything timed: the clock jumped."""
        self.transforms.clear_timed()
        self._labels.clear()
        self._clouds.clear("clock_jump")

    def close(self) -> None:
        """Drop what still waits."""
        self._clouds.clear("shutdown")

    def _is_ready(self, waiting: WaitingCloud) -> bool:
        cameras = self._cameras_of(waiting.sensor)
        time_ns = self._time_of(waiting.sensor, waiting.cloud)
        if not self._labels.is_complete(cameras, time_ns):
            return False
        sights = [self._sight(camera, waiting.sensor, waiting.cloud) for camera in cameras]
        return all(sight.obstacle != PointStatus.NO_TRANSFORM for sight in sights)

    def _sight(self, name: str, sensor: str, cloud: PointCloud) -> _Sight:
        time_ns = self._time_of(sensor, cloud)
        nearest = self._labels.nearest(name, time_ns)
        if nearest is None:
            return _Sight(name, None, PointStatus.NO_LABEL_MAP)
        calibration = nearest.value.label_map.calibration
        if calibration is None:
            return _Sight(name, None, PointStatus.NO_CALIBRATION)
        camera = self.config.cameras[name]
        try:
            T_camera_cloud = self._motion(camera, nearest, sensor, cloud)
        except TransformError:
            return _Sight(name, None, PointStatus.NO_TRANSFORM)
        lens = CameraModel.from_calibration(calibration, rectified=camera.rectified)
        return _Sight(name, View(nearest.value, lens, T_camera_cloud))

    def _motion(
        self, camera: CameraConfig, label_map: Timed[PreparedLabelMap], sensor: str, cloud: PointCloud
    ) -> NDArray[np.float64]:
        """The cloud at its own time, seen from the camera at the image's time."""
        frame = camera.frame_id or label_map.value.label_map.frame_id
        source = self._sensors[sensor].frame_id or cloud.frame_id
        time_ns = self._time_of(sensor, cloud)
        fixed_frame = self.config.transforms.fixed_frame
        if fixed_frame:
            T = self.transforms.lookup_between(frame, label_map.time_ns, source, time_ns, fixed_frame)
        else:
            T = self.transforms.lookup(frame, source, time_ns)
        return T if camera.frame_convention == "optical" else T_OPTICAL_BODY @ T

    def _transfer(self, sensor: str, cloud: PointCloud, views: Sequence[View]) -> Transfer:
        if sensor in self.config.radars:
            return transfer_radar_labels(
                cloud.xyz, views, self.config.radar_transfer, self.ontology.unknown_id
            )
        return transfer_labels(cloud.xyz, views, self.config.transfer, self.ontology.unknown_id)

    def _unknown(self, cloud: PointCloud, sights: Sequence[_Sight]) -> Transfer:
        count = len(cloud)
        obstacle = max((sight.obstacle for sight in sights), default=PointStatus.NO_LABEL_MAP)
        return Transfer(
            labels=np.full(count, self.ontology.unknown_id, label_dtype(self.ontology.id_count)),
            confidence=np.zeros(count, np.float32),
            status=np.full(count, obstacle, np.uint8),
            sources=np.full(count, _NO_SOURCE, np.uint8),
        )

    def _cameras_of(self, sensor: str) -> Sequence[str]:
        return self._sensors[sensor].cameras or tuple(self.config.cameras)

    def _time_of(self, sensor: str, cloud: PointCloud) -> int:
        return _shifted(cloud.stamp_ns, self._sensors[sensor].time_offset_s)


def _shifted(stamp_ns: int, offset_s: float) -> int:
    return stamp_ns + round(offset_s * NANOSECONDS)
