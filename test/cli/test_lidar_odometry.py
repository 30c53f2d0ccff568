"""`--odometry kiss-icp` by each command that takes it: the motion is found, said and used."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from seg_perception.cli.main import app
from seg_perception.core.types import Calibration, LabelMap
from seg_perception.evaluation.results import Results
from seg_perception.geometry.transforms import StampedTransform
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.camera_info import encode_camera_info
from seg_perception.io.images import encode_labels, encode_rgb
from seg_perception.io.pointcloud2 import decode_cloud, encode_cloud
from seg_perception.io.transforms import decode_tf, encode_tf
from seg_perception.replay.lidar_odometry import FRAME
from test.fixtures.lidar_room import MOUNT, PERIOD_NS, START_NS, scan

pytest.importorskip("kiss_icp", reason="kiss-icp is not installed: the extra odometry")

SCANS, WIDTH, HEIGHT = 6, 64, 48
FOUND = f"KISS-ICP finds in its {SCANS} scans, 1.0 m of way, as frame {FRAME}"
AHEAD = np.array([[0.0, 0, 1, 0.2], [-1, 0, 0, 0], [0, -1, 0, 1.0], [0, 0, 0, 1]])
LENS = np.array([[32.0, 0, 31.5], [0, 32, 23.5], [0, 0, 1]])


@pytest.fixture(scope="module")
def drive(tmp_path_factory):
    """Scans of a room, and pictures that are red with their truth; nothing says who moves."""
    path = tmp_path_factory.mktemp("drive") / "drive.mcap"
    red = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    red[..., 0] = 200
    truth = np.zeros((HEIGHT, WIDTH), np.uint8)
    lens = Calibration(WIDTH, HEIGHT, LENS, p=np.hstack([LENS, np.zeros((3, 1))]))
    links = [
        StampedTransform("base", child, START_NS, T)
        for child, T in (("lidar", MOUNT), ("camera_optical", AHEAD))
    ]
    with BagWriter(path) as bag:
        bag.write("/tf_static", encode_tf(links), START_NS, latched=True)
        for number in range(SCANS):
            at = START_NS + number * PERIOD_NS
            labels = LabelMap("front", truth, truth, at, "camera_optical")
            bag.write("/front/camera_info", encode_camera_info(lens, at, "camera_optical"), at)
            bag.write("/front/image_raw", encode_rgb(red, at, "camera_optical"), at)
            bag.write("/front/truth", encode_labels(labels), at)
            bag.write("/points", encode_cloud(scan(number)), at + PERIOD_NS)
    return path


@pytest.fixture
def run(drive, tiny_bundle):
    """Run a command on the drive."""

    def invoke(command, *options):
        model = ["--set", f"segmentation.bundle={tiny_bundle}"]
        given = [command, str(drive), *model, "--odometry", "kiss-icp", *map(str, options)]
        return CliRunner().invoke(app, given)

    return invoke


def test_replay(run, tmp_path):
    out = tmp_path / "out.mcap"
    done = run("replay", "-o", out)
    assert done.exit_code == 0, done.stderr
    assert FOUND in done.stderr
    with BagReader(out) as reader:
        links = [link for m in reader.messages({"/tf"}) for link in decode_tf(m.message)]
        clouds = [decode_cloud(m.message) for m in reader.messages({"/semantic/points"})]
    assert {(link.parent, link.child) for link in links} == {(FRAME, "base")}
    assert len(clouds) == SCANS
    assert all((cloud.points["label"] == 0).any() for cloud in clouds)


def test_evaluate(run, tmp_path):
    done = run("evaluate", "-o", tmp_path / "run", "--no-report")
    assert done.exit_code == 0, done.stderr
    assert FOUND in done.stderr
    results = Results.read(tmp_path / "run")
    (camera,) = results.streams
    figures = {metric.key: metric.value for metric in camera.class_mappings[0].metrics}
    assert figures["accuracy"] == 100
    assert any(FOUND in note for note in results.notes)


def test_mine(run, tmp_path):
    done = run("mine", "-n", 2, "-o", tmp_path / "chosen", "--json")
    assert done.exit_code == 0, done.stderr
    assert FOUND in done.stderr
    summary = json.loads(done.stdout)
    assert len(summary["choices"]) == 2
    # Scans and pictures meet in time only where the robot's motion is known.
    assert summary["compared_clouds"] > 0


def test_calibrate(run, tmp_path):
    """Pictures of one colour tell nothing of the camera's place; the motion is found still."""
    done = run("calibrate", "-o", tmp_path / "out", "--scans", 2, "--json")
    assert done.exit_code == 2
    assert FOUND in done.stderr
