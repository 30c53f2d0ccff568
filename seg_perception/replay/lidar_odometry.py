"""The robot's motion from one lidar, for recordings that have no odometry.

KISS-ICP (Vizzo et al., RA-L 2023) places scan after scan. What it finds is written as a recording
of transforms that is read beside the bag, under a frame that says what it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import Config
from seg_perception.config.input_topics import TF, TF_STATIC
from seg_perception.core.errors import ConfigError, SegPerceptionError, TransformError
from seg_perception.core.issue_kinds.places import LIDAR_ODOMETRY, LIDAR_ODOMETRY_JUMPS
from seg_perception.core.issue_log import Issue, IssueLog
from seg_perception.core.message_accounting import stream
from seg_perception.core.scratch_folder import scratch_folder
from seg_perception.core.types import NANOSECONDS, PointStatus
from seg_perception.fusion.projection import Range
from seg_perception.geometry.deskew import deskew
from seg_perception.geometry.transforms import StampedTransform, TransformTree
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.remapped_bag import BagSource, RemappedBag
from seg_perception.io.transforms import encode_tf
from seg_perception.pipeline.scan import Scan
from seg_perception.pipeline.scan_reader import ScanReader
from seg_perception.pipeline.transform_reader import TransformReader
from seg_perception.replay.decoding import read_cloud
from seg_perception.replay.inputs import find_inputs

KISS_ICP = "kiss-icp"
KINDS = (KISS_ICP,)
FRAME = "kiss_icp_odom"
"""In which the robot moves: begins where it stood at the first scan, z up as it stood."""

_INSTALL = (
    "--odometry kiss-icp needs the package kiss-icp: pip install -r requirements/odometry.txt in "
    "the checkout of seg_perception"
)
_LONGEST_M = 100.0
# Scans from which the first pace is taken.
_TO_BEGIN = 3
# Scans with fewer returns place nothing.
_FEWEST_RETURNS = 200
# Beyond what robots and cars can: change of speed from one scan to the next.
_ACCELERATION_MPS2, _SLACK_M = 20.0, 0.3


class Odometry(Protocol):
    """Places scans one after the other."""

    def register(
        self, xyz: NDArray[np.float64], T_last_guess: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Where the sensor is, float64 (4, 4), seen from where it was at the first scan.

        Args:
            xyz: float64 (N, 3), metre, returns as if measured at once.
            T_last_guess: float64 (4, 4), where it is expected, seen from the scan before.
        """
        ...


@dataclass(frozen=True)
class FoundMotion:
    """A bag with the motion that it lacks.

    Attributes:
        bag: with the motion's recording beside it.
        config: with the motion's frame as the one that rests.
        issues: what is to be said of it.
    """

    bag: BagSource
    config: Config
    issues: tuple[Issue, ...] = ()


@contextmanager
def with_odometry(bag: BagSource, config: Config, kind: str) -> Iterator[FoundMotion]:
    """A bag with the motion that one of its lidars tells; as it is where `kind` is empty.

    Raises:
        BagError: the bag can't be read.
        ConfigError: an unknown kind, no lidar, a package that is missing, or a bag whose own
            transforms move the lidar.
    """
    if not kind:
        yield FoundMotion(bag, config)
        return
    if kind not in KINDS:
        msg = f"--odometry: expected one of {list(KINDS)}, got {kind!r}"
        raise ConfigError(msg)
    with scratch_folder("odometry") as folder:
        yield find_motion(bag, config, folder / "motion.mcap")


def find_motion(bag: BagSource, config: Config, path: Path) -> FoundMotion:
    """Place the scans of a bag's first lidar, and write where the robot was into a new bag.

    Raises:
        BagError, ConfigError: as `with_odometry`.
    """
    source = bag if isinstance(bag, RemappedBag) else RemappedBag(Path(bag))
    with BagReader(source) as reader:
        # The first scan's points can be moved to one time only once it is known how it began.
        first = _Track(reader, config)
        first.place_all(KissIcp(config.transfer.min_range_m), _TO_BEGIN)
        track = _Track(reader, config, first.pace)
        track.place_all(KissIcp(config.transfer.min_range_m))
    poses = track.poses()
    topic = source.remappings.get(TF, TF)
    with BagWriter(path) as writer:
        for log_time_ns, transform in poses:
            writer.write(topic, encode_tf([transform]), log_time_ns)
    transforms = config.transforms.model_copy(update={"fixed_frame": FRAME})
    return FoundMotion(
        RemappedBag(source.path, source.remappings, (*source.beside, path)),
        config.model_copy(update={"transforms": transforms}),
        tuple(track.issues()),
    )


