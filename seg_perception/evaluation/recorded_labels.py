"""The labels, pictures and transforms of a bag that was labelled before."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from seg_perception.config.input_topics import TF, TF_STATIC
from seg_perception.core.errors import SegPerceptionError
from seg_perception.core.issue_log import IssueLog
from seg_perception.evaluation.confusion import Labels
from seg_perception.evaluation.ground_truth_matcher import (
    CloudLabels,
    GroundTruthMatcher,
    ImageLabels,
)
from seg_perception.evaluation.job import Job, StreamGroundTruth
from seg_perception.evaluation.shard_writer import ShardWriter
from seg_perception.io.bag_message import BagMessage
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bit_depth import to_picture
from seg_perception.io.cloud_labels import LABEL_FIELDS, confidence_in, ids_in
from seg_perception.io.images import decode_label_image
from seg_perception.io.messages import header_of, stamp_to_ns
from seg_perception.io.pointcloud2 import decode_cloud
from seg_perception.io.semantic_fields import remembered_in
from seg_perception.pipeline.transform_reader import TransformReader
from seg_perception.replay.recent_images import RecentImages

_RECENT_PICTURES = 24
_NS = 1e-9


class RecordedLabels:
    """Reads labels as they come, and keeps what their scores need beside them."""

    def __init__(self, job: Job, matcher: GroundTruthMatcher, writer: ShardWriter) -> None:
        """Take what is scored, and who takes the labels and what can't be read."""
        self._matcher = matcher
        self._writer = writer
        self._ontology = job.model_ontology
        self._fixed_frame = str(job.parameters.get("transforms.fixed_frame", ""))
        self._streams = {entry.labels: entry for entry in job.streams}
        self._cameras = {topic: name for name, topic in job.image_topics.items()}
        self._pictures: dict[str, dict[int, BagMessage]] = {n: {} for n in job.image_topics}
        self._recent = {name: RecentImages() for name in job.image_topics}

    def topics(self, bag: BagReader) -> set[str]:
        """Those of the labels, and of the pictures and transforms that the bag has."""
        filled = {topic.name for topic in bag.topics if topic.count}
        return set(self._streams) | filled & {*self._cameras, TF, TF_STATIC}

    def read_static(self, bag: BagReader) -> None:
        """Read ahead the transforms that hold for the whole bag.

        What is amiss with them is told when the pass over the bag meets them again.
        """
        if TF_STATIC in self.topics(bag):
            for message in bag.messages({TF_STATIC}):
                self._take_transforms(message, IssueLog())

    def decode_ahead(self, message: BagMessage) -> None:
        """Deserialise; a picture's pixels are decoded only where it is kept."""
        with suppress(SegPerceptionError):
            _ = message.message

    def feed(self, message: BagMessage) -> None:
        """Take a message; what can't be read is counted."""
        if message.topic in (TF, TF_STATIC):
            self._take_transforms(message, self._writer.issues)
        elif message.topic in self._cameras:
            self._keep_picture(self._cameras[message.topic], message)
        if entry := self._streams.get(message.topic):
            self._take_labels(entry, message)

    def _take_labels(self, entry: StreamGroundTruth, message: BagMessage) -> None:
        labels: ImageLabels | CloudLabels
        try:
            is_image = entry.kind == "image"
            labels = self._image(entry.stream, message) if is_image else self._cloud(message)
        except SegPerceptionError as error:
            self._writer.refuse(entry.stream, error)
            return
        self._add_latency(message)
        self._matcher.add_labels(entry.stream, labels)

    def _image(self, name: str, message: BagMessage) -> ImageLabels:
        stamp_ns = stamp_to_ns(message.message.header.stamp)
        pictures = self._pictures.get(name, {})

        def picture() -> NDArray[np.uint8] | None:
            found = pictures.get(stamp_ns)
            if found is None:
                return None
            with suppress(SegPerceptionError):
                return to_picture(self._recent[name].decode(found))
            return None

        return ImageLabels(stamp_ns, decode_label_image(message.message), None, picture)

    def _cloud(self, message: BagMessage) -> CloudLabels:
        cloud = decode_cloud(message.message)
        points = cloud.points.reshape(-1)
        labels = self._with_unknown(ids_in(points, LABEL_FIELDS, message.topic))
        # What is scored is what was seen.
        unknown = labels.dtype.type(self._ontology.unknown_id)
        labels = np.where(remembered_in(points), unknown, labels)
        pose = self._matcher.fixed_pose(self._fixed_frame, cloud)
        return CloudLabels(cloud.stamp_ns, labels, confidence_in(points), cloud, pose)

    def _with_unknown(self, labels: Labels) -> Labels:
        """Some data sets have a class for points without a label; here they have none."""
        written = self._ontology.cloud_unknown_id
        if written == self._ontology.unknown_id:
            return labels
        unknown = labels.dtype.type(self._ontology.unknown_id)
        return np.where(labels == written, unknown, labels)

    def _keep_picture(self, name: str, message: BagMessage) -> None:
        pictures, recent = self._pictures[name], self._recent[name]
        pictures[stamp_to_ns(header_of(message.message).stamp)] = message
        recent.add(message)
        if len(pictures) > _RECENT_PICTURES:
            del pictures[next(iter(pictures))]
            recent.forget_before(next(iter(pictures.values())).log_time_ns)

    def _add_latency(self, message: BagMessage) -> None:
        """From the stamp to the recording; a stamp of another clock tells nothing."""
        delay_s = (message.log_time_ns - stamp_to_ns(message.message.header.stamp)) * _NS
        if 0 <= delay_s < 3600:
            self._writer.durations[f"stamp to recording, {message.topic}"].add(delay_s)

    def _take_transforms(self, message: BagMessage, issues: IssueLog) -> None:
        """A cloud whose pose is not known is scored without the agreement across time."""
        reader = TransformReader(self._matcher.transforms, issues)
        try:
            reader.read(message.topic, message.message, static=message.topic == TF_STATIC)
        except SegPerceptionError as error:
            issues.add_error(message.topic, error)
