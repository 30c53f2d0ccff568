"""Observations from a bag, in one pass: images and scans wait until they can be paired."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from seg_perception.alignment.depth_edges import depth_edges
from seg_perception.alignment.edge_maps import WIDTH, edge_maps
from seg_perception.alignment.edge_points import EdgePoints
from seg_perception.alignment.observation import Observation
from seg_perception.alignment.picture import reduced
from seg_perception.alignment.reflectivity_edges import reflectivity_edges
from seg_perception.calibration.observations import Observations
from seg_perception.config import Config
from seg_perception.config.input_topics import TF_STATIC
from seg_perception.core.errors import CalibrationError, SegPerceptionError, TransformError
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.types import NANOSECONDS, CameraFrame
from seg_perception.geometry.camera import CameraModel
from seg_perception.geometry.transforms import StampedTransform, TransformTree
from seg_perception.io.bag_message import BagMessage
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.messages import header_of, stamp_to_ns
from seg_perception.pipeline.ego_motion import EgoMotion
from seg_perception.pipeline.frame_convention import FrameConventionDetector
from seg_perception.pipeline.scan import Scan
from seg_perception.pipeline.transform_reader import TransformReader
from seg_perception.replay.bag_state import BagState
from seg_perception.replay.decoding import make_frame, read_cloud
from seg_perception.replay.inputs import find_inputs
from seg_perception.replay.recent_images import RecentImages

# Images and transforms of a scan are recorded at most this long after it.
_WAIT_NS = NANOSECONDS
_KEPT_NS = 2 * NANOSECONDS

_Edges = tuple[EdgePoints, EdgePoints]


def read_observations(
    bag: BagReader,
    config: Config,
    wanted: int,
    offsets_s: Sequence[float] = (0.0,),
) -> Observations:
    """Gather observations evenly from a whole bag, in one pass; memory does not grow with the bag.

    Args:
        bag: the recording.
        config: sensors and their conventions.
        wanted: observations of each lidar.
        offsets_s: assumed offsets of the cameras' clocks, added to their stamps.

    Raises:
        BagError: a topic is missing, or the bag is damaged.
        CalibrationError: no lidar is configured.
    """
    if not config.lidars:
        msg = f"{bag.path}: no lidar is configured; name one with --set lidar.NAME.topic=..."
        raise CalibrationError(msg)
    inputs = find_inputs(bag, config)
    issues = IssueLog()
    collector = _Collector(config, BagState(config, inputs, issues), tuple(offsets_s))
    collector.read_static_transforms(bag, inputs.transforms)
    collector.state.read_ahead(bag)
    lidars = {topic: name for topic, (kind, name) in inputs.clouds.items() if kind == "lidar"}
    if not lidars:
        problems = [str(i) for i in inputs.missing if i.stream.startswith("lidar.")]
        msg = f"{bag.path}: {'; '.join(problems) or 'the lidars are switched off'}"
        raise CalibrationError(msg)
    counts = {topic.name: topic.count for topic in bag.topics}
    seen: Counter[str] = Counter()
    topics = inputs.topics - (set(inputs.clouds) - set(lidars))
    for message in bag.messages(topics):
        if message.topic in collector.state.topics:
            collector.state.take(message)
        elif message.topic in lidars:
            if _is_chosen(seen[message.topic], counts[message.topic], wanted):
                collector.waiting.append((lidars[message.topic], message))
            seen[message.topic] += 1
        else:
            collector.keep(message)
        collector.advance(message.log_time_ns)
    collector.advance(None)
    static_transforms, conventions = (
        tuple(collector.static_transforms),
        collector.motion.conventions,
    )
    return Observations(
        collector.found,
        collector.missing,
        static_transforms,
        conventions,
        (*inputs.missing, *issues.all()),
    )


def _is_chosen(index: int, count: int, wanted: int) -> bool:
    return count <= wanted or (index * wanted) // count != ((index - 1) * wanted) // count


class _Collector:
    """The pass over a bag: scans that wait for what is recorded after them."""

    def __init__(self, config: Config, state: BagState, offsets_s: tuple[float, ...]) -> None:
        self.state = state
        self.waiting: deque[tuple[str, BagMessage]] = deque()
        self._recent: defaultdict[str, deque[BagMessage]] = defaultdict(deque)
        self._images = {camera.image_topic: RecentImages() for camera in config.cameras.values()}
        self.found: defaultdict[str, list[Observation]] = defaultdict(list)
        self.missing: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.static_transforms: list[StampedTransform] = []
        self._config = config
        self._offsets_s = offsets_s
        tree = state.sensors.transforms.tree
        self.motion = EgoMotion(config, tree, FrameConventionDetector(config, IssueLog()))
        self._max_gap_ns = round(config.synchronizer.max_gap_s * NANOSECONDS)

    def read_static_transforms(self, bag: BagReader, topics: Collection[str]) -> None:
        """Keep the static transforms as they were recorded."""
        if TF_STATIC not in topics:
            return
        reader = TransformReader(TransformTree(), IssueLog())
        for message in bag.messages({TF_STATIC}):
            # What can't be read is missing from the tree, too, and a lookup will say so.
            with suppress(SegPerceptionError):
                self.static_transforms += reader.read(TF_STATIC, message.message, static=True)

    def keep(self, message: BagMessage) -> None:
        """Keep an image for the scans around it."""
        self._recent[message.topic].append(message)
        if message.topic in self._images:
            self._images[message.topic].add(message)

    def advance(self, now_ns: int | None) -> None:
        """Finish the scans that waited long enough; None: all."""
        while self.waiting:
            lidar, message = self.waiting[0]
            if now_ns is not None and now_ns - message.log_time_ns < _WAIT_NS:
                break
            self.waiting.popleft()
            self._finish(lidar, message)
        if now_ns is None:
            return
        oldest_ns = min([now_ns, *(m.log_time_ns for _, m in self.waiting)]) - _KEPT_NS
        for messages in self._recent.values():
            while messages and messages[0].log_time_ns < oldest_ns:
                messages.popleft()
        for images in self._images.values():
            images.forget_before(oldest_ns)

    def _finish(self, lidar: str, message: BagMessage) -> None:
        cameras = self._config.lidars[lidar].cameras or tuple(self._config.cameras)
        try:
            scan = self.motion.scan(lidar, read_cloud(message))
            xyz = self.motion.points_at_stamp(scan)
        except SegPerceptionError as error:
            for camera in cameras:
                self.missing[camera][str(error)] += 1
            return
        edges = depth_edges(scan.cloud, xyz), reflectivity_edges(scan.cloud, xyz)
        for camera in cameras:
            self._try_observation(camera, scan, xyz, edges)

    def _try_observation(
        self, camera: str, scan: Scan, xyz: NDArray[np.float32], edges: _Edges
    ) -> None:
        try:
            self.found[camera].append(self._observation(camera, scan, xyz, edges))
        except SegPerceptionError as error:
            self.missing[camera][str(error)] += 1

    def _observation(
        self, camera: str, scan: Scan, xyz: NDArray[np.float32], edges: _Edges
    ) -> Observation:
        frame = self._frame(camera, scan)
        picture, calibration = reduced(frame, WIDTH)
        rectified = self._config.cameras[camera].rectified
        camera_model = CameraModel.from_calibration(calibration, rectified=rectified)
        self.motion.test_convention(frame, camera_model, scan, xyz)
        # A rolling shutter counts as one exposure, in the middle of its lines.
        middle_s = self.motion.middle_of_exposure_s(camera)
        poses = [self._pose(frame, scan, middle_s, offset_s) for offset_s in self._offsets_s]
        return Observation(
            camera=camera,
            lidar=scan.sensor,
            picture=picture,
            maps=edge_maps(picture),
            calibration=calibration,
            rectified=rectified,
            sensor_px=_sensor_px(frame, picture),
            depth_edges=edges[0],
            reflectivity_edges=edges[1],
            T_camera_lidar=np.stack(poses),
            frames=(
                self._config.cameras[camera].frame_id or frame.frame_id,
                self.motion.frame_of(scan),
            ),
        )

    def _pose(
        self, frame: CameraFrame, scan: Scan, middle_s: float, offset_s: float
    ) -> NDArray[np.float64]:
        try:
            return self.motion.T_camera_cloud(frame, scan, middle_s + offset_s)
        except TransformError:
            if offset_s == 0:
                raise
            # Beyond the recording's transforms: nothing is known of that offset.
            return np.full((4, 4), np.nan)

    def _frame(self, camera: str, scan: Scan) -> CameraFrame:
        """The image nearest in time."""
        parameters = self._config.cameras[camera]
        shift_ns = round(parameters.time_offset_s * NANOSECONDS)
        nearest = _nearest(self._recent[parameters.image_topic], scan.time_ns - shift_ns)
        if nearest is None:
            msg = f"no image of camera {camera} was recorded beside a scan of {scan.sensor}"
            raise CalibrationError(msg)
        gap_ns = abs(_stamp_ns(nearest) + shift_ns - scan.time_ns)
        if gap_ns > self._max_gap_ns:
            msg = (
                f"the nearest image of camera {camera} is {gap_ns / NANOSECONDS:.2f} s away from a "
                f"scan of {scan.sensor}; set time_offset_s of one, or raise synchronizer.max_gap_s"
            )
            raise CalibrationError(msg)
        pixels = self._images[parameters.image_topic].decode(nearest)
        sensors = self.state.sensors
        image = sensors.images.rgb(camera, pixels, nearest.message)
        return make_frame(camera, nearest, image, sensors.calibration(camera))


def _sensor_px(frame: CameraFrame, picture: NDArray[np.uint8]) -> tuple[float, float]:
    binning = (1, 1)
    if frame.calibration is not None:
        binning = max(1, frame.calibration.binning_x), max(1, frame.calibration.binning_y)
    height, width = frame.image.shape[:2]
    return width * binning[0] / picture.shape[1], height * binning[1] / picture.shape[0]


def _nearest(messages: Collection[BagMessage], stamp_ns: int) -> BagMessage | None:
    return min(_readable(messages), key=lambda m: abs(_stamp_ns(m) - stamp_ns), default=None)


def _readable(messages: Collection[BagMessage]) -> Iterator[BagMessage]:
    for message in messages:
        with suppress(SegPerceptionError):
            _stamp_ns(message)
            yield message


def _stamp_ns(message: BagMessage) -> int:
    return stamp_to_ns(header_of(message.message).stamp)
