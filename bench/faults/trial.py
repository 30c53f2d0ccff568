"""A recording through a replay's session, with a fault planted into it at some moment."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.faults.plants import Plant
from seg_perception.config import Config
from seg_perception.core.errors import BagError
from seg_perception.core.issue_log import Issue
from seg_perception.core.message_accounting import stream
from seg_perception.core.types import NANOSECONDS, CameraFrame, LabelMap, SemanticCloud
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.engine import Engine, create_engine
from seg_perception.inference.reading import Segmentation
from seg_perception.inference.segmenter import Segmenter
from seg_perception.inspection import inspect_bag
from seg_perception.io.bag_message import BagMessage
from seg_perception.io.bag_reader import BagReader
from seg_perception.pipeline.semantic_mapper import SemanticMapper
from seg_perception.replay.inputs import find_inputs
from seg_perception.replay.session import Session


@dataclass(frozen=True)
class Outcome:
    """What was said of the cameras.

    Attributes:
        seconds, pictures: of the recording.
        said: by code, the second in which it was said first.
        degraded: pictures that were not trusted.
    """

    seconds: float
    pictures: int
    said: dict[str, float]
    degraded: int


class Trials:
    """Replays of one recording; pictures that were labelled once are not labelled again."""

    def __init__(self, bag: Path) -> None:
        """Look what it holds; `bag` has uncompressed pictures of 8 bits in three colours."""
        self._bag = bag
        self._config = Config.from_parameters(inspect_bag(bag).parameters)
        self._answers: dict[int, Segmentation] = {}

    def run(
        self, plant: Plant | None = None, *, at_s: float = 0.0, until_s: float = np.inf
    ) -> Outcome:
        """Replay it, with a fault from a moment on, up to another (second)."""
        config = self._config
        bundle = Bundle.load(config.segmentation.bundle)
        with (
            BagReader(self._bag) as reader,
            closing(create_engine(bundle, config.segmentation, config.tensorrt)) as engine,
        ):
            segmenter = Segmenter(_Remembering(engine, self._answers), config.segmentation)
            session = Session(config, segmenter, find_inputs(reader, config), _Nowhere())
            session.prepare(reader)
            return _feed(session, reader, plant, at_s, until_s)


def _feed(
    session: Session, reader: BagReader, plant: Plant | None, at_s: float, until_s: float
) -> Outcome:
    said: dict[str, float] = {}
    pictures, seconds = 0, 0.0
    for message in _messages(reader, session):
        now_s = (message.log_time_ns - reader.start_ns) / NANOSECONDS
        if now_s > until_s:
            break
        seconds = now_s
        if message.topic in session.cameras:
            pictures += 1
            if plant is not None and seconds >= at_s:
                _spoil(message, plant)
        if plant is not None and seconds >= at_s and message.topic in session.inputs.lenses:
            _change_lens(message, plant.focal)
        session.feed(message)
        for issue in filter(_of_a_camera, session.perception.issues.all()):
            said.setdefault(issue.code, seconds)
    degraded = session.perception.accounting.degraded()
    pictures_so = sum(degraded.get(stream("camera", name), 0) for name in session.cameras.values())
    return Outcome(seconds, pictures, said, pictures_so)


class _Remembering:
    """An engine that is asked about each picture once."""

    def __init__(self, engine: Engine, answers: dict[int, Segmentation]) -> None:
        self._engine, self._answers = engine, answers
        self.bundle, self.description = engine.bundle, engine.description

    def infer(self, image: NDArray[np.uint8]) -> Segmentation:
        """Labels and confidence of a picture of the network's size."""
        key = zlib.crc32(image.tobytes())
        if key not in self._answers:
            self._answers[key] = self._engine.infer(image)
        return self._answers[key]

    def close(self) -> None:
        """Whoever opened the engine closes it."""


def _messages(reader: BagReader, session: Session) -> Iterator[BagMessage]:
    """All of them; a recording that was cut off ends where it does."""
    try:
        yield from reader.messages(session.topics)
    except BagError as error:
        print(f"({error})")


def _spoil(message: BagMessage, plant: Plant) -> None:
    image = message.message
    pixels = np.frombuffer(bytes(image.data), np.uint8).reshape(image.height, image.width, 3)
    image.data = plant.spoil(pixels).reshape(-1)


def _change_lens(message: BagMessage, focal: float) -> None:
    info = message.message
    info.k, info.p = np.array(info.k, float), np.array(info.p, float)
    for matrix, columns in ((info.k, 3), (info.p, 4)):
        matrix[[0, columns + 1]] *= focal


def _of_a_camera(issue: Issue) -> bool:
    return issue.stream.startswith("camera.") and issue.level != "note"


class _Nowhere:
    """Takes all results."""

    def write_legend(self, now_ns: int) -> None:
        """Leave it."""

    def write_label_map(self, label_map: LabelMap, frame: CameraFrame, now_ns: int) -> None:
        """Leave it."""

    def write_cloud(self, semantic: SemanticCloud, now_ns: int) -> None:
        """Leave it."""

    def write_map(self, mapper: SemanticMapper, now_ns: int) -> bool:
        """Leave it."""
        del mapper, now_ns
        return False

    def pass_on(self, message: BagMessage) -> None:
        """Leave it."""
