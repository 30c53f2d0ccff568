"""A simulated drive with a camera frame of either axes, and a replay that finds out which."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seg_perception.cli.main import app
from seg_perception.config import Config
from seg_perception.geometry.transforms import StampedTransform
from seg_perception.inspection import inspect_bag
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.pointcloud2 import decode_cloud
from seg_perception.io.transforms import encode_tf
from seg_perception.pipeline.frame_convention import FEWEST_SCANS
from seg_perception.replay import ReplaySummary, replay

SENSORS = {
    "/camera/front/image_raw",
    "/camera/front/camera_info",
    "/lidar/top/points",
    "/tf",
    "/tf_static",
}
BODY_FRAME, OPTICAL_FRAME, ON_ITS_SIDE = (
    "camera_front",
    "camera_front_optical",
    "camera_on_its_side",
)
CLOUD = "/lidar/top/semantic/points"
UNKNOWN = 255
ROUND_NS = 5_000_000_000
# About z of the optical frame, which looks ahead.
QUARTER_TURN = np.array([[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], np.float64)


@pytest.fixture(scope="module")
def drive() -> list[Any]:
    """What the sensors send, and where they sit."""
    pytest.importorskip("embreex", reason="the simulator needs the package embreex")
    from seg_perception.simulation.config import SimulationConfig
    from seg_perception.simulation.drive import simulate

    size = {"camera_width": 96, "camera_height": 54, "lidar_beams": 16, "lidar_columns": 256}
    config = SimulationConfig(duration_s=0.8, speed_mps=2.0, radar_rate_hz=1, **size)
    return [event for event in simulate(config) if event.topic in SENSORS]


@pytest.fixture
def record(drive: list[Any], tmp_path: Path) -> Callable[..., Path]:
    """Write the drive, once or in rounds, with the images in a frame of that name."""

    def write(frame: str, rounds: int = 1) -> Path:
        path = tmp_path / frame / "drive.mcap"
        with BagWriter(path) as bag:
            for event, later_ns in ((e, n * ROUND_NS) for n in range(rounds) for e in drive):
                message = event.message
                if event.topic.startswith("/camera"):
                    message = replace(message, header=replace(message.header, frame_id=frame))
                bag.write(event.topic, message, event.log_time_ns + later_ns, event.latched)
            turned = StampedTransform(OPTICAL_FRAME, ON_ITS_SIDE, 0, QUARTER_TURN)
            first_ns = drive[0].log_time_ns
            bag.write("/tf_static", encode_tf([turned]), first_ns, latched=True)
        return path

    return write


@dataclass(frozen=True)
class Replayed:
    """What came out of a bag."""

    summary: ReplaySummary
    bag: Path

    def labels(self) -> list[np.ndarray]:
        with BagReader(self.bag) as bag:
            clouds = [decode_cloud(entry.message) for entry in bag.messages({CLOUD})]
        return [cloud.points["label"].reshape(-1) for cloud in clouds]


@pytest.fixture
def label(tiny_bundle: Path) -> Callable[..., Replayed]:
    def run(bag: Path, convention: str, name: str = "") -> Replayed:
        parameters = {
            **inspect_bag(bag).parameters,
            "segmentation.bundle": str(tiny_bundle),
            "camera.front.frame_convention": convention,
        }
        output = bag.parent / (name or convention) / "out.mcap"
        return Replayed(replay(bag, output, Config.from_parameters(parameters)), output)

    return run


@pytest.mark.parametrize(
    ("frame", "convention"), [(OPTICAL_FRAME, "optical"), (BODY_FRAME, "body")]
)
def test_auto_gives_the_labels_of_the_right_value(record, label, frame, convention):
    bag = record(frame)
    told, auto = label(bag, convention), label(bag, "auto")
    assert auto.summary.problems == told.summary.problems == ()
    assert auto.summary.balanced
    assert f"{frame!r} is taken for a" in auto.summary.conventions["front"]
    assert told.summary.conventions == {}
    before = FEWEST_SCANS - 1
    expected, found = told.labels(), auto.labels()
    assert len(expected) == len(found) > FEWEST_SCANS
    assert all((labels == UNKNOWN).all() for labels in found[:before])
    for labels, right in zip(found[before:], expected[before:], strict=True):
        np.testing.assert_array_equal(labels, right)
        assert (labels != UNKNOWN).sum() > 100
    assert auto.summary.to_json()["points"]["top"]["no_convention"] > 0


def test_a_recording_that_loops_is_not_tested_again(record, label):
    bag = record(BODY_FRAME, rounds=2)
    told, auto = label(bag, "body"), label(bag, "auto")
    assert any("jumped back" in note for note in auto.summary.notes)
    once = len(told.labels()) // 2
    for labels, right in zip(auto.labels()[once:], told.labels()[once:], strict=True):
        np.testing.assert_array_equal(labels, right)
        assert (labels != UNKNOWN).any()


def test_the_same_bag_gives_the_same_bytes(record, label):
    bag = record(BODY_FRAME)
    first, again = label(bag, "auto", "one"), label(bag, "auto", "two")
    assert first.bag.read_bytes() == again.bag.read_bytes()
    assert first.summary.conventions == again.summary.conventions


def test_what_can_not_be_told_stays_unknown_and_is_said(record, label):
    stuck = label(record(ON_ITS_SIDE), "auto")
    assert all((labels == UNKNOWN).all() for labels in stuck.labels())
    assert stuck.summary.conventions == {}
    (problem,) = stuck.summary.problems
    assert problem.startswith("camera.front: frame_convention is auto and not decided for frame")
    assert problem.endswith("set camera.front.frame_convention to optical or body")
    # The images are labelled all the same.
    assert stuck.summary.streams["camera.front"].published > 0


def test_the_command_line_says_what_was_found(record, tiny_bundle, capsys):
    bag = record(BODY_FRAME)
    settings = (f"segmentation.bundle={tiny_bundle}", "camera.front.frame_convention=auto")
    options = [word for setting in settings for word in ("--set", setting)]
    with pytest.raises(SystemExit) as end:
        app(["replay", str(bag), "-o", str(bag.parent / "cli.mcap"), *options])
    assert end.value.code in (0, None)
    assert "camera.front: frame 'camera_front' is taken for a body frame" in capsys.readouterr().out
