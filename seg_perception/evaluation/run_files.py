"""Scores the files of a data set: labelled by the core now, or by somebody before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.config import Config
from seg_perception.core.errors import SegPerceptionError
from seg_perception.core.message_accounting import MessageHandle, stream
from seg_perception.core.types import CameraFrame, LabelMap
from seg_perception.corruptions.catalogue import STRENGTHS, Corruption, corruptions_named
from seg_perception.datasets.folder import read_image
from seg_perception.datasets.masks import read_ids
from seg_perception.datasets.pairs import LabelReader
from seg_perception.datasets.semantic_kitti import read_labels, read_points
from seg_perception.evaluation.engines import engine_name, segmenter_of
from seg_perception.evaluation.job import FilePair, Job, Shard
from seg_perception.evaluation.run_bag import OnStep
from seg_perception.evaluation.samples import (
    CloudSample,
    FrameId,
    ImageSample,
    Sample,
    SpoiltLabels,
)
from seg_perception.evaluation.scorer import SizeError
from seg_perception.evaluation.shard_writer import ShardWriter
from seg_perception.evaluation.truth_files import read_truth, truth_reader
from seg_perception.geometry.transforms import TransformTree
from seg_perception.io.image_files import decode_file
from seg_perception.pipeline.perception import Perception
from seg_perception.replay.prefetch import prefetch

CAMERA = "images"
_SCANS = ".bin"


@dataclass
class _Loaded:
    """A pair, and what was read of it ahead of its use."""

    pair: FilePair
    reader: LabelReader
    image: NDArray[np.uint8] | None = None
    truth: Any = None
    error: SegPerceptionError | None = field(default=None)

    def load(self) -> None:
        """Read image and truth; an error is met by whoever uses them."""
        try:
            self.image = read_image(Path(self.pair.source))
            self.truth = read_truth(self.reader, self.pair)
            if self.truth.shape != self.image.shape[:2]:
                self._refuse(self.image.shape, self.truth.shape)
        except SegPerceptionError as error:
            self.error = error

    def _refuse(self, image: tuple[int, ...], truth: tuple[int, ...]) -> None:
        msg = (
            f"{self.pair.truth}: expected the image's size {image[1]}x{image[0]}, got "
            f"{truth[1]}x{truth[0]}"
        )
        raise SizeError(msg)


def run_images(job: Job, shard: Shard, writer: ShardWriter, on_step: OnStep) -> None:
    """Label the images of a data set and score them.

    Raises:
        BundleError, EngineError: the model can't be loaded or proven.
    """
    config = Config.from_parameters(job.parameters)
    segmenter = segmenter_of(config)
    core = Perception(config, segmenter.engine.bundle.ontology, TransformTree())
    spoilers = corruptions_named(job.corruptions)
    name = stream("camera", CAMERA)
    reader = truth_reader(job)
    with prefetch((_Loaded(pair, reader) for pair in shard.pairs), _Loaded.load) as loaded:
        for entry in loaded:
            handle = core.accounting.receive(name)

            def make(entry: _Loaded = entry, handle: MessageHandle = handle) -> Sample:
                sample = _label(entry, core, segmenter, writer, handle)
                return replace(sample, spoilt=partial(_spoilt, sample, spoilers, core, segmenter))

            writer.score(job.streams[0].stream, make)
            on_step(1)
    writer.counts = dict(core.accounting.snapshot())
    writer.engine = engine_name(segmenter)


def run_predictions(job: Job, shard: Shard, writer: ShardWriter, on_step: OnStep) -> None:
    """Score label files against label files."""
    reader = truth_reader(job)
    for pair in shard.pairs:

        def make(pair: FilePair = pair) -> Sample:
            return _scan(pair) if pair.source.endswith(_SCANS) else _labelled_image(pair, reader)

        writer.score(job.streams[0].stream, make)
        on_step(1)


def _label(
    entry: _Loaded, core: Perception, segmenter: Any, writer: ShardWriter, handle: MessageHandle
) -> ImageSample:
    try:
        if entry.error is not None:
            raise entry.error
        image = np.asarray(entry.image, np.uint8)
        frame = CameraFrame(CAMERA, image, entry.pair.stamp_ns, "")
        with writer.durations["segment"].measure():
            label_map = core.segment(frame, segmenter)
    except SegPerceptionError as error:
        handle.drop(error.reason)
        raise
    handle.publish()
    return ImageSample(
        _frame(entry.pair),
        entry.truth,
        label_map.labels,
        label_map.confidence,
        lambda: image,
        distance=_distance(label_map),
    )


def _spoilt(
    sample: ImageSample, corruptions: tuple[Corruption, ...], core: Perception, segmenter: Any
) -> Iterator[SpoiltLabels]:
    """The labels of a picture in every strength of every corruption."""
    if not corruptions:
        return
    image = np.asarray(sample.picture(), np.uint8)
    for corruption in corruptions:
        for strength in STRENGTHS:
            spoilt = corruption.apply(image, strength, sample.frame.name)
            frame = CameraFrame(CAMERA, spoilt, sample.frame.stamp_ns, "")
            found = core.segment(frame, segmenter)
            yield SpoiltLabels(
                corruption.name, strength, found.labels, found.confidence, _distance(found)
            )


def _distance(label_map: LabelMap) -> float | None:
    return label_map.distance.whole if label_map.distance else None


def _labelled_image(pair: FilePair, reader: LabelReader) -> Sample:
    truth, predicted = read_truth(reader, pair), read_ids(Path(pair.predicted))

    def picture() -> NDArray[np.uint8] | None:
        found = decode_file(Path(pair.source), cv2.IMREAD_COLOR)
        return None if found is None else np.asarray(cv2.cvtColor(found, cv2.COLOR_BGR2RGB), "u1")

    return ImageSample(_frame(pair), truth, predicted, None, picture)


def _scan(pair: FilePair) -> Sample:
    points = read_points(Path(pair.source))
    truth, _ = read_labels(Path(pair.truth))
    predicted, _ = read_labels(Path(pair.predicted))
    return CloudSample(
        frame=_frame(pair),
        truth=truth,
        predicted=predicted,
        confidence=None,
        xyz=points[:, :3],
        visible=None,
        T_fixed_cloud=None,
    )


def _frame(pair: FilePair) -> FrameId:
    return FrameId(pair.sequence, pair.unit, pair.name, pair.stamp_ns)
