"""Geometry as a teacher: a pixel takes the label of its place where many views agree on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.config import Config
from seg_perception.config.full_names import with_full_names
from seg_perception.core.errors import OpenVocabularyError
from seg_perception.core.issue_kinds.labels import PICTURE_NOT_PLACED
from seg_perception.core.issue_log import Issue
from seg_perception.core.ontology import Ontology
from seg_perception.fusion.voxels import Voxels
from seg_perception.inference.bundle import Bundle, sha256
from seg_perception.inference.engine import create_engine
from seg_perception.inference.segmenter import Segmenter
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.remapped_bag import BagSource
from seg_perception.open_vocabulary.frames import NamedFrame
from seg_perception.open_vocabulary.geometry.agreement import Agreement
from seg_perception.open_vocabulary.geometry.drive import DriveSink, Place
from seg_perception.open_vocabulary.geometry.painting import Places, paint
from seg_perception.open_vocabulary.regions import LEAST_SHARE
from seg_perception.open_vocabulary.unfinished import TaughtFrame
from seg_perception.open_vocabulary.words import Words
from seg_perception.pipeline.label_memory import GROUPING, staying_classes, tells_what_moves
from seg_perception.replay.inputs import find_inputs
from seg_perception.replay.replay import feed_all
from seg_perception.replay.session import Session

NAME = "geometry"
_NOT_SEEN = "the replay did not label it"


class GeometryLabeller:
    """Labels pictures of a drive by the map of it.

    Attributes:
        description: who says so.
        prunes: it knows all classes.
        issues: what was amiss on the drive.
    """

    prunes = False

    def __init__(
        self,
        voxels: Voxels,
        places: Mapping[str, Place | str],
        wishes: Agreement,
        words: Words,
        ontology: Ontology,
        description: str,
        issues: Sequence[Issue] = (),
    ) -> None:
        """Take what the drive told.

        Args:
            voxels: of the whole drive; what moves is among them, to hide what is behind it.
            places: of pictures, by name; why it is not known, where it is not.
            wishes: when views agree.
            words: the labels' classes, by their names in the ontology.
            ontology: of the voxels.
            description: who says so.
            issues: what was amiss on the drive.
        """
        self.description, self.issues = description, issues
        self._voxels, self._words = voxels, words
        self._origin = voxels.xyz.mean(axis=0)
        proven = voxels.counts >= wishes.views
        proven &= voxels.confidence >= wishes.share
        proven &= staying_classes(ontology)[voxels.labels]
        near = (voxels.xyz - self._origin).astype(np.float32)
        self._map = Places(near, voxels.labels, proven, wishes.voxel_m)
        self._places = places
        self._ids = _new_ids(ontology, words)

    def label(self, frames: Sequence[NamedFrame]) -> list[TaughtFrame]:
        """Labels of pictures, in their order; none where a picture's place is not known."""
        return [self._taught(frame) for frame in frames]

    def _taught(self, frame: NamedFrame) -> TaughtFrame:
        place = self._places.get(frame.name, _NOT_SEEN)
        numbers = np.full(frame.image.shape[:2], -1, np.int32)
        issues: tuple[Issue, ...] = ()
        if isinstance(place, str):
            issues = (Issue.of(PICTURE_NOT_PLACED, frame.stream, reason=place),)
        else:
            numbers = self._shown(place, (frame.image.shape[1], frame.image.shape[0]))
        if frame.blank is not None:
            numbers[frame.blank] = -1
        there = numbers >= 0
        labels = np.full(numbers.shape, self._words.label_space.unknown_id, np.uint8)
        confidence = np.zeros(numbers.shape, np.uint8)
        shown = numbers[there]
        labels[there] = self._ids[self._voxels.labels[shown]]
        confidence[there] = np.rint(self._voxels.confidence[shown] * 255)
        regions = list(self._regions(numbers, labels))
        names = [entry.name for entry in self._words.classes]
        nowhere = np.zeros(labels.shape, np.bool_)
        return TaughtFrame(labels, confidence, nowhere, regions, names, issues)

    def _shown(self, place: Place, size: tuple[int, int]) -> NDArray[np.int32]:
        """The voxel that each pixel of a picture shows, int32 (H, W), -1 for none."""
        numbers = paint(self._map, place.view.of_points_in(_moved(self._origin)))
        numbers[place.is_moving()] = -1
        return np.asarray(cv2.resize(numbers, size, interpolation=cv2.INTER_NEAREST))

    def _regions(
        self, numbers: NDArray[np.int32], labels: NDArray[np.uint8]
    ) -> Iterator[dict[str, Any]]:
        """Of each connected part who says so, with how many views and which share on average."""
        names = self._words.label_space.names
        for label in np.unique(labels[numbers >= 0]).tolist():
            own = ((labels == label) & (numbers >= 0)).astype(np.uint8)
            count, parts, stats, _ = cv2.connectedComponentsWithStats(own)
            for part in range(1, count):
                left, top, width, height, area = (int(value) for value in stats[part])
                if area < own.size * LEAST_SHARE:
                    continue
                shown = numbers[parts == part]
                yield {
                    "label": names[label],
                    "teacher": NAME,
                    "views": round(float(self._voxels.counts[shown].mean()), 1),
                    "score": round(float(self._voxels.confidence[shown].mean()), 4),
                    "area": area,
                    "bbox": (left, top, width, height),
                }


