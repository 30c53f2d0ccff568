"""Scores a bag: labelled by the core now, or as it was labelled before."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from seg_perception.config import Config
from seg_perception.config.input_topics import TF, TF_STATIC
from seg_perception.core.errors import BagError, SegPerceptionError
from seg_perception.evaluation.engines import engine_name, segmenter_of
from seg_perception.evaluation.ground_truth_matcher import GroundTruthMatcher
from seg_perception.evaluation.job import Job, Shard
from seg_perception.evaluation.piece_feed import Feed, make_feed, origins_of
from seg_perception.evaluation.recorded_labels import RecordedLabels
from seg_perception.evaluation.scoring_sink import BothSinks, ScoringSink
from seg_perception.evaluation.shard_writer import ShardWriter
from seg_perception.geometry.transforms import TransformTree
from seg_perception.inference.segmenter import Segmenter
from seg_perception.io.bag_message import BagMessage
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter
from seg_perception.replay.inputs import find_inputs
from seg_perception.replay.lidar_odometry import with_odometry
from seg_perception.replay.prefetch import prefetch
from seg_perception.replay.session import Session
from seg_perception.replay.sink import BagSink, Sink

OnStep = Callable[[int], None]


def run_bag(job: Job, shard: Shard, writer: ShardWriter, on_step: OnStep, keep: str = "") -> None:
    """Label a bag and score it in one pass.

    Args:
        job: what is scored.
        shard: which bag.
        writer: takes the results.
        on_step: called with the number of messages that were done.
        keep: where the labelled bag is kept, too; empty: nowhere.

    Raises:
        BagError: it can't be read at all, or lacks a topic that is configured.
        BundleError, EngineError: the model can't be loaded or proven.
    """
    config = Config.from_parameters(job.parameters)
    with ExitStack() as stack:
        motion = stack.enter_context(with_odometry(job.remapped(shard), config, job.odometry))
        config = motion.config
        writer.remarks.extend(map(str, motion.issues))
        reader = stack.enter_context(BagReader(motion.bag))
        inputs = find_inputs(reader, config)
        segmenter = segmenter_of(config)
        matcher = GroundTruthMatcher(
            job,
            writer,
            shard.sequence,
            reader.duration_s,
            TransformTree(),
            origins_of(shard),
        )
        kinds = {name: kind for kind, name in inputs.clouds.values()}
        sink: Sink = ScoringSink(matcher, config.transforms.fixed_frame, kinds)
        if keep:
            kept = stack.enter_context(BagWriter(keep))
            passed_on = {*inputs.lenses, *inputs.transforms}
            ontology = segmenter.engine.bundle.ontology
            sink = BothSinks(sink, BagSink(kept, config, ontology, passed_on))
        session = Session(config, segmenter, inputs, sink, job.latency_ns)
        matcher.transforms = session.perception.transforms
        session.prepare(reader)
        labels = _Labels(inputs.topics, session.feed, session.decode_ahead, session.finish)
        sensors = {*inputs.images, *inputs.clouds}
        feed = make_feed(shard, sensors, writer, matcher, session)
        _feed(reader, shard, labels, feed, matcher, writer, on_step)
        _describe(session, segmenter, writer)


def run_labelled_bag(job: Job, shard: Shard, writer: ShardWriter, on_step: OnStep) -> None:
    """Score a bag that was labelled before.

    Raises:
        BagError: it can't be read at all, or lacks a topic of labels or of their truth.
    """
    with BagReader(job.remapped(shard)) as reader:
        matcher = GroundTruthMatcher(
            job,
            writer,
            shard.sequence,
            reader.duration_s,
            TransformTree(),
            origins_of(shard),
        )
        recorded = RecordedLabels(job, matcher, writer)
        recorded.read_static(reader)
        topics = recorded.topics(reader)
        labels = _Labels(topics, recorded.feed, recorded.decode_ahead, lambda: None)
        feed = make_feed(shard, topics - {TF, TF_STATIC}, writer, matcher)
        _feed(reader, shard, labels, feed, matcher, writer, on_step)


@dataclass(frozen=True)
class _Labels:
    """Who makes labels of a bag's messages, or reads them.

    Attributes:
        topics: of the messages that it takes.
        feed: takes a message.
        decode_ahead: prepares one that is fed soon; called from another thread.
        finish: completes what still waits.
    """

    topics: set[str]
    feed: Callable[[BagMessage], None]
    decode_ahead: Callable[[BagMessage], None]
    finish: Callable[[], None]

    def prepare(self, tagged: tuple[BagMessage, bool]) -> None:
        """Decode a message of the bag or of its truth before it is used."""
        message, in_bag = tagged
        if in_bag and message.topic in self.topics:
            self.decode_ahead(message)
            return
        with suppress(SegPerceptionError):
            _ = message.message


def _feed(
    reader: BagReader,
    shard: Shard,
    labels: _Labels,
    feed: Feed,
    matcher: GroundTruthMatcher,
    writer: ShardWriter,
    on_step: OnStep,
) -> None:
    """Feed a bag and its truth in the order of their times, to the end or to where one is damaged.

    A message that only the truth needs is kept from who makes the labels: it must not move
    their clock.
    """
    truth_in_bag = set() if shard.truth_path else matcher.topics
    bag = feed.of_bag(reader, labels.topics | truth_in_bag)
    damage = ""
    with ExitStack() as stack:
        truths = _truths(stack, shard, matcher, feed)
        merged = heapq.merge(((m, True) for m in bag), ((m, False) for m in truths), key=_time)
        messages = stack.enter_context(prefetch(merged, labels.prepare))
        try:
            for message, in_bag in messages:
                feed.at(message.log_time_ns)
                if in_bag and message.topic in labels.topics:
                    labels.feed(message)
                if not in_bag or message.topic in truth_in_bag:
                    matcher.add_truth(message)
                on_step(1)
        except BagError as error:
            damage = str(error)
            writer.problems.append(damage)
    if feed.is_last:
        labels.finish()
        matcher.finish()
    writer.problems.extend(reader.warnings)
    feed.end(damage or "; ".join(reader.warnings))


def _truths(
    stack: ExitStack, shard: Shard, matcher: GroundTruthMatcher, feed: Feed
) -> Iterator[BagMessage]:
    """The messages of the other bag that holds the truth; none where the bag itself does."""
    if not shard.truth_path or not matcher.topics:
        return iter(())
    reader = stack.enter_context(BagReader(Path(shard.truth_path)))
    return feed.of_truth(reader, matcher.topics)


def _time(tagged: tuple[BagMessage, bool]) -> int:
    return tagged[0].log_time_ns


def _describe(session: Session, segmenter: Segmenter, writer: ShardWriter) -> None:
    """What the core says about its way through the bag."""
    writer.counts = dict(session.perception.accounting.snapshot())
    writer.durations.add_counts(session.durations.counts())
    for issue in session.issues():
        (writer.problems if issue.level == "error" else writer.remarks).append(str(issue))
    writer.engine = engine_name(segmenter)