class KissIcp:
    """KISS-ICP with its authors' parameters, in one thread: the same scans give the same bytes."""

    def __init__(self, min_range_m: float) -> None:
        """Start at the origin.

        Raises:
            ConfigError: the package is not installed.
        """
        try:
            from kiss_icp.config import KISSConfig
            from kiss_icp.kiss_icp import KissICP
        except ImportError as error:
            raise ConfigError(_INSTALL) from error
        config = KISSConfig()
        config.data.max_range, config.data.min_range = _LONGEST_M, min_range_m
        config.data.deskew = False
        config.mapping.voxel_size = _LONGEST_M / 100
        config.registration.max_num_threads = 1
        self._engine: Any = KissICP(config)

    def register(
        self, xyz: NDArray[np.float64], T_last_guess: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Place a scan; see `Odometry`."""
        self._engine.last_delta = T_last_guess
        self._engine.register_frame(np.ascontiguousarray(xyz), np.zeros(0))
        pose: NDArray[np.float64] = np.array(self._engine.last_pose)
        return pose


_START, _SENSOR = "start", "sensor"
_ZERO_NS = 1_000 * NANOSECONDS


@dataclass(frozen=True, eq=False)
class _Pace:
    """A motion, float64 (4, 4), and the time that it took."""

    step: NDArray[np.float64]
    passed_ns: int

    def tree(self) -> TransformTree:
        """A sensor that goes on so: in `_START` at `_ZERO_NS`, a step on after its time."""
        tree = TransformTree(buffer_s=1e6, max_gap_s=1e6)
        for time_ns, T in (
            (_ZERO_NS - self.passed_ns, np.linalg.inv(self.step).astype(np.float64)),
            (_ZERO_NS, np.eye(4)),
            (_ZERO_NS + self.passed_ns, self.step),
        ):
            tree.set_timed(_START, _SENSOR, time_ns, T)
        return tree


class _Track:
    """The scans of one lidar, and where the robot was at each."""

    def __init__(self, reader: BagReader, config: Config, begins_at: _Pace | None = None) -> None:
        inputs = find_inputs(reader, config)
        lidars = {name: topic for topic, (kind, name) in inputs.clouds.items() if kind == "lidar"}
        if not lidars:
            msg = "--odometry needs a lidar: name one with --set lidar.NAME.topic=TOPIC"
            raise ConfigError(msg)
        self._name = next(name for name in config.lidars if name in lidars)
        self._topic = lidars[self._name]
        self._reader = reader
        self._scans = ScanReader(config.lidars, {}, times=config.transforms.deskew)
        self._frame = config.lidars[self._name].frame_id
        self._range = Range(config.transfer.min_range_m, _LONGEST_M)
        self._tree = _mounts(reader, inputs.transforms)
        self._placed: list[tuple[int, int, NDArray[np.float64]]] = []
        self._begins_at = begins_at
        self._jumps = 0

    def scans(self) -> Iterator[tuple[int, Scan]]:
        """When each was recorded, and the scan."""
        for message in self._reader.messages({self._topic}):
            try:
                cloud = read_cloud(message)
            except SegPerceptionError:
                continue  # said when the bag is worked on
            self._frame = self._frame or cloud.frame_id
            yield message.log_time_ns, self._scans.read(self._name, cloud)

    def place_all(self, odometry: Odometry, count: int | None = None) -> None:
        """Place the scans, or the first ones."""
        for log_time_ns, scan in islice(self.scans(), count):
            self.place(log_time_ns, scan, odometry)

    def place(self, log_time_ns: int, scan: Scan, odometry: Odometry) -> None:
        """Find where the sensor was at a scan's stamp."""
        if self._placed and scan.time_ns <= self._placed[-1][1]:
            return
        step = self._expected(scan.time_ns)
        xyz = self._at_stamp(scan)
        asked = self._range.classify(xyz, PointStatus.OUT_OF_VIEW)[1]
        if np.count_nonzero(asked) < _FEWEST_RETURNS:
            return
        pose = odometry.register(xyz[asked].astype(np.float64), step)
        self._watch(pose, step, scan.time_ns)
        self._placed.append((log_time_ns, scan.time_ns, pose))

    def _expected(self, time_ns: int) -> NDArray[np.float64]:
        """The motion since the last scan, if the robot goes on at its pace."""
        pace = self.pace
        if pace is None or not self._placed:
            return np.eye(4)
        # Beyond the time that the pace was taken over it is as good a guess as any.
        passed_ns = min(time_ns - self._placed[-1][1], pace.passed_ns)
        return pace.tree().lookup(_START, _SENSOR, _ZERO_NS + passed_ns)

    def _at_stamp(self, scan: Scan) -> NDArray[np.float32]:
        """The points where they would be at the scan's stamp, if the robot goes on at its pace."""
        pace = self.pace
        if scan.offsets_ns is None or pace is None:
            return scan.cloud.xyz
        reach_ns = max(abs(int(scan.offsets_ns.min())), abs(int(scan.offsets_ns.max())))
        if reach_ns > pace.passed_ns:
            return scan.cloud.xyz
        return deskew(scan.cloud, scan.offsets_ns, _ZERO_NS, pace.tree(), _SENSOR, _START)

    @property
    def pace(self) -> _Pace | None:
        """The robot's motion in the last two intervals, or as it began.

        Over one alone, errors of two scans would swing from one to the next.
        """
        if len(self._placed) < 2:
            return self._begins_at
        (_, before_ns, before), (_, last_ns, last) = self._placed[-3:][0], self._placed[-1]
        return _Pace(np.linalg.inv(before) @ last, last_ns - before_ns)

    def _watch(self, pose: NDArray[np.float64], step: NDArray[np.float64], time_ns: int) -> None:
        if len(self._placed) < 2:
            return
        _, last_ns, last = self._placed[-1]
        passed_s = (time_ns - last_ns) / NANOSECONDS
        off_m = float(np.linalg.norm(pose[:3, 3] - (last @ step)[:3, 3]))
        self._jumps += off_m > _SLACK_M + _ACCELERATION_MPS2 * passed_s**2

    def poses(self) -> list[tuple[int, StampedTransform]]:
        """When each is written, and the robot's pose: before the scan that needs it comes.

        Before the first and after the last stamp the robot went on as in the next interval.

        Raises:
            ConfigError: too few scans, or transforms that move the lidar already.
        """
        if len(self._placed) < 2:
            msg = (
                f"--odometry: expected two scans or more of lidar.{self._name} with "
                f"{_FEWEST_RETURNS} returns each, got {len(self._placed)}"
            )
            raise ConfigError(msg)
        root, T_root_sensor = self._root()
        every = _with_ends(self._placed)
        logged = [self._placed[0][0]] * 2 + [entry[0] for entry in self._placed]
        T_sensor_root = np.linalg.inv(T_root_sensor)
        return [
            (log_ns, StampedTransform(FRAME, root, time_ns, T_root_sensor @ pose @ T_sensor_root))
            for log_ns, (time_ns, pose) in zip(logged, every, strict=True)
        ]

    def issues(self) -> Iterator[Issue]:
        """What is found, and whether it can be."""
        places = np.array([pose[:3, 3] for _, _, pose in self._placed])
        way_m = float(np.linalg.norm(np.diff(places, axis=0), axis=1).sum())
        name = stream("lidar", self._name)
        yield Issue.of(LIDAR_ODOMETRY, name, frame=FRAME, scans=len(self._placed), way_m=way_m)
        if self._jumps:
            yield Issue.of(LIDAR_ODOMETRY_JUMPS, name, jumps=self._jumps, scans=len(self._placed))

    def _root(self) -> tuple[str, NDArray[np.float64]]:
        """The frame that carries the lidar, and where the lidar sits on it.

        Raises:
            ConfigError: the bag's own transforms move it.
        """
        root = self._tree.ancestors(self._frame)[-1]
        if root == self._frame:
            return root, np.eye(4)
        try:
            return root, self._tree.lookup(root, self._frame, 0)
        except TransformError as error:
            msg = (
                f"--odometry: the recording's own transforms move {self._frame} in {root}, which "
                "is its odometry; leave --odometry out"
            )
            raise ConfigError(msg) from error


def _with_ends(
    placed: list[tuple[int, int, NDArray[np.float64]]],
) -> list[tuple[int, NDArray[np.float64]]]:
    """Stamps and poses, with one more before the first and one after the last."""
    (_, t0, first), (_, t1, second) = placed[:2]
    (_, t2, last_but_one), (_, t3, last) = placed[-2:]
    before = first @ np.linalg.inv(second) @ first
    after = last @ np.linalg.inv(last_but_one) @ last
    middle = [(time_ns, pose) for _, time_ns, pose in placed]
    return [(2 * t0 - t1, before), *middle, (2 * t3 - t2, after)]


def _mounts(reader: BagReader, topics: tuple[str, ...]) -> TransformTree:
    """All transforms of a bag; of those that move, nothing is known at the time 0."""
    tree = TransformTree()
    transforms = TransformReader(tree, IssueLog())
    for message in reader.messages(set(topics)) if topics else ():
        with suppress(SegPerceptionError):  # said when the bag is worked on
            transforms.read(message.topic, message.message, static=message.topic == TF_STATIC)
    return tree
