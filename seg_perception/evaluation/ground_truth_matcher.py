"""Scores what a session makes, while it makes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import SegPerceptionError, TransformError
from seg_perception.core.message_accounting import stream
from seg_perception.core.types import CameraFrame, LabelMap, PointCloud, SemanticCloud
from seg_perception.evaluation.bootstrap import BootstrapBlocks
from seg_perception.evaluation.ground_truth import (
    CloudGroundTruth,
    FieldGroundTruth,
    load_cuboids,
    read_truth_image,
)
from seg_perception.evaluation.job import Job, StreamGroundTruth
from seg_perception.evaluation.samples import CloudSample, FrameId, ImageSample
from seg_perception.evaluation.shard_writer import ShardWriter
from seg_perception.evaluation.stamp_pairer import Pair, StampPairer
from seg_perception.geometry.transforms import TransformTree
from seg_perception.io.bag_message import BagMessage
from seg_perception.io.messages import stamp_to_ns
from seg_perception.pipeline.semantic_mapper import SemanticMapper
from seg_perception.pipeline.stamp_watch import StampWatch
from seg_perception.replay.sink import Sink


@dataclass(frozen=True, eq=False)
class ImageLabels:
    """The labels of an image, and how to get its picture."""

    stamp_ns: int
    labels: Any
    confidence: NDArray[np.uint8] | None
    picture: Callable[[], NDArray[np.uint8] | None]


@dataclass(frozen=True, eq=False)
class CloudLabels:
    """The labels of a cloud.

    Attributes:
        T_fixed_cloud: asked for while the transforms of its time were known.
    """

    stamp_ns: int
    labels: Any
    confidence: NDArray[Any] | None
    cloud: PointCloud
    T_fixed_cloud: NDArray[np.float64] | None


class GroundTruthMatcher:
    """Where labels and truths of all streams of a bag meet and are scored.

    Attributes:
        transforms: of the time up to now; whoever reads the bag fills it.
    """

    def __init__(
        self,
        job: Job,
        writer: ShardWriter,
        sequence: str,
        duration_s: float,
        transforms: TransformTree,
    ) -> None:
        """Prepare one meeting place a stream."""
        self.transforms = transforms
        self._job = job
        self._writer = writer
        self._sequence = sequence
        self._watch = StampWatch()
        self._blocks = {e.stream: BootstrapBlocks(sequence, duration_s) for e in job.streams}
        self._entries = {entry.stream: entry for entry in job.streams}
        self._pairers: dict[str, StampPairer[Any, BagMessage]] = {
            entry.stream: StampPairer(job.tolerance_ns) for entry in job.streams
        }
        self._cloud_truths = {
            entry.stream: _cloud_truth(job, entry) for entry in job.streams if entry.kind != "image"
        }
        self._by_topic: dict[str, list[str]] = {}
        for entry in job.streams:
            if entry.truth:
                self._by_topic.setdefault(entry.truth, []).append(entry.stream)

    @property
    def topics(self) -> set[str]:
        """Of the truth."""
        return set(self._by_topic)

    def wants(self, name: str) -> bool:
        """Whether a stream is scored."""
        return name in self._entries

    def add_labels(self, name: str, labels: ImageLabels | CloudLabels) -> None:
        """Take the labels of a stream."""
        if self._watch.jump_back_ns(name, labels.stamp_ns):
            self.finish()
        self._writer.statistics(name).rate.add(labels.stamp_ns)
        if self._entries[name].truth:
            self._score_all(name, self._pairers[name].add_labels(labels.stamp_ns, labels))
        else:
            self._score_all(name, [Pair(labels, None)])

    def add_truth(self, message: BagMessage) -> None:
        """Take a message of the bag, if it is the truth of a stream."""
        for name in self._by_topic.get(message.topic, ()):
            try:
                stamp_ns = stamp_to_ns(message.message.header.stamp)
            except SegPerceptionError as error:
                self._writer.refuse(name, error)
                continue
            self._score_all(name, self._pairers[name].add_truth(stamp_ns, message))

    def finish(self) -> None:
        """Pair what is left: the bag ended, or its stamps jumped back."""
        for name, pairer in self._pairers.items():
            self._score_all(name, pairer.reset())
            statistics = self._writer.statistics(name)
            statistics.without_truth += pairer.without_truth
            statistics.without_labels += pairer.without_labels
            pairer.without_truth = pairer.without_labels = 0

    def fixed_pose(self, fixed_frame: str, cloud: PointCloud) -> NDArray[np.float64] | None:
        """T_fixed_cloud (4, 4) at the cloud's stamp; a robot at rest needs no fixed frame."""
        if not fixed_frame:
            return np.eye(4)
        try:
            return self.transforms.lookup(fixed_frame, cloud.frame_id, cloud.stamp_ns)
        except TransformError:
            return None

    def _score_all(self, name: str, pairs: Iterable[Pair[Any, Any]]) -> None:
        make = self._image if self._entries[name].kind == "image" else self._cloud
        for pair in pairs:
            stamp_ns = pair.labels.stamp_ns
            unit = self._blocks[name].name(stamp_ns)
            frame = FrameId(self._sequence, unit, str(stamp_ns), stamp_ns)
            self._writer.score(name, partial(make, name, frame, pair))

    @staticmethod
    def _image(_name: str, frame: FrameId, pair: Pair[ImageLabels, BagMessage]) -> ImageSample:
        truth = read_truth_image(pair.truth.message)
        ours = pair.labels
        return ImageSample(frame, truth.labels, ours.labels, ours.confidence, ours.picture)

    def _cloud(
        self, name: str, frame: FrameId, pair: Pair[CloudLabels, BagMessage | None]
    ) -> CloudSample:
        ours = pair.labels
        message = None if pair.truth is None else pair.truth.message
        truth = self._cloud_truths[name].of(message, ours.cloud, self.transforms)
        return CloudSample(
            frame=frame,
            truth=truth.labels,
            predicted=ours.labels,
            confidence=ours.confidence,
            xyz=ours.cloud.xyz,
            visible=truth.visible,
            T_fixed_cloud=ours.T_fixed_cloud,
        )


