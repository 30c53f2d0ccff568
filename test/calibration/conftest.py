"""One small simulated drive, and the same drive with mistakes planted in its recording."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from seg_perception.cli.main import app
from seg_perception.core.types import LabelMap
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.camera_info import decode_camera_info, encode_camera_info
from seg_perception.io.images import decode_image, decode_label_image, encode_labels, encode_rgb
from seg_perception.io.messages import stamp_to_ns
from seg_perception.io.transforms import decode_tf, encode_tf
from seg_perception.simulation.rig import rotation

IMAGE, LENS, TRUTH = "/camera/front/image_raw", "/camera/front/camera_info", "/camera/front/truth"
POINTS = "/lidar/top/points"
Picture = np.ndarray


@dataclass(frozen=True)
class Mistake:
    """What is planted.

    Attributes:
        mounting: is given parent, child and matrix of each static transform, gives the matrix.
        camera_frame: instead of the camera's own.
        rows: that are cut off the top of images and labels.
        clock_s: added to the stamps of everything the camera sends.
        left_out: topics.
    """

    mounting: Callable[[str, str, np.ndarray], np.ndarray] = lambda _parent, _child, T: T
    camera_frame: str = ""
    rows: int = 0
    clock_s: float = 0.0
    left_out: tuple[str, ...] = ()


def turned(roll: float, pitch: float, yaw: float) -> Callable[[str, str, np.ndarray], np.ndarray]:
    """The camera's mounting turned about its own axes, forward, left and up (degree)."""

    def mounting(parent: str, child: str, T: np.ndarray) -> np.ndarray:
        del parent
        if child != "camera_front":
            return T
        turn = np.eye(4)
        turn[:3, :3] = rotation(*np.radians([roll, pitch, yaw]))
        return T @ turn

    return mounting


def moved(
    child: str, offset_m: tuple[float, float, float]
) -> Callable[[str, str, np.ndarray], np.ndarray]:
    """A frame's place in its parent moved (metre)."""

    def mounting(parent: str, name: str, T: np.ndarray) -> np.ndarray:
        del parent
        result = T.copy()
        if name == child:
            result[:3, 3] += offset_m
        return result

    return mounting


@pytest.fixture(scope="session")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A turn to the left and one to the right."""
    pytest.importorskip("embreex", reason="the simulator needs the package embreex")
    from seg_perception.simulation.config import SimulationConfig
    from seg_perception.simulation.drive import write_bag

    path = tmp_path_factory.mktemp("drive") / "drive.mcap"
    size = {"camera_width": 384, "camera_height": 216, "lidar_beams": 32, "lidar_columns": 512}
    write_bag(path, SimulationConfig(duration_s=3.2, speed_mps=2.0, radar_rate_hz=1, **size))
    return path


@pytest.fixture(scope="session")
def plant(drive: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Mistake], Path]:
    """Write the drive with a mistake; what is not concerned is copied."""

    def write(mistake: Mistake) -> Path:
        path = tmp_path_factory.mktemp("planted") / "planted.mcap"
        with BagReader(drive) as bag, BagWriter(path) as out:
            for message in bag.messages():
                if message.topic in mistake.left_out:
                    continue
                changed = _changed(message.topic, message.message, mistake)
                if changed is None:
                    out.copy(message)
                else:
                    out.write(message.topic, changed, message.log_time_ns, message.latched)
        return path

    return write


def _changed(topic: str, message: Any, mistake: Mistake) -> Any:
    if topic == "/tf_static":
        edges = decode_tf(message)
        return encode_tf(
            replace(e, T_parent_child=mistake.mounting(e.parent, e.child, e.T_parent_child))
            for e in edges
        )
    if topic not in (IMAGE, LENS, TRUTH):
        return None
    stamp_ns = stamp_to_ns(message.header.stamp) + round(mistake.clock_s * 1e9)
    frame = mistake.camera_frame or message.header.frame_id
    if topic == IMAGE:
        return encode_rgb(decode_image(message)[mistake.rows :], stamp_ns, frame)
    if topic == LENS:
        calibration = decode_camera_info(message)
        calibration = replace(calibration, height=calibration.height - mistake.rows)
        return encode_camera_info(calibration, stamp_ns, frame)
    labels = decode_label_image(message)[mistake.rows :]
    return encode_labels(LabelMap("front", labels, np.full_like(labels, 255), stamp_ns, frame))


@pytest.fixture(scope="session")
def run() -> Callable[..., tuple[int, Any, str]]:
    """The command line: exit code, JSON document (None where there is none), standard error."""

    def invoke(*arguments: object) -> tuple[int, Any, str]:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit)
        document = json.loads(result.stdout) if result.stdout.startswith("{") else None
        return result.exit_code, document, result.stderr

    return invoke
