"""What the node publishes: only what somebody subscribed is made."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray
from rclpy.publisher import Publisher
from rclpy.qos_overriding_options import QoSOverridingOptions

from seg_perception.config import OutputConfig
from seg_perception.core.errors import ConfigError
from seg_perception.core.types import LabelMap, SemanticCloud
from seg_perception.io.messages import (
    CameraInfo,
    CompressedImage,
    Image,
    LabelInfo,
    PointCloud2,
    SemanticLegend,
)
from seg_perception.outputs.map_points import map_message
from seg_perception.outputs.messages import (
    camera_outputs,
    cloud_output,
    label_info,
    legend,
    legend_picture,
)
from seg_perception.outputs.topics import LEGEND, LEGEND_IMAGE, MAP, CameraTopics
from seg_perception.pipeline.semantic_mapper import SemanticMapper
from seg_perception.ros.conversions import message_class, to_ros
from seg_perception.ros.node_context import NodeContext
from seg_perception.ros.qos import latched_profile, output_profile


class CameraOutput:
    """The publishers of one camera's label image and what goes with it."""

    def __init__(self, context: NodeContext, topics: CameraTopics) -> None:
        """Advertise what the configuration asks for."""
        self._context = context
        self._topics = topics
        self._publishers = {
            topic: advertise(context, type_name, topic)
            for topic, type_name in _camera_types(topics, context.config.output).items()
        }
        self._label_info = self._advertise_label_info()
        self._explained = False

    def publish(self, label_map: LabelMap, image: NDArray[np.uint8]) -> None:
        """Publish what is wanted of one segmented image."""
        context = self._context
        self._explain(label_map)
        messages = camera_outputs(
            label_map,
            image,
            context.ontology,
            context.config.output,
            self._topics,
            self._is_wanted,
        )
        for topic, message in messages:
            self._publishers[topic].publish(to_ros(message))

    def close(self) -> None:
        """Stop advertising."""
        for publisher in self._publishers.values():
            self._context.node.destroy_publisher(publisher)
        if self._label_info is not None:
            self._context.node.destroy_publisher(self._label_info)

    def _is_wanted(self, topic: str) -> bool:
        return self._publishers[topic].get_subscription_count() > 0

    def _explain(self, label_map: LabelMap) -> None:
        """Publish the class names once, in the frame of the first label map."""
        if self._label_info is None or self._explained:
            return
        info = label_info(self._context.ontology, label_map.stamp_ns, label_map.frame_id)
        self._label_info.publish(to_ros(info))
        self._explained = True

    def _advertise_label_info(self) -> Publisher | None:
        try:
            kind = message_class(LabelInfo.type_name)
        except ConfigError:  # vision_msgs is optional: the legend says the same
            return None
        return self._context.node.create_publisher(kind, self._topics.label_info, latched_profile())


class CloudOutput:
    """The publisher of one sensor's semantic cloud."""

    def __init__(self, context: NodeContext, topic: str) -> None:
        """Advertise it."""
        self._context = context
        self._publisher = advertise(context, PointCloud2.type_name, topic)

    def publish(self, semantic: SemanticCloud) -> None:
        """Publish a cloud, if it is wanted.

        Raises:
            CloudError: a field that PointCloud2 can't carry.
        """
        if self._publisher.get_subscription_count() == 0:
            return
        context = self._context
        message = cloud_output(semantic, context.ontology, context.config.output)
        self._publisher.publish(to_ros(message))

    def close(self) -> None:
        """Stop advertising."""
        self._context.node.destroy_publisher(self._publisher)


class MapOutput:
    """The publisher of the voxel map."""

    def __init__(self, context: NodeContext, mapper: SemanticMapper) -> None:
        """Advertise it."""
        self._context = context
        self._mapper = mapper
        self._publisher = advertise(context, PointCloud2.type_name, MAP)
        self._due_s = 0.0
        self._told = 0

    def publish(self) -> None:
        """Publish the map, if a period has passed, anything is in it, and it is wanted."""
        now_s = time.monotonic()
        if now_s < self._due_s or not self._publisher.get_subscription_count():
            return
        if not len(self._mapper.map):
            return
        self._due_s = now_s + self._context.config.map.period_s
        with self._context.latencies.measure("publish", "map"):
            voxels, frame = self._mapper.voxels(), self._mapper.frame
            message = map_message(voxels, self._context.ontology, frame)
            self._publisher.publish(to_ros(message))

    def problems(self) -> list[str]:
        """Why scans were left out since the last call."""
        left_out, self._told = self._mapper.left_out - self._told, self._mapper.left_out
        return [f"map: {left_out} scans left out: {self._mapper.problem}"] if left_out else []

    def close(self) -> None:
        """Stop advertising."""
        self._context.node.destroy_publisher(self._publisher)


class LegendOutput:
    """Says once, to everybody who comes, what the labels mean."""

    def __init__(self, context: NodeContext) -> None:
        """Publish the legend, for programs and as a picture."""
        self._context = context
        self._node = context.node
        self._publishers = {
            topic: self._node.create_publisher(message_class(kind), topic, latched_profile())
            for topic, kind in (
                (LEGEND, SemanticLegend.type_name),
                (LEGEND_IMAGE, Image.type_name),
            )
        }
        context.on_change.append(self.publish)
        self.publish()

    def publish(self) -> None:
        """Publish it, also again after colours have changed."""
        ontology, now_ns = self._context.ontology, self._context.clock.now_ns()
        self._publishers[LEGEND].publish(to_ros(legend(ontology, now_ns)))
        self._publishers[LEGEND_IMAGE].publish(to_ros(legend_picture(ontology, now_ns)))

    def close(self) -> None:
        """Take it back."""
        for publisher in self._publishers.values():
            self._node.destroy_publisher(publisher)


def advertise(context: NodeContext, type_name: str, topic: str) -> Publisher:
    """A reliable publisher; `qos_overrides` of its topic hold."""
    return context.node.create_publisher(
        message_class(type_name),
        topic,
        output_profile(),
        qos_overriding_options=QoSOverridingOptions.with_default_policies(),
    )


def _camera_types(topics: CameraTopics, config: OutputConfig) -> dict[str, str]:
    types = {topics.label_image: Image.type_name, topics.camera_info: CameraInfo.type_name}
    optional = {
        topics.label_image_png: (config.png, CompressedImage.type_name),
        topics.confidence: (config.confidence, Image.type_name),
        topics.color: (config.color, Image.type_name),
        topics.overlay: (config.overlay, Image.type_name),
    }
    return types | {topic: kind for topic, (wanted, kind) in optional.items() if wanted}
