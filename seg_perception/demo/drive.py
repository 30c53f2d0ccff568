"""A labelled drive as it lies in two recordings: what the nodes made, and what they saw."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.config import Config
from seg_perception.config.input_topics import TF, TF_STATIC
from seg_perception.core.issue_log import IssueLog
from seg_perception.geometry.camera import CameraModel
from seg_perception.geometry.transforms import TransformTree
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.camera_info import decode_camera_info
from seg_perception.io.images import decode_label_image, decode_picture
from seg_perception.io.messages import stamp_to_ns
from seg_perception.io.pointcloud2 import decode_cloud
from seg_perception.io.semantic_fields import remembered_in
from seg_perception.outputs.pictures import Labels, Rgb
from seg_perception.outputs.topics import CameraTopics, cloud_topic
from seg_perception.pipeline.transform_reader import TransformReader
from seg_perception.simulation.config import SimulationConfig

_HOURS_S = 3600.0


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of the front camera.

    Attributes:
        stamp_ns: its time.
        image: uint8 (H, W, 3), RGB.
        labels, truth: uint8 or uint16 (H, W); the labels were enlarged to the picture's size.
    """

    stamp_ns: int
    image: Rgb
    labels: Labels
    truth: Labels


@dataclass(frozen=True, eq=False)
class Labelled:
    """One picture of the front camera with what was made of it, as it was published.

    Attributes:
        stamp_ns: its time.
        image: uint8 (H, W, 3), RGB.
        labels: uint8 or uint16 (h, w).
    """

    stamp_ns: int
    image: Rgb
    labels: Labels


@dataclass(frozen=True, eq=False)
class DemoScan:
    """One semantic cloud.

    Attributes:
        stamp_ns, frame_id: of the message.
        xyz: float32 (N, 3), metre, sensor frame; finite points only.
        labels: uint16 (N,), class ids.
        remembered: bool (N,), the label is that of the place from before.
    """

    stamp_ns: int
    frame_id: str
    xyz: NDArray[np.float32]
    labels: NDArray[np.uint16]
    remembered: NDArray[np.bool_]


