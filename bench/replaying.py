"""A replay of four cameras and a lidar on all cores, against doing one thing after the other.

The baseline is the arrangement that replays had: a thread reads and decodes ahead, another one
labels, draws, compresses and writes. The network is a wait of 15 ms, as of a GPU. Both bags must
have the same bytes.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.rows import BenchRow
from bench.transfer import full_turn
from seg_perception.config import Config
from seg_perception.core.types import Calibration, PointCloud
from seg_perception.geometry.transforms import StampedTransform
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.reading import Segmentation
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.camera_info import encode_camera_info
from seg_perception.io.messages import CompressedImage, Header, Message, Time
from seg_perception.io.pointcloud2 import encode_cloud
from seg_perception.io.transforms import encode_tf
from seg_perception.pipeline.frame_convention import T_OPTICAL_BODY
from seg_perception.replay import ReplayOptions, replay

_CAMERAS = ("front", "left", "right", "rear")
_SIZE = (1920, 1200)
_MOMENTS, _PERIOD_NS, _START_NS = 10, 100_000_000, 10**18
_NETWORK_S, _ROUNDS = 0.015, 3
# What counts on two cores; more of them gain more, and busy ones less.
_AIM = 1 / 1.6
_RECORD = {"names": list("xyz"), "formats": ["<f4"] * 3, "offsets": [0, 4, 8], "itemsize": 16}


class WaitingEngine:
    """A network on a GPU: the processor waits for it, and it gives labels that it knows."""

    def __init__(self, bundle: Bundle) -> None:
        """Take the size and the classes of a bundle."""
        self.bundle, self.description = bundle, f"a wait of {_NETWORK_S * 1e3:.0f} ms"
        self.refused, self.unwatched = (), ""
        random = np.random.default_rng(0)
        blocks = random.integers(
            0, len(bundle.ontology.classes), (bundle.height // 32 + 1, bundle.width // 32 + 1)
        )
        labels = np.kron(blocks.astype(np.uint8), np.ones((32, 32), np.uint8))
        self._labels = np.ascontiguousarray(labels[: bundle.height, : bundle.width])
        self._confidence = np.full(self._labels.shape, 200, np.uint8)

    def infer(self, image: NDArray[np.uint8]) -> Segmentation:
        """The known labels, after a while."""
        del image
        time.sleep(_NETWORK_S)
        return self._labels, self._confidence

    def close(self) -> None:
        """Nothing to close."""


def run() -> list[BenchRow]:
    """Measure whole replays in turns: wall time, since it is the cores that count."""
    cores = len(os.sched_getaffinity(0))
    if cores == 1:
        return []
    with tempfile.TemporaryDirectory() as folder:
        bag = write_recording(Path(folder) / "four.mcap", _MOMENTS)
        with waiting_engine():
            rounds = [_round(bag, Path(folder)) for _ in range(_ROUNDS)]
    serial_s, threads_s = (min(column) for column in zip(*rounds, strict=True))
    busy = os.getloadavg()[0] > cores
    detail = (
        f"{threads_s:.2f} s against {serial_s:.2f} s (one thing after the other), "
        f"{serial_s / threads_s:.2f} times as fast on {cores} cores, the same bytes"
    )
    more = "; not judged: others use the cores" if busy else ""
    ratio = threads_s / serial_s
    # No replay is quicker than its network: on quick processors that is what is left.
    network_s = _MOMENTS * len(_CAMERAS) * _NETWORK_S
    budget = max(_AIM, 1.2 * network_s / serial_s)
    return [BenchRow("replay, 4 cameras and a lidar", ratio, budget, detail + more, not busy)]


@contextmanager
def waiting_engine() -> Iterator[None]:
    """Let replays label by a `WaitingEngine`."""

    def make(bundle: Bundle, *_: Any) -> WaitingEngine:
        return WaitingEngine(bundle)

    with mock.patch("seg_perception.replay.replay.create_engine", make):
        yield


def configuration() -> Config:
    """Of the recording."""
    cameras = {f"camera.{name}.image_topic": f"/{name}/image/compressed" for name in _CAMERAS}
    return Config.from_parameters(
        {
            "cameras": list(_CAMERAS),
            **cameras,
            "lidars": ["top"],
            "lidar.top.topic": "/lidar/points",
            "transforms.fixed_frame": "",
        }
    )


def write_recording(path: Path, moments: int) -> Path:
    """Four cameras of 1920x1200 and a lidar of 131,072 points, at 10 Hz; JPEG of 0.7 MB."""
    pictures = [_jpeg(seed) for seed in range(len(_CAMERAS))]
    points = np.zeros((128, 1024), np.dtype(_RECORD))
    for axis, values in zip("xyz", full_turn().T, strict=True):
        points[axis] = values.reshape(points.shape)
    with BagWriter(path, "none") as bag:
        mounts = [StampedTransform("lidar", name, _START_NS, _turned(n)) for n, name in _numbered()]
        bag.write("/tf_static", encode_tf(mounts), _START_NS, latched=True)
        for moment in range(moments):
            at = _START_NS + moment * _PERIOD_NS
            for number, name in _numbered():
                info, image = _image(name, pictures[number], at)
                bag.write(f"/{name}/camera_info", info, at)
                bag.write(f"/{name}/image/compressed", image, at)
            cloud = PointCloud(points, at, "lidar")
            bag.write("/lidar/points", encode_cloud(cloud), at + _PERIOD_NS // 2)
    return path


def _round(bag: Path, folder: Path) -> tuple[float, float]:
    """How long the serial replay takes (second), and the one on all cores."""
    outputs = [folder / "serial" / "out.mcap", folder / "threads" / "out.mcap"]
    times = []
    for output, threads in zip(outputs, (1, 0), strict=True):
        output.unlink(missing_ok=True)
        start = time.perf_counter()
        replay(bag, output, configuration(), ReplayOptions(threads=threads))
        times.append(time.perf_counter() - start)
    if outputs[0].read_bytes() != outputs[1].read_bytes():
        msg = "expected the same bag, whatever number of threads; this is a fault of the replay"
        raise RuntimeError(msg)
    return times[0], times[1]


def _numbered() -> list[tuple[int, str]]:
    return list(enumerate(_CAMERAS))


def _image(name: str, jpeg: NDArray[np.uint8], at: int) -> tuple[Message, Message]:
    k = np.array([[1100.0, 0, 959.5], [0, 1100, 599.5], [0, 0, 1]])
    lens = Calibration(*_SIZE, k, "plumb_bob", np.array([-0.14, 0.09, 0.002, -0.0004, 0.0]))
    stamp = Time(at // 10**9, at % 10**9)
    return encode_camera_info(lens, at, name), CompressedImage(Header(stamp, name), "jpeg", jpeg)


def _turned(number: int) -> NDArray[np.float64]:
    """T_lidar_camera of cameras that look to all sides."""
    angle = number * np.pi / 2
    T = np.eye(4)
    T[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    turned: NDArray[np.float64] = T @ np.linalg.inv(T_OPTICAL_BODY)
    return turned


def _jpeg(seed: int) -> NDArray[np.uint8]:
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (75, 120, 3), dtype=np.uint8)
    smooth = cv2.resize(coarse, _SIZE, interpolation=cv2.INTER_CUBIC)
    noisy = np.clip(smooth + random.normal(0, 6, smooth.shape), 0, 255).astype(np.uint8)
    file: NDArray[np.uint8] = cv2.imencode(".jpg", noisy, (cv2.IMWRITE_JPEG_QUALITY, 90))[1]
    return file.reshape(-1)
