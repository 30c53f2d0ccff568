"""Scores a bag: labelled by the core now, or as it was labelled before."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.config import Config
from seg_perception.config.input_topics import TF, TF_STATIC
from seg_perception.core.errors import BagError, SegPerceptionError
from seg_perception.evaluation.confusion import Labels
from seg_perception.evaluation.engines import segmenter_of
from seg_perception.evaluation.ground_truth import LABEL_FIELDS, confidence_in, ids_in
from seg_perception.evaluation.ground_truth_matcher import (
    BothSinks,
    CloudLabels,
    GroundTruthMatcher,
    ImageLabels,
    ScoringSink,
)
from seg_perception.evaluation.job import Job, Shard
from seg_perception.evaluation.shard_writer import ShardWriter
from seg_perception.geometry.transforms import TransformTree
from seg_perception.inference.segmenter import Segmenter
from seg_perception.io.bag_message import BagMessage
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.images import decode_label_image
from seg_perception.io.messages import stamp_to_ns
from seg_perception.io.pointcloud2 import decode_cloud
from seg_perception.io.transforms import decode_tf
from seg_perception.replay.decoding import decode_ahead
from seg_perception.replay.inputs import Inputs, find_inputs
from seg_perception.replay.prefetch import prefetch
from seg_perception.replay.session import Session
from seg_perception.replay.sink import BagSink, Sink

OnStep = Callable[[int], None]
_RECENT_PICTURES = 24
_NS = 1e-9


def run_bag(job: Job, shard: Shard, recorder: ShardWriter, on_step: OnStep, keep: str = "") -> None:
    """Label a bag and score it in one pass.

    Args:
        job: what is scored.
        shard: which bag.
        recorder: takes the results.
        on_step: called with the number of messages that were done.
        keep: where the labelled bag is kept, too; empty: nowhere.

    Raises:
        BagError: it can't be read at all, or lacks a topic that is configured.
        BundleError, EngineError: the model can't be loaded or proven.
    """
    config = Config.from_parameters(job.parameters)
    with ExitStack() as stack:
        reader = stack.enter_context(BagReader(shard.path))
        inputs = find_inputs(reader, config)
        segmenter = segmenter_of(config)
        desk = GroundTruthMatcher(job, recorder, shard.sequence, reader.duration_s, TransformTree())
        kinds = {name: kind for kind, name in inputs.clouds.values()}
        sink: Sink = ScoringSink(desk, config.transforms.fixed_frame, kinds)
        if keep:
            writer = stack.enter_context(BagWriter(keep))
            passed_on = {*inputs.lenses, *inputs.transforms}
            ontology = segmenter.engine.bundle.ontology
            sink = BothSinks(sink, BagSink(writer, config, ontology, passed_on))
        session = Session(config, segmenter, inputs, sink, job.latency_ns)
        desk.transforms = session.perception.transforms
        _feed(session, reader, desk, shard, inputs, recorder, on_step)
        _close(session, desk, recorder, segmenter)


def run_labelled_bag(job: Job, shard: Shard, recorder: ShardWriter, on_step: OnStep) -> None:
    """Score a bag that was labelled before.

    Raises:
        BagError: it can't be read at all, or lacks a topic.
    """
    with ExitStack() as stack:
        reader = stack.enter_context(BagReader(shard.path))
        desk = GroundTruthMatcher(job, recorder, shard.sequence, reader.duration_s, TransformTree())
        labels = _RecordedLabels(job, desk, recorder)
        own = {topic.name for topic in reader.topics if topic.count}
        topics = {t for t in labels.topics if t in own}
        separate = shard.truth_path != ""
        if not separate:
            topics |= desk.topics
        _read_static(reader, desk.transforms)
        truths = _truths(stack, shard, desk)
        merged = heapq.merge(_tagged(reader.messages(topics), "bag"), truths, key=_time)
        with prefetch(merged, _decode_tagged) as messages:
            try:
                for message, origin in messages:
                    if origin == "bag":
                        labels.take(message)
                    if origin == "truth" or not separate:
                        desk.add_truth(message)
                    on_step(1)
            except BagError as error:
                recorder.problems.append(str(error))
        desk.finish()
        recorder.problems.extend(reader.warnings)


class _RecordedLabels:
    """Reads the labels, the pictures and the transforms of a labelled bag."""

    def __init__(self, job: Job, desk: GroundTruthMatcher, recorder: ShardWriter) -> None:
        self._desk = desk
        self._recorder = recorder
        self._ontology = job.model_ontology
        self._fixed_frame = str(job.parameters.get("transforms.fixed_frame", ""))
        self._streams = {entry.labels: entry for entry in job.streams}
        self._cameras = {topic: name for name, topic in job.image_topics.items()}
        self._pictures: dict[str, dict[int, BagMessage]] = {n: {} for n in job.image_topics}
        self.topics = {*self._streams, *self._cameras, TF, TF_STATIC}

    def take(self, message: BagMessage) -> None:
        """Take a message; what can't be read is counted."""
        if message.topic in (TF, TF_STATIC):
            _take_transforms(message, self._desk.transforms)
        elif message.topic in self._cameras:
            self._keep_picture(self._cameras[message.topic], message)
        if entry := self._streams.get(message.topic):
            labels: ImageLabels | CloudLabels
            try:
                is_image = entry.kind == "image"
                labels = self._image(entry.stream, message) if is_image else self._cloud(message)
            except SegPerceptionError as error:
                self._recorder.tally(entry.stream).refused[error.reason] += 1
                self._recorder.notes.add(entry.stream, error)
                return
            self._add_latency(message)
            self._desk.add_labels(entry.stream, labels)

    def _image(self, name: str, message: BagMessage) -> ImageLabels:
        stamp_ns = stamp_to_ns(message.message.header.stamp)
        pictures = self._pictures.get(name, {})

        def picture() -> NDArray[np.uint8] | None:
            found = pictures.get(stamp_ns)
            if found is None:
                return None
            decode_ahead(found)
            return None if found.decoded is None else np.asarray(found.decoded, np.uint8)

        return ImageLabels(stamp_ns, decode_label_image(message.message), None, picture)

    def _cloud(self, message: BagMessage) -> CloudLabels:
        cloud = decode_cloud(message.message)
        points = cloud.points.reshape(-1)
        labels = self._with_unknown(ids_in(points, LABEL_FIELDS, message.topic))
        pose = self._desk.fixed_pose(self._fixed_frame, cloud)
        return CloudLabels(cloud.stamp_ns, labels, confidence_in(points), cloud, pose)

    def _with_unknown(self, labels: Labels) -> Labels:
        """Some data sets have a class for points without a label; here they have none."""
        written = self._ontology.cloud_unknown_id
        if written == self._ontology.unknown_id:
            return labels
        unknown = labels.dtype.type(self._ontology.unknown_id)
        return np.where(labels == written, unknown, labels)

    def _keep_picture(self, name: str, message: BagMessage) -> None:
        pictures = self._pictures[name]
        pictures[stamp_to_ns(message.message.header.stamp)] = message
        if len(pictures) > _RECENT_PICTURES:
            del pictures[next(iter(pictures))]

    def _add_latency(self, message: BagMessage) -> None:
        """From the stamp to the recording; a stamp of another clock tells nothing."""
        delay_s = (message.log_time_ns - stamp_to_ns(message.message.header.stamp)) * _NS
        if 0 <= delay_s < 3600:
            self._recorder.durations[f"stamp to recording, {message.topic}"].add(delay_s)


