"""A model that names the brightest channel, and bags in which that can be worked out by hand."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seg_perception.config import Config
from seg_perception.geometry.transforms import StampedTransform
from seg_perception.io.bag import BagReader, BagWriter
from seg_perception.io.camera_info import encode_camera_info
from seg_perception.io.images import encode_rgb
from seg_perception.io.messages import Message
from seg_perception.io.pointcloud2 import encode_cloud
from seg_perception.io.transforms import encode_tf
from seg_perception.types import Calibration, PointCloud

RED, GREEN, BLUE, UNKNOWN = 0, 1, 2, 255
START_NS = 1_700_000_000_000_000_000
MS = 1_000_000
IMAGE, LENS, POINTS = "/camera/front/image_raw", "/camera/front/camera_info", "/lidar/top/points"
WIDTH, HEIGHT = 64, 48

NETWORK_WIDTH, NETWORK_HEIGHT = 32, 24
# Ahead on the left, ahead on the right, behind: red, green and unknown in the image below.
LEFT_RIGHT_BEHIND = ((10, 2, 0), (10, -2, 0), (-10, 0, 0))
Event = tuple[int, str, Message]


class World:
    """A resting robot with one camera and one lidar at one place, and its bags.

    The image's left half is red, its right half green; each cloud has one point before
    either half and one behind the camera.
    """

    red, green, blue, unknown = RED, GREEN, BLUE, UNKNOWN
    start_ns, ms = START_NS, MS
    image_topic, lens_topic, points_topic = IMAGE, LENS, POINTS

    def __init__(self, folder: Path, bundle: Path) -> None:
        self.folder = folder
        self.bundle = bundle

    @staticmethod
    def image(stamp_ns: int, colors: tuple[int, ...] = (RED, GREEN)) -> Any:
        """Vertical stripes from left to right, each a pure colour."""
        rgb = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        for color, columns in zip(
            colors, np.array_split(np.arange(WIDTH), len(colors)), strict=True
        ):
            rgb[:, columns, color] = 200
        return encode_rgb(rgb, stamp_ns, "camera_optical")

    @staticmethod
    def lens(stamp_ns: int, focal: float = 32.0) -> Any:
        k = np.array([[focal, 0, 31.5], [0, focal, 23.5], [0, 0, 1]])
        cal = Calibration(WIDTH, HEIGHT, k, p=np.hstack([k, np.zeros((3, 1))]))
        return encode_camera_info(cal, stamp_ns, "camera_optical")

    @staticmethod
    def points(stamp_ns: int, xyz: Any = LEFT_RIGHT_BEHIND) -> Any:
        layout = np.dtype([(name, "<f4") for name in ("x", "y", "z", "intensity")])
        array = np.zeros((1, len(xyz)), layout)
        for column, name in enumerate("xyz"):
            array[name] = [point[column] for point in xyz]
        array["intensity"] = 7
        return encode_cloud(PointCloud(array, stamp_ns, "lidar"))

    @staticmethod
    def mounting() -> Any:
        """The camera looks along the lidar's x axis."""
        turn = np.array([[0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]], np.float64)
        return encode_tf(
            [
                StampedTransform("base_link", "lidar", 0, np.eye(4)),
                StampedTransform("base_link", "camera_optical", 0, turn),
            ]
        )

    def events(self, count: int = 5, period_ms: int = 100) -> list[Event]:
        """Each cloud comes 10 ms after an image and is stamped 5 ms after it."""
        found: list[Event] = [(START_NS, "/tf_static", self.mounting())]
        for n in range(count):
            at = START_NS + n * period_ms * MS
            found.append((at, LENS, self.lens(at)))
            found.append((at + 1 * MS, IMAGE, self.image(at)))
            found.append((at + 10 * MS, POINTS, self.points(at + 5 * MS)))
        return found

    def bag(self, events: Iterable[Event] | None = None, name: str = "in.mcap") -> Path:
        path = self.folder / name
        with BagWriter(path) as writer:
            for log_time_ns, topic, message in self.events() if events is None else events:
                writer.write(topic, message, log_time_ns, latched=topic == "/tf_static")
        return path

    def config(self, **parameters: Any) -> Config:
        flat = {
            "segmentation.bundle": str(self.bundle),
            "transforms.fixed_frame": "",
            "cameras": ["front"],
            "camera.front.image_topic": IMAGE,
            "lidars": ["top"],
            "lidar.top.topic": POINTS,
        }
        flat.update({key.replace("__", "."): value for key, value in parameters.items()})
        return Config.from_parameters(flat)

    @staticmethod
    def read(path: Path, topic: str) -> list[Any]:
        with BagReader(path) as bag:
            return [m.message for m in bag.messages({topic})]

    @staticmethod
    def topics(path: Path) -> dict[str, int]:
        with BagReader(path) as bag:
            return {topic.name: topic.count for topic in bag.topics}


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory, colour_model: Any) -> Path:
    """A bundle whose labels can be worked out by hand: 0 red, 1 green, 2 blue."""
    folder: Path = colour_model.write(
        tmp_path_factory.mktemp("bundle"), NETWORK_WIDTH, NETWORK_HEIGHT
    )
    return folder


@pytest.fixture
def world(tmp_path: Path, tiny_bundle: Path) -> World:
    """What tests here build and read."""
    return World(tmp_path, tiny_bundle)
