"""What the simulated robot carries, and what its drivers send."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.types import NANOSECONDS, PointCloud
from seg_perception.geometry.transforms import StampedTransform
from seg_perception.io import messages
from seg_perception.io.messages import Message
from seg_perception.io.pointcloud2 import encode_cloud
from seg_perception.io.ros_copy import serialize

WIDTH, HEIGHT = 1920, 1200
BEAMS, COLUMNS = 128, 1024
TURN_S, LIDAR_HZ, RADAR_HZ, TF_HZ = 0.1, 10.0, 20.0, 100.0
_FOCAL_PX = 1000.0
_JPEG_QUALITY = 85
_SPEED_MPS = 1.5
# Behind the four bytes that name the encoding, every message here begins with its stamp.
_STAMP_AT = 4
_OPTICAL = np.array([[0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1.0]])


@dataclass(frozen=True)
class Rig:
    """A robot with cameras to all sides, a lidar that turns and a radar ahead.

    Attributes:
        cameras: how many.
        camera_hz: images a second of each.
    """

    cameras: int
    camera_hz: float

    @property
    def names(self) -> list[str]:
        """Of the cameras."""
        return [f"cam{number}" for number in range(self.cameras)]

    def parameters(self) -> dict[str, Any]:
        """The node's parameters."""
        topics = {f"camera.{n}.image_topic": f"/{n}/image_raw/compressed" for n in self.names}
        return {
            "cameras": self.names,
            **topics,
            "lidars": ["top"],
            "lidar.top.topic": "/top/points",
            "radars": ["bow"],
            "radar.bow.topic": "/bow/points",
            "segmentation.bundle": "field_tiny",
        }

    def mounting(self) -> list[StampedTransform]:
        """Where the sensors sit: cameras look to all sides, the first one ahead."""
        places = {"top": np.eye(4), "bow": np.eye(4)}
        for number, name in enumerate(self.names):
            places[f"{name}_optical"] = _turned(2 * np.pi * number / self.cameras) @ _OPTICAL
        return [StampedTransform("base", frame, 0, T) for frame, T in places.items()]


@dataclass(frozen=True)
class Stream:
    """One driver.

    Attributes:
        topic, type_name: what it sends.
        period_s, first_s: how often, and when first.
        messages: serialised, sent in turns.
        before_s: so long before it is sent a message is stamped.
        info_topic, info: a camera's camera_info, which goes first; empty: none.
    """

    topic: str
    type_name: str
    period_s: float
    first_s: float
    messages: tuple[bytes, ...]
    before_s: float = 0.0
    info_topic: str = ""
    info: bytes = b""


def streams(rig: Rig) -> Iterator[Stream]:
    """All drivers but that of /tf."""
    period_s = 1 / rig.camera_hz
    for number, name in enumerate(rig.names):
        topic, frame = f"/{name}/image_raw/compressed", f"{name}_optical"
        pictures = tuple(_cdr(_jpeg(frame, 10 * number + turn)) for turn in range(3))
        info_topic = f"/{name}/camera_info"
        yield Stream(
            topic,
            messages.CompressedImage.type_name,
            period_s,
            period_s * number / rig.cameras,
            pictures,
            info_topic=info_topic,
            info=_cdr(_camera_info(frame)),
        )
    kind = messages.PointCloud2.type_name
    turn, returns = (_cdr(encode_cloud(cloud)) for cloud in (scan(), _returns()))
    yield Stream("/top/points", kind, 1 / LIDAR_HZ, 0.013, (turn,), before_s=TURN_S)
    yield Stream("/bow/points", kind, 1 / RADAR_HZ, 0.021, (returns,))


def stamped(data: bytes, stamp_ns: int) -> bytes:
    """A serialised message with another stamp."""
    sec, nanosec = divmod(stamp_ns, NANOSECONDS)
    stamp = np.array([sec, nanosec], "<u4").tobytes()
    return data[:_STAMP_AT] + stamp + data[_STAMP_AT + len(stamp) :]


def pose(time_s: float, stamp_ns: int) -> StampedTransform:
    """Where the robot is: it drives straight on."""
    T_odom_base = np.eye(4)
    T_odom_base[0, 3] = _SPEED_MPS * time_s
    return StampedTransform("odom", "base", stamp_ns, T_odom_base)


def _turned(yaw_rad: float) -> NDArray[np.float64]:
    T = np.eye(4)
    cosine, sine = np.cos(yaw_rad), np.sin(yaw_rad)
    T[:2, :2] = [[cosine, -sine], [sine, cosine]]
    return T


def _cdr(message: Message) -> bytes:
    return bytes(serialize("bench", message.type_name, message))


def _jpeg(frame: str, seed: int) -> messages.CompressedImage:
    """A picture with detail at all scales, as a forest has it."""
    random = np.random.default_rng(seed)
    picture = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    for cells, weight in ((8, 60.0), (40, 40.0), (200, 30.0), (600, 20.0)):
        patches = random.uniform(-1, 1, (cells * HEIGHT // WIDTH, cells, 3)).astype(np.float32)
        picture += weight * cv2.resize(patches, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
    pixels = np.clip(picture + 128, 0, 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return messages.CompressedImage(messages.Header.at(0, frame), "jpeg", data.ravel())


def _camera_info(frame: str) -> messages.CameraInfo:
    k = np.array([_FOCAL_PX, 0, (WIDTH - 1) / 2, 0, _FOCAL_PX, (HEIGHT - 1) / 2, 0, 0, 1])
    d = np.array([-0.14, 0.09, 0.002, -0.0004, 0.0])
    p, header = np.insert(k, [3, 6, 9], 0.0), messages.Header.at(0, frame)
    return messages.CameraInfo(header, HEIGHT, WIDTH, "plumb_bob", d, k, np.eye(3).ravel(), p)


def scan() -> PointCloud:
    """Ground and walls around, with the time of each point (ns from the stamp)."""
    elevation = np.linspace(-0.4, 0.35, BEAMS)[:, None]
    azimuth = np.linspace(-np.pi, np.pi, COLUMNS, endpoint=False)[None]
    range_m = np.minimum(1.5 / np.maximum(-np.sin(elevation), 0.02), 20 + 5 * np.sin(5 * azimuth))
    kinds = [*((name, "<f4") for name in ("x", "y", "z", "intensity")), ("t", "<u4")]
    points = np.zeros((BEAMS, COLUMNS), kinds)
    points["x"] = range_m * np.cos(elevation) * np.cos(azimuth)
    points["y"] = range_m * np.cos(elevation) * np.sin(azimuth)
    points["z"] = range_m * np.sin(elevation)
    points["t"] = np.arange(COLUMNS) * round(TURN_S * NANOSECONDS / COLUMNS)
    return PointCloud(points, 0, "top")


def _returns() -> PointCloud:
    """200 returns ahead."""
    azimuth = np.linspace(-0.7, 0.7, 200)
    points = np.zeros((1, 200), [(name, "<f4") for name in ("x", "y", "z", "doppler")])
    points["x"], points["y"] = 25 * np.cos(azimuth), 25 * np.sin(azimuth)
    return PointCloud(points, 0, "bow")