def open_drive(
    bag: BagSource,
    config: Config,
    wishes: Agreement,
    on_progress: Callable[[int, int], None] | None = None,
) -> tuple[GeometryLabeller, Words]:
    """Replay a drive, and let its map speak.

    Args:
        bag: any recording with a camera, a lidar and the robot's motion.
        config: as for a replay.
        wishes: when views agree.
        on_progress: hears of messages that are done, and of how many there are.

    Raises:
        BagError: it can't be read.
        BundleError, EngineError: the model can't be loaded or proven.
        OpenVocabularyError: it has no lidar, nothing is known of the motion, the model does not say
            what moves, or no scan got a label.
    """
    _expect_sensors(config, bag)
    config = _of_whole_pictures(config)
    with BagReader(bag) as reader:
        config = with_full_names(config, {topic.name for topic in reader.topics})
        inputs = find_inputs(reader, config)
        bundle = Bundle.load(config.segmentation.bundle)
        ontology = bundle.ontology
        _expect_moving_known(ontology)
        sink = DriveSink(config, ontology, wishes)
        with closing(create_engine(bundle, config.segmentation, config.tensorrt)) as engine:
            segmenter = Segmenter(engine, config.segmentation)
            who = f"bundle {bundle.manifest.name} {bundle.manifest.version}"
            session = Session(config, segmenter, inputs, sink)
            sink.follow(session.perception.motion)
            feed_all(session, reader, inputs.topics, on_progress)
    sink.finish()
    issues = [*session.issues(), *sink.issues.all()]
    voxels = sink.mapper.voxels()
    if not len(voxels):
        told = "; ".join(str(issue) for issue in issues) or "it has no scans"
        msg = f"{reader.path}: no scan was labelled and placed, so that no views can agree: {told}"
        raise OpenVocabularyError(msg)
    words = Words.of_classes(ontology)
    said = f"{NAME}: {sink.views} views of labels by {who} ({sha256(bundle.model_path)[:8]})"
    return GeometryLabeller(voxels, sink.places, wishes, words, ontology, said, issues), words


def _of_whole_pictures(config: Config) -> Config:
    """Labels in the pictures' own size, of cameras and lidars alone."""
    enlarged = config.segmentation.model_copy(update={"output_size": "input"})
    return config.model_copy(update={"radars": {}, "segmentation": enlarged})


def _expect_sensors(config: Config, bag: BagSource) -> None:
    lacking = "lidar" if not config.lidars else ""
    if not lacking and not config.transforms.fixed_frame:
        lacking = "odometry (transforms.fixed_frame)"
    if lacking:
        msg = (
            f"{bag}: geometry teaches by scans that are placed by the robot's motion, and there is "
            f"no {lacking}; name it in --config, or take another teacher"
        )
        raise OpenVocabularyError(msg)


def _expect_moving_known(ontology: Ontology) -> None:
    if not tells_what_moves(ontology):
        msg = (
            f"ontology {ontology.name}: nothing says which classes move, and what moves leaves "
            f"wrong labels behind; give it a grouping {GROUPING!r} of static and movable"
        )
        raise OpenVocabularyError(msg)


def _new_ids(ontology: Ontology, words: Words) -> NDArray[np.uint8]:
    """The labels' id of every id of the model, uint8 (256 or 65536,)."""
    space = words.label_space
    ids = np.full(ontology.unknown_id + 1, space.unknown_id, np.uint8)
    for name, number in ontology.ids.items():
        ids[number] = space.ids.get(name, space.unknown_id)
    return ids


def _moved(by: NDArray[np.float64]) -> NDArray[np.float64]:
    T = np.eye(4)
    T[:3, 3] = by
    return T
