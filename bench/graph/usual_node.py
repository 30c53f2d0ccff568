"""The segmentation node as it is usually written: the baseline of `make bench-graph`.

One rclpy node, one single-threaded executor. The image callback runs the network and publishes;
the cloud callback projects into the newest label image by the newest transforms. Queues hold
ten messages. Engine, conversions and pictures are ours, so that only the structure differs.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

import cv2
import numpy as np
import rclpy
from numpy.typing import NDArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from bench.graph.labelled_points import append_fields
from seg_perception.config import Config, read_parameter_file
from seg_perception.config.input_topics import TF, TF_STATIC, camera_info_topic
from seg_perception.core.types import Calibration, LabelMap
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.engine import create_engine
from seg_perception.io.camera_info import decode_camera_info
from seg_perception.io.images import decode_image, encode_labels, encode_rgb
from seg_perception.io.messages import CameraInfo, Image, PointCloud2, TFMessage, stamp_to_ns
from seg_perception.io.pointcloud2 import decode_cloud, encode_cloud
from seg_perception.io.transforms import decode_tf
from seg_perception.outputs.pictures import colorize, overlay
from seg_perception.outputs.topics import CameraTopics, cloud_topic
from seg_perception.ros.conversions import message_class, to_ros
from seg_perception.ros.qos import latched_profile, output_profile
from seg_perception.ros.runner import StopSignal

QUEUE = 10
TF_QUEUE = 100
_POLL_S = 0.2
_NEAREST_M = 0.1
_WIDER = 1.5
_NO_MOTION = np.zeros(3)


class LatestTransforms:
    """The newest transform of every frame: what a lookup at time 0 gives."""

    def __init__(self) -> None:
        self._up: dict[str, tuple[str, NDArray[np.float64]]] = {}

    def add(self, message: Any) -> None:
        """Take over the transforms of a message."""
        for edge in decode_tf(message):
            self._up[edge.child] = (edge.parent, edge.T_parent_child)

    def lookup(self, target: str, source: str) -> NDArray[np.float64] | None:
        """T_target_source, (4, 4); None where the two are not connected."""
        target_root, T_root_target = self._to_root(target)
        source_root, T_root_source = self._to_root(source)
        if target_root != source_root:
            return None
        T: NDArray[np.float64] = np.linalg.inv(T_root_target) @ T_root_source
        return T

    def _to_root(self, frame: str) -> tuple[str, NDArray[np.float64]]:
        T = np.eye(4)
        while frame in self._up:
            frame, T_parent_child = self._up[frame]
            T = T_parent_child @ T
        return frame, T


class Camera:
    """One camera's publishers, and what is known of it."""

    def __init__(self, node: Node, topics: CameraTopics) -> None:
        self.calibration: Calibration | None = None
        self.newest: LabelMap | None = None
        kind = message_class(Image.type_name)
        names = (topics.label_image, topics.color, topics.overlay)
        self.outputs = [node.create_publisher(kind, name, QUEUE) for name in names]


