"""Which pixels of two pictures see the same thing: points of scans, by the robot's own motion."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import Config
from seg_perception.core.errors import SegPerceptionError
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.types import NANOSECONDS, LabelMap, clean_frame_id
from seg_perception.fusion.label_transfer import PreparedLabelMap, View, transfer_labels
from seg_perception.fusion.projection import project_points
from seg_perception.geometry.camera import CameraModel
from seg_perception.io.bag_message import BagMessage
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.messages import header_of, stamp_to_ns
from seg_perception.io.remapped_bag import BagSource
from seg_perception.pipeline.ego_motion import EgoMotion
from seg_perception.pipeline.frame_convention import FrameConventionDetector
from seg_perception.pipeline.scan import Scan
from seg_perception.replay.bag_state import BagState
from seg_perception.replay.decoding import read_cloud
from seg_perception.replay.inputs import find_inputs

# A camera and a stamp.
Key: TypeAlias = tuple[str, int]
# Points of a pair that are kept: one for every six pixels of a network's picture.
_MOST_POINTS = 4000
# Transforms are recorded at most so long after what they are of.
_LATE_NS = NANOSECONDS
_UNKNOWN = 255


@dataclass(frozen=True, eq=False)
class Links:
    """Points that two pictures see.

    Attributes:
        frame: the picture that is clicked on.
        other: another picture.
        points: float32 (N, 4), x and y in the first, x and y in the other, as shares of their
            widths and heights.
    """

    frame: Key
    other: Key
    points: NDArray[np.float32]


def find_links(bag: BagSource, config: Config, wanted: Mapping[Key, Sequence[Key]]) -> list[Links]:
    """Read a bag's scans once, and lay them before pairs of pictures.

    A point links two pictures where neither has something nearer in the way. Without a fixed frame
    nothing is known of the robot's motion, and without a lidar nothing of depth: no links then.
    What moves by itself is where it is not in the other picture: whoever carries labels over
    compares the pictures.

    Args:
        bag: any recording.
        config: as for a replay.
        wanted: others by the picture that is clicked on.

    Raises:
        BagError: it can't be read.
    """
    if not config.transforms.fixed_frame or not config.lidars or not wanted:
        return []
    with BagReader(bag) as reader:
        inputs = find_inputs(reader, config)
        state = BagState(config, inputs, IssueLog())
        state.read_ahead(reader)
        lidars = {t: name for t, (kind, name) in inputs.clouds.items() if kind == "lidar"}
        finder = _Finder(config, state, wanted)
        topics = state.topics | set(inputs.images) | set(lidars)
        for message in reader.messages(topics):
            if message.topic in state.topics:
                state.take(message)
            elif message.topic in lidars:
                finder.waiting.append((lidars[message.topic], message))
            else:
                finder.see(inputs.images[message.topic], message)
            finder.advance(message.log_time_ns)
        finder.advance(None)
    return finder.links()


class _Finder:
    """The pass over a bag: scans wait for the pictures and transforms that come after them."""

    def __init__(
        self, config: Config, state: BagState, wanted: Mapping[Key, Sequence[Key]]
    ) -> None:
        self.waiting: deque[tuple[str, BagMessage]] = deque()
        self._config, self._state, self._wanted = config, state, wanted
        self._all = {*wanted, *(key for others in wanted.values() for key in others)}
        self._exposures: dict[Key, LabelMap] = {}
        tree = state.sensors.transforms.tree
        self._motion = EgoMotion(config, tree, FrameConventionDetector(config, IssueLog()))
        self._max_gap_ns = round(config.synchronizer.max_gap_s * NANOSECONDS)
        apart_ns = (abs(a[1] - b[1]) for a, others in wanted.items() for b in others)
        self._wait_ns = max(apart_ns, default=0) + self._max_gap_ns + _LATE_NS
        self._found: defaultdict[tuple[Key, Key], list[NDArray[np.float32]]] = defaultdict(list)

    def see(self, camera: str, message: BagMessage) -> None:
        """Remember the lens of a picture that is wanted; its pixels are not looked at."""
        try:
            header = header_of(message.message)
        except SegPerceptionError:
            return
        key = camera, stamp_to_ns(header.stamp)
        lens = self._state.sensors.calibration(camera)
        if key in self._all and lens is not None:
            blank = _blank(lens.height, lens.width)
            frame_id = clean_frame_id(header.frame_id)
            self._exposures[key] = LabelMap(camera, *blank, key[1], frame_id, lens)

    def advance(self, now_ns: int | None) -> None:
        """Finish the scans that waited long enough; None: all."""
        while self.waiting:
            lidar, message = self.waiting[0]
            if now_ns is not None and now_ns - message.log_time_ns < self._wait_ns:
                return
            self.waiting.popleft()
            self._finish(lidar, message)

    def links(self) -> list[Links]:
        """Those of pairs with common points, in order."""
        found = []
        for (frame, other), parts in sorted(self._found.items()):
            points = np.concatenate(parts)
            step = -(-len(points) // _MOST_POINTS)
            found.append(Links(frame, other, points[::step]))
        return found

    def _finish(self, lidar: str, message: BagMessage) -> None:
        try:
            stamp_ns = stamp_to_ns(header_of(message.message).stamp)
            # Decoding costs most: only scans near a picture that is clicked on are looked at.
            if not any(abs(key[1] - stamp_ns) <= 2 * self._max_gap_ns for key in self._wanted):
                return
            scan = self._motion.scan(lidar, read_cloud(message))
            xyz = self._motion.points_at_stamp(scan)
        except SegPerceptionError:
            return
        for key in self._frames_beside(scan):
            first = self._seen(key, scan, xyz)
            for other in self._wanted[key]:
                second = self._seen(other, scan, xyz)
                if first is not None and second is not None:
                    self._found[key, other].append(_common(first, second))

    def _frames_beside(self, scan: Scan) -> Iterator[Key]:
        cameras = self._config.lidars[scan.sensor].cameras or tuple(self._config.cameras)
        for key in self._wanted:
            exposure = self._exposures.get(key)
            if exposure is not None and key[0] in cameras:
                gap_ns = abs(self._motion.image_time_ns(exposure) - scan.time_ns)
                if gap_ns <= self._max_gap_ns:
                    yield key

    def _seen(self, key: Key, scan: Scan, xyz: NDArray[np.float32]) -> _Seen | None:
        """The points that a picture sees; None where nobody knows."""
        exposure = self._exposures.get(key)
        if exposure is None or exposure.calibration is None:
            return None
        try:
            rectified = self._config.cameras[key[0]].rectified
            lens = CameraModel.from_calibration(exposure.calibration, rectified=rectified)
            self._motion.test_convention(exposure, lens, scan, xyz)
            T_camera_cloud = self._motion.T_camera_cloud(exposure, scan)
            shutter = self._motion.shutter(exposure, scan)
            view = View(PreparedLabelMap(exposure), lens, T_camera_cloud, shutter=shutter)
        except SegPerceptionError:
            return None
        transfer = transfer_labels(xyz, [view], self._config.transfer, _UNKNOWN)
        points = project_points(xyz, transfer.labels != _UNKNOWN, view)
        size = np.array(view.size, np.float32)
        pixels = np.stack([points.column, points.row], axis=1).astype(np.float32)
        return _Seen(points.index, (pixels + np.float32(0.5)) / size)


@dataclass(frozen=True, eq=False)
class _Seen:
    """Points of a scan that a picture sees: which, intp (M,), and where, float32 (M, 2)."""

    index: NDArray[np.intp]
    places: NDArray[np.float32]


def _common(one: _Seen, other: _Seen) -> NDArray[np.float32]:
    _, first, second = np.intersect1d(
        one.index, other.index, assume_unique=True, return_indices=True
    )
    return np.concatenate([one.places[first], other.places[second]], axis=1)


@lru_cache(maxsize=4)
def _blank(height: int, width: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Labels and confidence of a picture of which nothing has to be known."""
    return np.zeros((height, width), np.uint8), np.full((height, width), 255, np.uint8)