class ScoringSink:
    """A sink that keeps nothing: labels are scored as soon as their truth is there."""

    def __init__(
        self, matcher: GroundTruthMatcher, fixed_frame: str, kinds: Mapping[str, str]
    ) -> None:
        """Take where labels and truths meet.

        Args:
            matcher: see there.
            fixed_frame: for the agreement across time.
            kinds: `lidar` or `radar` by the sensor's name.
        """
        self._matcher = matcher
        self._fixed_frame = fixed_frame
        self._kinds = kinds

    def write_legend(self, now_ns: int) -> None:
        """The ontology is known already."""

    def write_label_map(self, label_map: LabelMap, frame: CameraFrame, now_ns: int) -> None:
        """Score a segmented image."""
        del now_ns
        name = stream("camera", label_map.camera)
        if self._matcher.wants(name):
            labels = ImageLabels(
                label_map.stamp_ns, label_map.labels, label_map.confidence, lambda: frame.image
            )
            self._matcher.add_labels(name, labels)

    def write_cloud(self, semantic: SemanticCloud, now_ns: int) -> None:
        """Score a labelled cloud."""
        del now_ns
        name = stream(self._kinds[semantic.sensor], semantic.sensor)
        if self._matcher.wants(name):
            cloud = semantic.cloud
            pose = self._matcher.fixed_pose(self._fixed_frame, cloud)
            labels = CloudLabels(cloud.stamp_ns, semantic.labels, semantic.confidence, cloud, pose)
            self._matcher.add_labels(name, labels)

    def write_map(self, mapper: SemanticMapper, now_ns: int) -> bool:
        """A map has no truth to be scored against."""
        del mapper, now_ns
        return False

    def pass_on(self, message: BagMessage) -> None:
        """Whoever reads the bag gives the truth to the matcher."""


class BothSinks:
    """Two sinks side by side."""

    def __init__(self, first: Sink, second: Sink) -> None:
        """Take both."""
        self._sinks = (first, second)

    def write_legend(self, now_ns: int) -> None:
        """To both."""
        for sink in self._sinks:
            sink.write_legend(now_ns)

    def write_label_map(self, label_map: LabelMap, frame: CameraFrame, now_ns: int) -> None:
        """To both."""
        for sink in self._sinks:
            sink.write_label_map(label_map, frame, now_ns)

    def write_cloud(self, semantic: SemanticCloud, now_ns: int) -> None:
        """To both."""
        for sink in self._sinks:
            sink.write_cloud(semantic, now_ns)

    def write_map(self, mapper: SemanticMapper, now_ns: int) -> bool:
        """To both."""
        written = [sink.write_map(mapper, now_ns) for sink in self._sinks]
        return any(written)

    def pass_on(self, message: BagMessage) -> None:
        """To both."""
        for sink in self._sinks:
            sink.pass_on(message)


def _cloud_truth(job: Job, entry: StreamGroundTruth) -> CloudGroundTruth:
    if entry.truth or job.cuboids is None:
        return FieldGroundTruth(entry.truth)
    source = job.cuboids
    return load_cuboids(source.file, source.rules, source.sample, source.inflation_m(entry.kind))