class UsualNode(Node):
    """Everything in callbacks."""

    def __init__(self, config: Config) -> None:
        """Load the network and subscribe."""
        super().__init__("usual_node")
        bundle = Bundle.load(config.segmentation.bundle)
        self._ontology, self._size = bundle.ontology, (bundle.width, bundle.height)
        self._alpha = config.output.overlay_alpha
        self._engine = create_engine(bundle, config.segmentation, config.tensorrt)
        self._transforms = LatestTransforms()
        self.gaps_s: list[float] = []
        tf = message_class(TFMessage.type_name)
        self.create_subscription(tf, TF, self._transforms.add, TF_QUEUE)
        static = latched_profile(TF_QUEUE)
        self.create_subscription(tf, TF_STATIC, self._transforms.add, static)
        self._cameras = [self._listen(camera) for camera in config.cameras.values()]
        (lidar,) = config.lidars.values()
        kind = message_class(PointCloud2.type_name)
        self._clouds = self.create_publisher(kind, cloud_topic(lidar), output_profile(QUEUE))
        self.create_subscription(kind, lidar.topic, self._on_cloud, QUEUE)

    def _listen(self, config: Any) -> Camera:
        camera = Camera(self, CameraTopics.of(config))
        info, image = message_class(CameraInfo.type_name), message_class(Image.type_name)
        on_info, on_image = partial(self._on_info, camera), partial(self._on_image, camera)
        self.create_subscription(info, camera_info_topic(config), on_info, QUEUE)
        self.create_subscription(image, config.image_topic, on_image, QUEUE)
        return camera

    def _on_info(self, camera: Camera, message: Any) -> None:
        camera.calibration = decode_camera_info(message)

    def _on_image(self, camera: Camera, message: Any) -> None:
        image = decode_image(message)
        scaled: Any = cv2.resize(image, self._size, interpolation=cv2.INTER_LINEAR)
        labels, confidence, _ = self._engine.infer(scaled)
        stamp_ns, frame = stamp_to_ns(message.header.stamp), message.header.frame_id
        camera.newest = LabelMap("", labels, confidence, stamp_ns, frame, camera.calibration)
        pictures = (
            encode_labels(camera.newest),
            encode_rgb(colorize(labels, self._ontology.palette), stamp_ns, frame),
            encode_rgb(overlay(image, labels, self._ontology, self._alpha), stamp_ns, frame),
        )
        for publisher, picture in zip(camera.outputs, pictures, strict=True):
            publisher.publish(to_ros(picture))

    def _on_cloud(self, message: Any) -> None:
        cloud = decode_cloud(message)
        labels = np.full(len(cloud), self._ontology.unknown_id, np.uint8)
        confidence = np.zeros(len(cloud), np.float32)
        for camera in self._cameras:
            self._paint(camera, cloud, labels, confidence)
        colors = self._ontology.palette[labels]
        labelled = append_fields(cloud, labels, confidence, colors)
        self._clouds.publish(to_ros(encode_cloud(labelled)))

    def _paint(
        self, camera: Camera, cloud: Any, labels: NDArray[Any], confidence: NDArray[Any]
    ) -> None:
        """Give the points in view the label of their pixel."""
        newest = camera.newest
        if newest is None or newest.calibration is None:
            return
        T_camera_cloud = self._transforms.lookup(newest.frame_id, cloud.frame_id)
        if T_camera_cloud is None:
            return
        self.gaps_s.append(abs(cloud.stamp_ns - newest.stamp_ns) * 1e-9)
        index, column, row = pixels_of(cloud.xyz, T_camera_cloud, newest)
        labels[index] = newest.labels[row, column]
        confidence[index] = newest.confidence[row, column].astype(np.float32) / 255


def pixels_of(
    xyz: NDArray[np.float32], T_camera_cloud: NDArray[np.float64], label_map: LabelMap
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Which points land in the image, and in which column and row: (M,) each.

    The distortion is applied to what a pinhole sees in a wider image only: this is quicker, and
    distortion would fold far points back into the image.
    """
    calibration = label_map.calibration
    if calibration is None:
        msg = "expected a label map with its calibration"
        raise ValueError(msg)
    T = T_camera_cloud.astype(np.float32)
    seen = xyz @ T[:3, :3].T + T[:3, 3]
    reach = _WIDER * calibration.width / (2 * calibration.k[0, 0])
    ahead = (seen[:, 2] > _NEAREST_M) & (np.abs(seen[:, 0]) < reach * seen[:, 2])
    index = np.flatnonzero(ahead)
    if not index.size:
        return index, index, index
    uv, _ = cv2.projectPoints(seen[index], _NO_MOTION, _NO_MOTION, calibration.k, calibration.d)
    height, width = label_map.labels.shape
    scale = np.array([width / calibration.width, height / calibration.height])
    pixel = np.rint((uv.reshape(-1, 2) + 0.5) * scale - 0.5).astype(np.intp)
    inside = ((pixel >= 0) & (pixel < (width, height))).all(axis=1)
    return index[inside], pixel[inside, 0], pixel[inside, 1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Spin until SIGTERM; prints what the labels of clouds lagged behind."""
    command_line = list(sys.argv if arguments is None else arguments)
    rclpy.init(args=command_line, signal_handler_options=SignalHandlerOptions.NO)
    stop = StopSignal()
    file = command_line[1]
    node = UsualNode(Config.from_parameters(read_parameter_file(file, "usual_node"), file))
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    while not stop.is_set():
        executor.spin_once(timeout_sec=_POLL_S)
    print(json.dumps({"gaps_s": node.gaps_s}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
