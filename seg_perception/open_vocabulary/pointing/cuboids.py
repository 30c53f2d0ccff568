"""Cuboids of the world, in each picture of a bag that shows them."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seg_perception.active_learning.summary import file_name
from seg_perception.config import Config
from seg_perception.config.full_names import with_full_names
from seg_perception.config.input_topics import TF, TF_STATIC
from seg_perception.core.errors import (
    CalibrationError,
    ConventionError,
    OpenVocabularyError,
    SegPerceptionError,
    TransformError,
)
from seg_perception.core.issue_kinds.labels import (
    CUBOID_HIDDEN,
    CUBOID_OUTSIDE,
    CUBOID_UNNAMED,
    NO_CUBOIDS,
    PICTURE_NOT_PLACED,
)
from seg_perception.core.issue_log import Issue, IssueLog
from seg_perception.core.types import NANOSECONDS, LabelMap, clean_frame_id
from seg_perception.datasets.viking_hill import CuboidRules, read_cuboids
from seg_perception.geometry.camera import CameraModel
from seg_perception.io.bag_message import BagMessage
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.messages import header_of, stamp_to_ns
from seg_perception.io.remapped_bag import BagSource
from seg_perception.open_vocabulary.frames import NamedFrame
from seg_perception.open_vocabulary.pointing.detections import (
    DETECTIONS,
    NamedCuboids,
    decode_detections,
)
from seg_perception.open_vocabulary.pointing.known import Known, Pointed
from seg_perception.open_vocabulary.pointing.outline import hidden, outlines
from seg_perception.open_vocabulary.pointing.truth import LEAST_PX, THRESHOLD
from seg_perception.open_vocabulary.prompts import Prompt
from seg_perception.open_vocabulary.words import WordClass, Words
from seg_perception.pipeline.ego_motion import EgoMotion
from seg_perception.pipeline.frame_convention import FrameConventionDetector
from seg_perception.pipeline.sensor_state import SensorState
from seg_perception.replay.inputs import Inputs, find_inputs

# Transforms and detections are recorded at most so long after the picture that they are of.
_LATE_NS = 2 * NANOSECONDS
# What a detector's class must not be called: it has no label.
_IGNORE = "ignore"


@dataclass(frozen=True, eq=False)
class CuboidSight:
    """What of the cuboids is before a picture.

    Attributes:
        lens: of the picture.
        parts: cuboids, and the T (4, 4) from their frame into the camera's optical one.
    """

    lens: CameraModel
    parts: tuple[tuple[NamedCuboids, NDArray[np.float64]], ...]


class CuboidPointer:
    """Points at the boxes of cuboids.

    Attributes:
        description: whose cuboids.
        issues: what was amiss with the bag.
        words: the classes of the cuboids.
    """

    def __init__(
        self,
        sights: Mapping[str, CuboidSight | str],
        words: Words,
        description: str,
        issues: Sequence[Issue] = (),
    ) -> None:
        """Take what each picture shows, by its name, or why that is not known."""
        self.description, self.issues, self.words = description, issues, words
        self._sights = sights
        self._places = {entry.name: place for place, entry in enumerate(words.classes)}

    def known(self, frame: NamedFrame) -> Pointed:
        """The box of every cuboid that is to be seen."""
        sight = self._sights.get(frame.name, "it is not among the bag's pictures")
        if isinstance(sight, str):
            return Pointed((), (Issue.of(PICTURE_NOT_PLACED, frame.stream, reason=sight),))
        height, width = frame.image.shape[:2]
        if (sight.lens.width, sight.lens.height) != (width, height):
            reason = f"its lens is of {sight.lens.width}x{sight.lens.height}"
            return Pointed((), (Issue.of(PICTURE_NOT_PLACED, frame.stream, reason=reason),))
        known: list[Known] = []
        issues: dict[tuple[str, str], Issue] = {}
        for cuboids, T in sight.parts:
            self._point(cuboids, T, sight.lens, (known, issues), frame.stream)
        return Pointed(known, tuple(issues.values()))

    def _point(
        self,
        named: NamedCuboids,
        T: NDArray[np.float64],
        lens: CameraModel,
        into: tuple[list[Known], dict[tuple[str, str], Issue]],
        stream: str,
    ) -> None:
        known, issues = into
        found = outlines(named.cuboids, T, lens)
        behind = hidden(found, (lens.width, lens.height))
        for one in found:
            name = named.names[one.number]
            if name in self._places and one.number not in behind:
                known.append(Known(self._places[name], Prompt(box=one.box)))
        outside = set(range(len(named.names))) - {one.number for one in found}
        for kind, numbers in ((CUBOID_OUTSIDE, outside), (CUBOID_HIDDEN, behind)):
            for name in sorted({named.names[n] for n in numbers} & set(self._places)):
                issue = Issue.of(kind, stream, label=name, least=LEAST_PX)
                issues[kind.code, name] = issue


def of_export(bag: BagSource, config: Config, export: Path, rules: str) -> CuboidPointer:
    """The cuboids of a segments.ai export, as Viking Hill has them, before a bag's pictures.

    Args:
        bag: the recording.
        config: as for a replay.
        export: the JSON file.
        rules: name of the rules that say what its classes are, and in which frame they lie.

    Raises:
        DatasetError: it is no such file.
        BagError: the bag can't be read.
    """
    chosen = CuboidRules.load(rules)
    cuboids = read_cuboids(export)
    words = Words(
        name=chosen.ontology,
        ontology=chosen.ontology,
        threshold=THRESHOLD,
        classes=tuple(WordClass(name=name) for name in chosen.priority if name != _IGNORE),
    )
    names = tuple(words.label_space.names.get(n, "") for n in cuboids.classes.tolist())
    all_ = NamedCuboids(None, chosen.frame, names, cuboids)
    drive = _Drive(bag, config, all_)
    return CuboidPointer(drive.sights, words, f"cuboids of {export}", drive.issues.all())


def of_detections(bag: BagSource, config: Config) -> CuboidPointer:
    """The cuboids that a bag's vision_msgs/Detection3DArray hold.

    Raises:
        BagError: the bag can't be read.
        OpenVocabularyError: it has no such topic, or no detection of a class.
    """
    drive = _Drive(bag, config, None)
    if not drive.names:
        msg = (
            f"{getattr(bag, 'path', bag)}: expected detections of classes on a topic of "
            f"{DETECTIONS}, got none; record it, or name a file of cuboids with --prompts FILE.json"
        )
        raise OpenVocabularyError(msg)
    classes = tuple(WordClass(name=name) for name in sorted(drive.names))
    words = Words(name="detected", threshold=THRESHOLD, classes=classes)
    return CuboidPointer(drive.sights, words, DETECTIONS, drive.issues.all())


class _Drive:
    """A bag that is read once for what is before each of its pictures.

    Attributes:
        sights: by the name of a picture.
        names: of all classes that were detected.
        issues: what is amiss.
    """

    def __init__(self, bag: BagSource, config: Config, everywhere: NamedCuboids | None) -> None:
        self.sights: dict[str, CuboidSight | str] = {}
        self.names: set[str] = set()
        self.issues = IssueLog()
        self._everywhere = everywhere
        self._gap_s = config.synchronizer.max_gap_s
        self._waiting: deque[tuple[int, LabelMap | None, str]] = deque()
        self._detected: deque[NamedCuboids] = deque()
        with BagReader(bag) as reader:
            self._config = with_full_names(config, {topic.name for topic in reader.topics})
            inputs = find_inputs(reader, self._config)
            topics = {t.name for t in reader.topics if t.type == DETECTIONS}
            self._detections = topics if everywhere is None else set()
            self._state = SensorState(self._config, self.issues)
            conventions = FrameConventionDetector(self._config, self.issues)
            tree = self._state.transforms.tree
            self._motion = EgoMotion(self._config, tree, conventions)
            self._read(reader, inputs)

    def _read(self, reader: BagReader, inputs: Inputs) -> None:
        odometry = {inputs.odometry} - {""}
        asked = {*inputs.images, *inputs.lenses, *inputs.transforms, *odometry, *self._detections}
        if TF_STATIC in inputs.transforms:
            for message in reader.messages({TF_STATIC}):
                self._state.transforms.read(TF_STATIC, message.message, static=True)
        for message in reader.messages(asked):
            try:
                self._take(message, inputs)
            except SegPerceptionError as error:
                self.issues.add_error(message.topic, error)
            while self._waiting and self._waiting[0][0] < message.log_time_ns - _LATE_NS:
                self._place(*self._waiting.popleft()[1:])
        while self._waiting:
            self._place(*self._waiting.popleft()[1:])

    def _take(self, message: BagMessage, inputs: Inputs) -> None:
        topic = message.topic
        if topic in self._detections:
            self._take_detections(decode_detections(message.message))
        elif topic == TF:
            self._state.transforms.read(TF, message.message, static=False)
        elif topic == inputs.odometry:
            self._state.transforms.read_odometry(topic, message.message)
        elif topic in inputs.lenses:
            for camera in inputs.lenses[topic]:
                self._state.take_camera_info(camera, message.message)
        elif topic in inputs.images:
            self._wait(inputs.images[topic], message)

    def _wait(self, camera: str, message: BagMessage) -> None:
        """Keep a picture's camera, stamp and lens until what is recorded later has come."""
        header = header_of(message.message)
        stamp_ns = stamp_to_ns(header.stamp)
        lens = self._state.calibration(camera)
        exposure = None
        if lens is not None:
            nothing = np.broadcast_to(np.uint8(0), (lens.height, lens.width))
            frame_id = clean_frame_id(header.frame_id)
            exposure = LabelMap(camera, nothing, nothing, stamp_ns, frame_id, lens)
        name = file_name(camera, stamp_ns)
        self._waiting.append((message.log_time_ns, exposure, name))

    def _take_detections(self, found: NamedCuboids) -> None:
        for _ in range(found.unnamed):
            self.issues.add(CUBOID_UNNAMED, "")
        self.names.update(found.names)
        self._detected.append(found)
        oldest_ns = (found.stamp_ns or 0) - 4 * _LATE_NS
        while (self._detected[0].stamp_ns or 0) < oldest_ns:
            self._detected.popleft()

    def _place(self, exposure: LabelMap | None, name: str) -> None:
        if exposure is None or exposure.calibration is None:
            self.sights[name] = "no camera_info came before it"
            return
        rectified = self._config.cameras[exposure.camera].rectified
        try:
            lens = CameraModel.from_calibration(exposure.calibration, rectified=rectified)
            parts = tuple(
                (part, self._motion.T_camera_frame(exposure, part.frame, stamp_ns))
                for part, stamp_ns in self._parts(exposure)
            )
        except (CalibrationError, ConventionError, TransformError) as error:
            self.sights[name] = str(error)
            return
        if not parts:
            self.issues.add(NO_CUBOIDS, f"camera.{exposure.camera}", gap_s=self._gap_s)
        self.sights[name] = CuboidSight(lens, parts)

    def _parts(self, exposure: LabelMap) -> list[tuple[NamedCuboids, int]]:
        """The cuboids of a picture, and the time at which their frame is meant."""
        time_ns = self._motion.image_time_ns(exposure)
        if self._everywhere is not None:
            return [(self._everywhere, time_ns)]
        nearest: dict[str, tuple[int, NamedCuboids]] = {}
        for found in self._detected:
            gap_ns = abs((found.stamp_ns or 0) - time_ns)
            before = nearest.get(found.frame)
            if gap_ns <= self._gap_s * NANOSECONDS and (before is None or gap_ns < before[0]):
                nearest[found.frame] = (gap_ns, found)
        return [(found, found.stamp_ns or time_ns) for _, found in nearest.values()]
