"""Takes what a session makes, and has it scored while it is made."""

from __future__ import annotations

from collections.abc import Mapping

from seg_perception.core.message_accounting import stream
from seg_perception.core.types import CameraFrame, LabelMap, SemanticCloud
from seg_perception.evaluation.ground_truth_matcher import (
    CloudLabels,
    GroundTruthMatcher,
    ImageLabels,
)
from seg_perception.io.bag_message import BagMessage
from seg_perception.pipeline.semantic_mapper import SemanticMapper
from seg_perception.replay.sink import Sink, WatchingSink


class ScoringSink(WatchingSink):
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

    def write_label_map(self, label_map: LabelMap, frame: CameraFrame, now_ns: int) -> None:
        """Score a segmented image."""
        del now_ns
        name = stream("camera", label_map.camera)
        if self._matcher.wants(name):
            labels = ImageLabels(
                label_map.stamp_ns,
                label_map.labels,
                label_map.confidence,
                lambda: frame.image,
                label_map.distance.whole if label_map.distance else None,
            )
            self._matcher.add_labels(name, labels)

    def write_cloud(self, semantic: SemanticCloud, now_ns: int) -> None:
        """Score a labelled cloud."""
        del now_ns
        name = stream(self._kinds[semantic.sensor], semantic.sensor)
        if self._matcher.wants(name):
            cloud = semantic.cloud
            pose = self._matcher.fixed_pose(self._fixed_frame, cloud)
            # What is scored is what was seen.
            seen = semantic.seen_labels
            labels = CloudLabels(cloud.stamp_ns, seen, semantic.confidence, cloud, pose)
            self._matcher.add_labels(name, labels)


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
