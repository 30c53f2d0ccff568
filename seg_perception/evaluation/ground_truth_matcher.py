"""Pairs the labels of a bag's streams with their truths, and has each pair scored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg_perception.core.errors import SegPerceptionError, TransformError
from seg_perception.core.issue_log import IssueLog
from seg_perception.core.types import NANOSECONDS, PointCloud
from seg_perception.evaluation.bootstrap import BootstrapBlocks
from seg_perception.evaluation.confusion import Labels
from seg_perception.evaluation.ground_truth import (
    CloudGroundTruth,
    FieldGroundTruth,
    load_cuboids,
    read_truth_image,
)
from seg_perception.evaluation.job import Job, StreamGroundTruth
from seg_perception.evaluation.samples import CloudSample, FrameId, ImageSample, Picture
from seg_perception.evaluation.shard_writer import ShardWriter
from seg_perception.evaluation.stamp_pairer import Pair, StampPairer
from seg_perception.geometry.transforms import TransformTree
from seg_perception.io.bag_message import BagMessage
from seg_perception.io.messages import stamp_to_ns
from seg_perception.pipeline.stamp_watch import StampWatch

_SETTLED_NS = NANOSECONDS


@dataclass(frozen=True, eq=False)
class ImageLabels:
    """The labels of an image.

    Attributes:
        labels: (h, w), ids of the model's ontology.
        confidence: uint8 (h, w), 255 is certain; None where it was not recorded.
        picture: gives the image, uint8 (H, W, 3) RGB, or None.
        distance: as of an `ImageSample`.
    """

    stamp_ns: int
    labels: Labels
    confidence: NDArray[np.uint8] | None
    picture: Picture
    distance: float | None = None


@dataclass(frozen=True, eq=False)
class CloudLabels:
    """The labels of a cloud.

    Attributes:
        labels: (N,), ids of the model's ontology.
        confidence: (N,), uint8 or 0 to 1; None where it was not recorded.
        T_fixed_cloud: float64 (4, 4), asked for while the transforms of its time were known.
    """

    stamp_ns: int
    labels: Labels
    confidence: NDArray[Any] | None
    cloud: PointCloud
    T_fixed_cloud: NDArray[np.float64] | None


class GroundTruthMatcher:
    """Pairs labels with truths, stream by stream.

    Attributes:
        transforms: of the time up to now; whoever reads the bag fills it.
        late: streams whose labels came when what they could be paired with was given up.
    """

    def __init__(
        self,
        job: Job,
        writer: ShardWriter,
        sequence: str,
        duration_s: float,
        transforms: TransformTree,
        origins: Mapping[str, int] | None = None,
    ) -> None:
        """Prepare a pairer for each stream.

        Args:
            job: what is scored.
            writer: takes the results.
            sequence: name of the drive.
            duration_s: its length.
            transforms: see there.
            origins: of streams, the stamp that their blocks are counted from, where it is known.
        """
        self.transforms = transforms
        self._job = job
        self._writer = writer
        self._sequence = sequence
        # The session tells of jumps; here they only end the pairing.
        self._watch = StampWatch(IssueLog(), self.finish, lambda: 0)
        known = origins or {}
        self._blocks = {
            entry.stream: BootstrapBlocks(sequence, duration_s, known.get(entry.stream))
            for entry in job.streams
        }
        self._entries = {entry.stream: entry for entry in job.streams}
        self._pairers: dict[str, StampPairer[Any, BagMessage]] = {
            entry.stream: StampPairer(job.tolerance_ns) for entry in job.streams
        }
        self._cloud_truths = {
            entry.stream: _cloud_truth(job, entry) for entry in job.streams if entry.kind != "image"
        }
        self._newest: dict[str, int] = {}
        self._settled: dict[str, int] = {}
        self.late: set[str] = set()
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
        self._watch.observe(name, labels.stamp_ns)
        self._newest[name] = max(self._newest.get(name, labels.stamp_ns), labels.stamp_ns)
        settled_ns = self._settled.get(name)
        if settled_ns is not None and labels.stamp_ns - self._job.tolerance_ns < settled_ns:
            self.late.add(name)
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
        self.count_unpaired()

    def settle(self) -> None:
        """Give up what waits and is more than a second older than the newest labels."""
        for name, newest_ns in self._newest.items():
            self._settled[name] = newest_ns - _SETTLED_NS - 2 * self._job.tolerance_ns
            self._pairers[name].settle_before(self._settled[name])
        self.count_unpaired()

    def count_unpaired(self) -> None:
        """Count those that are known to have no partner; what waits goes on waiting."""
        for name, pairer in self._pairers.items():
            statistics = self._writer.statistics(name)
            statistics.without_truth += pairer.without_truth
            statistics.without_labels += pairer.without_labels
            pairer.without_truth = pairer.without_labels = 0

    @property
    def waiting(self) -> dict[str, tuple[tuple[int, ...], tuple[int, ...]]]:
        """By stream, the stamps of labels and of truths that wait for a partner."""
        return {name: pairer.waiting for name, pairer in self._pairers.items()}

    @property
    def origins(self) -> dict[str, int]:
        """By stream, the stamp that its blocks are counted from; those that have one."""
        found = {name: blocks.start_ns for name, blocks in self._blocks.items()}
        return {name: start_ns for name, start_ns in found.items() if start_ns is not None}

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
        return ImageSample(
            frame,
            truth.labels,
            ours.labels,
            ours.confidence,
            ours.picture,
            distance=ours.distance,
        )

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


def _cloud_truth(job: Job, entry: StreamGroundTruth) -> CloudGroundTruth:
    if entry.truth or job.cuboids is None:
        return FieldGroundTruth(entry.truth)
    source = job.cuboids
    return load_cuboids(source.file, source.rules, source.sample, source.inflation_m(entry.kind))