class Drive:
    """Reads pictures, scans and poses of a simulated drive with one camera and one lidar.

    Attributes:
        sensors: topics of the semantic clouds by kind and name, such as `lidar_top`.
        lidar: the first one's.
        camera_name: of the front camera.
        camera: of the front camera.
        camera_frame: its optical frame.
        transforms: the whole drive's.
    """

    def __init__(
        self, labelled: Path, simulated: Path, config: Config, world: SimulationConfig
    ) -> None:
        """Read calibration and transforms.

        Raises:
            BagError: a recording can't be read, or lacks a topic.
        """
        self._labelled, self._simulated = labelled, simulated
        self._world = world
        self.camera_name = next(iter(config.cameras))
        self._camera_topics = CameraTopics.of(next(iter(config.cameras.values())))
        lidars = {f"lidar_{name}": cloud_topic(s) for name, s in config.lidars.items()}
        radars = {f"radar_{name}": cloud_topic(s) for name, s in config.radars.items()}
        self.sensors = lidars | radars
        self.lidar = next(iter(lidars))
        self.fixed_frame = config.transforms.fixed_frame
        self.base_frame = self._world.base_frame
        self.transforms = self._read_transforms()
        camera_info = next(self._messages(simulated, self._world.camera_info_topic))
        self.camera_frame = camera_info.header.frame_id
        self.camera = CameraModel.from_calibration(decode_camera_info(camera_info))

    def label_stamps(self) -> list[int]:
        """Times of the label images."""
        return [
            _stamp(message)
            for message in self._messages(self._labelled, self._camera_topics.label_image)
        ]

    def frames(self, stamps: Collection[int]) -> list[Frame]:
        """Pictures with their labels and truth, in order of time."""
        labels = self._pick(self._labelled, self._camera_topics.label_image, stamps)
        images = self._pick(self._simulated, self._world.image_topic, stamps)
        truth = self._pick(self._simulated, self._world.camera_truth_topic, stamps)
        return [
            _frame(stamp, images[stamp], labels[stamp], truth[stamp]) for stamp in sorted(labels)
        ]

    def scans(self, sensor: str) -> Iterator[DemoScan]:
        """All semantic clouds of a sensor, in order of time."""
        return map(_scan, self._messages(self._labelled, self.sensors[sensor]))

    def results(self) -> Iterator[tuple[str, Labelled | DemoScan]]:
        """Labelled pictures and scans with their sensors' names, in the order of the recording.

        They are read one by one, so that a long drive needs no more memory than a short one.
        """
        label_topic = self._camera_topics.label_image
        sensors = {topic: name for name, topic in self.sensors.items()}
        images = self._messages(self._simulated, self._world.image_topic)
        with BagReader(self._labelled) as bag:
            topics = {topic.name for topic in bag.topics} & {label_topic, *sensors}
            for entry in bag.messages(topics):
                if entry.topic in sensors:
                    yield sensors[entry.topic], _scan(entry.message)
                    continue
                stamp_ns = _stamp(entry.message)
                # Labels come in the order of their pictures, of which some have none.
                image = next((found for found in images if _stamp(found) == stamp_ns), None)
                if image is not None:
                    labels = decode_label_image(entry.message)
                    yield self.camera_name, Labelled(stamp_ns, decode_picture(image), labels)

    def nearest_scan(self, sensor: str, stamp_ns: int) -> DemoScan:
        """The semantic cloud of a sensor that is nearest in time."""
        stamps = map(_stamp, self._messages(self._labelled, self.sensors[sensor]))
        nearest = min(stamps, key=lambda stamp: abs(stamp - stamp_ns))
        return _scan(self._pick(self._labelled, self.sensors[sensor], [nearest])[nearest])

    def _pick(self, bag: Path, topic: str, stamps: Collection[int]) -> dict[int, Any]:
        return {_stamp(m): m for m in self._messages(bag, topic) if _stamp(m) in stamps}

    def _messages(self, path: Path, topic: str) -> Iterator[Any]:
        with BagReader(path) as bag:
            for entry in bag.messages({topic}):
                yield entry.message

    def _read_transforms(self) -> TransformTree:
        reader = TransformReader(TransformTree(buffer_s=_HOURS_S), IssueLog())
        with BagReader(self._simulated) as bag:
            for entry in bag.messages({TF, TF_STATIC}):
                reader.read(entry.topic, entry.message, static=entry.topic == TF_STATIC)
        return reader.tree


def stamps_at(stamps: Sequence[int], shares: Sequence[float]) -> list[int]:
    """The stamps that lie at these shares of a sequence; none of an empty one."""
    return [stamps[int(share * (len(stamps) - 1))] for share in shares] if stamps else []


def transform_points(T: NDArray[np.float64], xyz: NDArray[np.float32]) -> NDArray[np.float32]:
    """Points (float32 (N, 3), metre) in the target frame of `T` (float64 (4, 4))."""
    result: NDArray[np.float32] = (xyz @ T[:3, :3].T + T[:3, 3]).astype(np.float32)
    return result


def _stamp(message: Any) -> int:
    return stamp_to_ns(message.header.stamp)


def _frame(stamp_ns: int, image: Any, labels: Any, truth: Any) -> Frame:
    rgb = decode_picture(image)
    size = (rgb.shape[1], rgb.shape[0])
    enlarged: Any = cv2.resize(
        decode_label_image(labels), size, interpolation=cv2.INTER_NEAREST_EXACT
    )
    return Frame(stamp_ns, rgb, enlarged, decode_label_image(truth))


def _scan(message: Any) -> DemoScan:
    cloud = decode_cloud(message)
    xyz = cloud.xyz
    finite = np.isfinite(xyz).all(axis=1)
    points = cloud.points.reshape(-1)
    labels, remembered = points["label"].astype(np.uint16), remembered_in(points)
    kept = xyz[finite], labels[finite], remembered[finite]
    return DemoScan(cloud.stamp_ns, cloud.frame_id, *kept)
