"""One camera and one lidar through everything but the network, against the steps on their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.rows import BenchRow, compare
from seg_perception.config import Config
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import Calibration, CameraFrame, LabelMap, PointCloud
from seg_perception.fusion.label_transfer import PreparedLabelMap, View, transfer_labels
from seg_perception.fusion.plausibility import Plausibility
from seg_perception.geometry.calibration import scale_calibration
from seg_perception.geometry.camera import CameraModel
from seg_perception.geometry.transforms import TransformTree
from seg_perception.inference.segmenter import Segmenter
from seg_perception.io.images import decode_image, encode_labels, encode_rgb
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


@dataclass(frozen=True)
class _Size:
    width: int
    height: int
    ontology: Ontology


class _InstantEngine:
    """An engine that costs nothing: its labels are known beforehand."""

    def __init__(self, ontology: Ontology) -> None:
        self.bundle: Any = _Size(_NETWORK[1], _NETWORK[0], ontology)
        self.description = "known labels"
        random = np.random.default_rng(0)
        blocks = random.integers(0, ontology.id_count, (16, 32), dtype=np.uint8)
        self._labels = np.kron(blocks, np.ones((32, 32), np.uint8))
        self._confidence = random.integers(100, 255, _NETWORK, dtype=np.uint8)

    def infer(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """The known labels."""
        del image
        return self._labels, self._confidence

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
        self.segmenter = Segmenter(_InstantEngine(self.ontology), _CONFIG.segmentation)
        self._plausibility = Plausibility.of(_CONFIG.plausibility, self.ontology)
        self.outputs = Outputs(_CONFIG, self.ontology, _LabelsAndCloud())

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

    def steps(self) -> None:
        """The same steps with nothing between them."""
        label_map = self.segmenter.segment(self._frame())
        encode_labels(label_map)
        cloud = decode_cloud(self.cloud)
        view = View(PreparedLabelMap(label_map), self._lens(label_map), T_OPTICAL_BODY)
        unknown_id = self.ontology.unknown_id
        transfer_labels(
            cloud.xyz, [view], _CONFIG.transfer, unknown_id, plausibility=self._plausibility
        )
        cloud_message(self._semantic, self.ontology, _CONFIG.output)

    def prepare(self) -> None:
        """Keep a semantic cloud, so that `steps` can encode one."""
        core = Perception(_CONFIG, self.ontology, self.tree)
        core.segment(self._frame(), self.segmenter)
        self._semantic = core.label("top", decode_cloud(self.cloud))

    def _frame(self) -> CameraFrame:
        pixels = decode_image(self.image)
        return CameraFrame("front", pixels, _STAMP_NS, "camera", self.calibration)

    def _lens(self, label_map: LabelMap) -> CameraModel:
        height, width = label_map.labels.shape
        return CameraModel.from_calibration(scale_calibration(self.calibration, width, height))


def run() -> list[BenchRow]:
    """Measure the whole against its steps."""
    scene = _Scene()
    scene.prepare()
    return [
        compare(
            "camera and lidar, all but the network",
            scene.whole,
            scene.steps,
            budget=1.5,
            name="the same steps on their own",
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
