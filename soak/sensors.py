"""What the robot's drivers send: right messages, and damaged ones with the node's name for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seg_perception.core.types import NANOSECONDS, PointCloud
from seg_perception.geometry.transforms import StampedTransform
from seg_perception.io import messages
from seg_perception.io.images import encode_rgb
from seg_perception.io.messages import FIELD_FLOAT32, Message, PointField
from seg_perception.io.pointcloud2 import encode_cloud
from seg_perception.io.ros_copy import serialize

OPTICAL = np.array([[0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1.0]])
BACKWARDS = np.diag([-1.0, -1.0, 1.0, 1.0])
TO_THE_LEFT, TO_THE_RIGHT = (
    np.array([[0.0, -turn, 0, 0], [turn, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]) for turn in (1, -1)
)
FRONT, REAR, LEFT, RIGHT = (f"camera.{name}" for name in ("front", "rear", "left", "right"))
TOP, RADAR = "lidar.top", "radar.bow"
# The others send JPEG.
RAW_CAMERAS, JPEG_CAMERAS = (FRONT,), (REAR, LEFT, RIGHT)
CAMERAS = RAW_CAMERAS + JPEG_CAMERAS
_SPEED_MPS = 1.5
# Behind the four bytes that name the encoding, every message here begins with its stamp.
_STAMP_AT = 4


@dataclass(frozen=True)
class Extent:
    """How much the robot's sensors deliver.

    Attributes:
        width, height: of all cameras (pixel).
        camera_hz: of all cameras.
        rings, columns: of the lidar.
    """

    width: int = 640
    height: int = 360
    camera_hz: float = 10.0
    rings: int = 32
    columns: int = 1024


def stamped(data: bytes, stamp_ns: int) -> bytes:
    """A serialised message with another stamp."""
    sec, nanosec = divmod(stamp_ns, NANOSECONDS)
    stamp = np.array([sec, nanosec], "<u4").tobytes()
    return data[:_STAMP_AT] + stamp + data[_STAMP_AT + len(stamp) :]


def stamp_of(data: bytes) -> int:
    """The stamp of a serialised message (ns)."""
    sec, nanosec = np.frombuffer(data, "<u4", 2, _STAMP_AT).tolist()
    return int(sec * NANOSECONDS + nanosec)


def cdr(message: Message) -> bytes:
    """A message as it travels."""
    return bytes(serialize("soak", message.type_name, message))


def good(extent: Extent, scale: float = 1.0) -> dict[str, Message]:
    """A right message of each stream; `scale` changes the size of the images."""
    size = round(extent.width * scale), round(extent.height * scale)
    frames = {stream: f"{stream.partition('.')[2]}_optical" for stream in CAMERAS}
    scenes = {stream: _scene(*size, seed) for seed, stream in enumerate(CAMERAS, 1)}
    return {
        **{stream: encode_rgb(scenes[stream], 0, frames[stream]) for stream in RAW_CAMERAS},
        **{stream: _jpeg(scenes[stream], frames[stream]) for stream in JPEG_CAMERAS},
        TOP: encode_cloud(PointCloud(_scan(extent), 0, "top")),
        RADAR: encode_cloud(PointCloud(_returns(), 0, "bow")),
    }


def camera_info(extent: Extent, frame_id: str, scale: float = 1.0, focal: float = 0.5) -> Message:
    """A camera_info; `focal` is in widths of the image, 0 is an uncalibrated camera."""
    width, height = round(extent.width * scale), round(extent.height * scale)
    f = focal * width
    k = np.array([f, 0, (width - 1) / 2, 0, f, (height - 1) / 2, 0, 0, 1]) * bool(f)
    p = np.insert(k, [3, 6, 9], 0.0)
    header = messages.Header.at(0, frame_id)
    eye = np.eye(3).ravel()
    return messages.CameraInfo(header, height, width, "plumb_bob", np.zeros(5), k, eye, p)


def static_transforms() -> list[StampedTransform]:
    """Where the sensors sit on the robot."""
    places = {"front_optical": OPTICAL, "rear_optical": BACKWARDS @ OPTICAL}
    places |= {"left_optical": TO_THE_LEFT @ OPTICAL, "right_optical": TO_THE_RIGHT @ OPTICAL}
    places |= {"top": np.eye(4), "bow": np.eye(4)}
    return [StampedTransform("base", frame, 0, T) for frame, T in places.items()]


def pose(time_s: float, stamp_ns: int) -> StampedTransform:
    """Where the robot is: it drives straight on, and back after a while."""
    T_odom_base = np.eye(4)
    T_odom_base[0, 3] = _SPEED_MPS * abs(time_s % 120.0 - 60.0)
    return StampedTransform("odom", "base", stamp_ns, T_odom_base)


def damaged(extent: Extent, stream: str) -> Iterator[tuple[str, Message]]:
    """Messages of a stream that no node can use, each with the ledger's reason for it."""
    message: Any = good(extent)[stream]
    if stream in RAW_CAMERAS:
        yield "bad_image", replace(message, data=bytes(np.asarray(message.data).ravel()[:-100]))
        yield "unknown_encoding", replace(message, encoding="nonsense7")
        yield "size_mismatch", good(extent, 1.5)[stream]
        yield "bad_image", replace(message, width=0, height=0, step=0, data=b"")
    elif stream in JPEG_CAMERAS:
        yield "bad_image", replace(message, data=bytes(message.data)[: len(message.data) // 2])
        yield "unknown_encoding", replace(message, data=b"")
        yield "unknown_encoding", replace(message, data=b"no image" * 20)
        yield "size_mismatch", good(extent, 0.5)[stream]
    else:
        beyond = PointField("x", message.point_step, FIELD_FLOAT32, 1)
        yield "bad_cloud", replace(message, fields=[beyond, *message.fields[1:]])
        yield "bad_cloud", replace(message, data=bytes(message.data)[:-7])
        yield "bad_cloud", replace(message, fields=message.fields[1:])
        yield "bad_cloud", replace(message, point_step=message.point_step - 1)


def _scene(width: int, height: int, seed: int) -> NDArray[np.uint8]:
    """Soft coloured patches, uint8 (H, W, 3)."""
    patches = np.random.default_rng(seed).integers(0, 256, (9, 16, 3), np.uint8)
    return np.asarray(cv2.resize(patches, (width, height), interpolation=cv2.INTER_LINEAR))


def _jpeg(rgb: NDArray[np.uint8], frame_id: str) -> messages.CompressedImage:
    _, data = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    return messages.CompressedImage(messages.Header.at(0, frame_id), "jpeg", data.ravel())


def _scan(extent: Extent) -> NDArray[Any]:
    """A flat ground and walls around, (rings, columns), metre."""
    elevation = np.linspace(-0.4, 0.2, extent.rings)[:, None]
    azimuth = np.linspace(-np.pi, np.pi, extent.columns, endpoint=False)[None]
    range_m = np.minimum(1.5 / np.maximum(-np.sin(elevation), 0.02), 20 + 5 * np.sin(5 * azimuth))
    names = [(name, "<f4") for name in ("x", "y", "z", "intensity")]
    points = np.zeros((extent.rings, extent.columns), names)
    points["x"] = range_m * np.cos(elevation) * np.cos(azimuth)
    points["y"] = range_m * np.cos(elevation) * np.sin(azimuth)
    points["z"] = range_m * np.sin(elevation)
    return points


def _returns() -> NDArray[Any]:
    """120 returns ahead, (1, 120), metre and m/s."""
    azimuth = np.linspace(-0.9, 0.9, 120)
    points = np.zeros((1, 120), [(name, "<f4") for name in ("x", "y", "z", "doppler")])
    points["x"], points["y"] = 15 * np.cos(azimuth), 15 * np.sin(azimuth)
    return points
