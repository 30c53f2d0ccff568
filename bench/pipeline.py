"""One camera and one lidar through everything but the network, against bare cv2 and numpy."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.rows import BenchRow, compare
from bench.transfer import before_camera
from seg_perception.config import Config
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import Calibration, CameraFrame, PointCloud
from seg_perception.geometry.calibration import scale_calibration
from seg_perception.geometry.transforms import TransformTree
from seg_perception.inference.preprocessing import Resize
from seg_perception.inference.reading import Segmentation
from seg_perception.inference.segmenter import Segmenter
from seg_perception.io.images import decode_image, encode_rgb
from seg_perception.io.messages import Image, Message, PointCloud2
from seg_perception.io.pointcloud2 import decode_cloud, encode_cloud
from seg_perception.outputs.clouds import cloud_message
from seg_perception.outputs.outputs import Outputs
from seg_perception.outputs.topics import CameraTopics, OutputTopic, cloud_topic
from seg_perception.pipeline.frame_convention import T_OPTICAL_BODY
from seg_perception.pipeline.perception import Perception

_IMAGE = (1536, 2048)
_NETWORK = (512, 1024)
_POINTS = (128, 1024)
_STAMP_NS = 10**18
_FIELDS = {"names": list("xyz"), "formats": ["<f4"] * 3, "offsets": [0, 4, 8], "itemsize": 32}
_CONFIG = Config.from_parameters(
    {
        "cameras": ["front"],
        "camera.front.image_topic": "/camera/image_raw",
        "lidars": ["top"],
        "lidar.top.topic": "/lidar/points",
        "transforms.fixed_frame": "",
    }
)


class _InstantEngine:
    """An engine that costs nothing: its labels are known beforehand."""

    def __init__(self, ontology: Ontology) -> None:
        manifest = SimpleNamespace(input=SimpleNamespace(resize=Resize()))
        self.bundle: Any = SimpleNamespace(
            width=_NETWORK[1],
            height=_NETWORK[0],
            ontology=ontology,
            manifest=manifest,
            familiarity=None,
        )
        self.description = "known labels"
        random = np.random.default_rng(0)
        blocks = random.integers(0, ontology.id_count, (16, 32), dtype=np.uint8)
        self._labels = np.kron(blocks, np.ones((32, 32), np.uint8))
        self._confidence = random.integers(100, 255, _NETWORK, dtype=np.uint8)

    def infer(self, image: NDArray[np.uint8]) -> Segmentation:
        """The known labels."""
        del image
        return Segmentation(self._labels, self._confidence)

    def close(self) -> None:
        """Nothing to close."""


class _LabelsAndCloud:
    """A publisher with a subscriber of the label image, and one of the cloud."""

    def __init__(self) -> None:
        label_image = CameraTopics.of(_CONFIG.cameras["front"]).label_image
        self._wanted = {label_image, cloud_topic(_CONFIG.lidars["top"])}

    def advertise(self, topic: OutputTopic) -> None:
        """Everything is offered."""

    def is_wanted(self, topic: str) -> bool:
        """Whether it is one of the two."""
        return topic in self._wanted

    def listener_count(self, topic: str) -> int:
        """One of each of the two."""
        return int(self.is_wanted(topic))

    def publish(self, topic: str, message: Message, now_ns: int) -> None:
        """Nobody keeps it."""


class _Scene:
    """The messages of one moment, and the stages that they go through."""

    def __init__(self) -> None:
        self.ontology = Ontology.load("goose")
        k = np.array([[1800.0, 0, 1023.5], [0, 1800, 767.5], [0, 0, 1]])
        self.calibration = Calibration(
            _IMAGE[1], _IMAGE[0], k, "plumb_bob", np.array([-0.14, 0.09, 0.002, -0.0004, 0.0])
        )
        random = np.random.default_rng(1)
        pixels = random.integers(0, 255, (*_IMAGE, 3), dtype=np.uint8)
        self.image: Image = encode_rgb(pixels, _STAMP_NS, "camera")
        self.cloud: PointCloud2 = encode_cloud(_scan(random))
        self.tree = TransformTree()
        self.tree.set_static("lidar", "camera", np.linalg.inv(T_OPTICAL_BODY))
        self._engine = _InstantEngine(self.ontology)
        self.segmenter = Segmenter(self._engine, _CONFIG.segmentation)
        self._lens = scale_calibration(self.calibration, *_NETWORK[::-1])
        self._packed = self.ontology.palette.astype(np.uint32) @ np.array(
            [1 << 16, 1 << 8, 1], np.uint32
        )
        self.outputs = Outputs(_CONFIG, self.ontology, _LabelsAndCloud())
        semantic = Perception(_CONFIG, self.ontology, self.tree).label("top", _scan(random))
        labelled = decode_cloud(cloud_message(semantic, self.ontology, _CONFIG.output))
        self._layout = labelled.points.dtype

    def whole(self) -> None:
        """As a node does it: two messages in, two messages out."""
        core = Perception(_CONFIG, self.ontology, self.tree)
        label_map = core.segment(self._frame(), self.segmenter)
        self.outputs.publish_label_map(label_map, None, _STAMP_NS)
        handle = core.accounting.receive("lidar.top")
        core.add_cloud("top", decode_cloud(self.cloud), handle, _STAMP_NS)
        (done,) = core.collect(_STAMP_NS)
        self.outputs.publish_cloud(done.semantic, _STAMP_NS)
        done.handle.publish()

    def bare(self) -> NDArray[Any]:
        """The nearest pixel's label for each point, hidden or not, in calls of cv2 and numpy."""
        pixels = np.frombuffer(self.image.data, np.uint8).reshape(*_IMAGE, 3)
        labels, confidence, _ = self._engine.infer(cv2.resize(pixels, _NETWORK[::-1]))
        labels.tobytes()
        points = np.frombuffer(self.cloud.data, _FIELDS)
        xyz = np.stack([points["x"], points["y"], points["z"]], axis=1)
        point_labels = np.full(len(points), self.ontology.unknown_id, np.uint8)
        point_confidence = np.zeros(len(points), np.float32)
        index, column, row = self._pixels(xyz)
        point_labels[index] = labels[row, column]
        point_confidence[index] = confidence[row, column] / np.float32(255)
        output = np.zeros(len(points), self._layout)
        for name in "xyz":
            output[name] = points[name]
        output["label"], output["confidence"] = point_labels, point_confidence
        output["rgb"] = self._packed[point_labels].view(np.float32)
        return output

    def _pixels(self, xyz: NDArray[np.float32]) -> tuple[NDArray[Any], ...]:
        k, still = self._lens.k, np.zeros(3)
        index, seen = before_camera(xyz, T_OPTICAL_BODY.astype(np.float32), k)
        uv = cv2.projectPoints(seen, still, still, k, self._lens.d)[0].reshape(-1, 2)
        column, row = np.rint(uv).astype(np.int64).T
        inside = (column >= 0) & (column < _NETWORK[1]) & (row >= 0) & (row < _NETWORK[0])
        return index[inside], column[inside], row[inside]

    def _frame(self) -> CameraFrame:
        pixels = decode_image(self.image)
        return CameraFrame("front", pixels, _STAMP_NS, "camera", self.calibration)


def run() -> list[BenchRow]:
    """Measure the whole against what is least to be done."""
    scene = _Scene()
    return [
        compare(
            "camera and lidar, all but the network",
            scene.whole,
            scene.bare,
            budget=1.0,
            name="bare cv2 and numpy, the nearest pixel's label",
        )
    ]


def _scan(random: np.random.Generator) -> PointCloud:
    azimuth = np.linspace(-np.pi, np.pi, _POINTS[1])[None, :]
    elevation = np.radians(np.linspace(-22, 22, _POINTS[0]))[:, None]
    distance = random.uniform(3, 60, (1, _POINTS[1]))
    points = np.zeros(_POINTS, np.dtype(_FIELDS))
    points["x"] = distance * np.cos(elevation) * np.cos(azimuth)
    points["y"] = distance * np.cos(elevation) * np.sin(azimuth)
    points["z"] = distance * np.sin(elevation)
    return PointCloud(points, _STAMP_NS, "lidar")