def _feed(
    session: Session,
    reader: BagReader,
    desk: GroundTruthMatcher,
    shard: Shard,
    inputs: Inputs,
    recorder: ShardWriter,
    on_step: OnStep,
) -> None:
    """Feed the bag to its end, or to where it is damaged."""
    separate = shard.truth_path != ""
    topics = inputs.topics if separate else inputs.topics | desk.topics
    session.prepare(reader)
    with ExitStack() as stack:
        truths = _truths(stack, shard, desk)
        merged = heapq.merge(_tagged(reader.messages(topics), "bag"), truths, key=_time)
        messages = stack.enter_context(
            prefetch(merged, lambda tagged: session.decode_ahead(tagged[0]))
        )
        try:
            for message, origin in messages:
                # What only the truth needs must not move the session's clock.
                if origin == "truth" or message.topic not in inputs.topics:
                    desk.add_truth(message)
                else:
                    session.feed(message)
                on_step(1)
        except BagError as error:
            recorder.problems.append(str(error))
    session.finish()
    recorder.problems.extend(reader.warnings)


def _close(
    session: Session, desk: GroundTruthMatcher, recorder: ShardWriter, segmenter: Segmenter
) -> None:
    """Everything that is known at the end."""
    desk.finish()
    recorder.counts = dict(session.perception.accounting.snapshot())
    for name, histogram in session.durations.stages().items():
        recorder.durations[name].add_counts(*histogram.counts())
    recorder.remarks.extend(session.notes.lines())
    found = session.perception.conventions.found
    recorder.remarks.extend(f"camera.{camera}: {words}" for camera, words in found.items())
    recorder.problems.extend(session.problems())
    recorder.engine = engine_name(segmenter)


def engine_name(segmenter: Segmenter) -> str:
    """The engine in one line, without what differs from run to run."""
    engine: Any = segmenter.engine
    return str(getattr(engine, "engine", engine).description)


def _truths(
    stack: ExitStack, shard: Shard, desk: GroundTruthMatcher
) -> Iterator[tuple[BagMessage, str]]:
    if not shard.truth_path or not desk.topics:
        return iter(())
    reader = stack.enter_context(BagReader(Path(shard.truth_path)))
    return _tagged(reader.messages(desk.topics), "truth")


def _tagged(messages: Iterator[BagMessage], origin: str) -> Iterator[tuple[BagMessage, str]]:
    return ((message, origin) for message in messages)


def _time(tagged: tuple[BagMessage, str]) -> int:
    return tagged[0].log_time_ns


def _decode_tagged(tagged: tuple[BagMessage, str]) -> None:
    """Deserialise; a picture's pixels are decoded only where it is kept."""
    try:
        _ = tagged[0].message
    except SegPerceptionError:
        return


def _read_static(reader: BagReader, transforms: TransformTree) -> None:
    if any(topic.name == TF_STATIC and topic.count for topic in reader.topics):
        for message in reader.messages({TF_STATIC}):
            _take_transforms(message, transforms)


def _take_transforms(message: BagMessage, transforms: TransformTree) -> None:
    try:
        for edge in decode_tf(message.message):
            if message.topic == TF_STATIC:
                transforms.set_static(edge.parent, edge.child, edge.T_parent_child)
            else:
                transforms.set_timed(edge.parent, edge.child, edge.stamp_ns, edge.T_parent_child)
    except SegPerceptionError:
        # A cloud whose pose is not known is scored without the agreement across time.
        return
