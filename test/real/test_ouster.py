"""A scan of an Ouster OS0-32, Viking Hill's lidar, taken as if the robot had been turning."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from seg_perception.core.types import Calibration, PointCloud
from seg_perception.geometry.transforms import StampedTransform
from seg_perception.io.camera_info import encode_camera_info
from seg_perception.io.images import encode_rgb
from seg_perception.io.pointcloud2 import encode_cloud
from seg_perception.io.transforms import encode_tf

IMAGE, LENS = "/camera/front/image_raw", "/camera/front/camera_info"
POINTS, SEMANTIC_POINTS = "/ouster/points", "/ouster/semantic/points"
WIDTH, HEIGHT, FOCAL_PX = 960, 480, 480.0
MIDDLE_PX = WIDTH / 2 - 0.5
STAMP_NS, MS = 1_700_000_000_000_000_000, 1_000_000
IMAGE_AT_MS, TURN_RAD_PER_S = 10, 2.0
RED, GREEN, UNKNOWN = 0, 1, 255
T_BASE_CAMERA = np.array([[0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]], float)


class Sample:
    """The scan, and a picture taken at its beginning: red on the left, green on the right."""

    def __init__(self, folder: Path) -> None:
        self.points = np.load(folder / "OS-0-32-U1_v2.2.0_1024x10_scan0.npy")
        self.xyz = np.stack([self.points[name] for name in "xyz"], axis=1).astype(float)

    def columns(self, turn_rad_per_s: float) -> np.ndarray:
        """Where the points appear in the picture (pixel, (N,)); NaN out of view."""
        turned_rad = turn_rad_per_s * (self.points["t"] * 1e-9 - IMAGE_AT_MS * 1e-3)
        cos, sin = np.cos(turned_rad), np.sin(turned_rad)
        x, y, z = self.xyz.T
        ahead, left = cos * x - sin * y, sin * x + cos * y
        with np.errstate(divide="ignore", invalid="ignore"):
            u = MIDDLE_PX - FOCAL_PX * left / ahead
            v = HEIGHT / 2 - 0.5 - FOCAL_PX * z / ahead
        inside = (ahead > 0.1) & (np.abs(u - MIDDLE_PX) < WIDTH / 2 - 2)
        inside &= np.abs(v - HEIGHT / 2 + 0.5) < HEIGHT / 2 - 2
        return np.where(inside, u, np.nan)

    def events(self):
        lidar = StampedTransform("base_link", "os_sensor", 0, np.eye(4))
        camera = StampedTransform("base_link", "camera_optical", 0, T_BASE_CAMERA)
        yield STAMP_NS - 20 * MS, "/tf_static", encode_tf([lidar, camera])
        for at_ms in range(-20, 141, 20):
            turned = np.eye(4)
            cos, sin = (f(TURN_RAD_PER_S * at_ms * 1e-3) for f in (np.cos, np.sin))
            turned[:2, :2] = [[cos, -sin], [sin, cos]]
            at = STAMP_NS + at_ms * MS
            yield at, "/tf", encode_tf([StampedTransform("odom", "base_link", at, turned)])
        at = STAMP_NS + IMAGE_AT_MS * MS
        k = np.array([[FOCAL_PX, 0, MIDDLE_PX], [0, FOCAL_PX, HEIGHT / 2 - 0.5], [0, 0, 1]])
        rgb = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        rgb[:, : WIDTH // 2, RED] = rgb[:, WIDTH // 2 :, GREEN] = 255
        yield at, LENS, encode_camera_info(Calibration(WIDTH, HEIGHT, k), at, "camera_optical")
        yield at, IMAGE, encode_rgb(rgb, at, "camera_optical")
        cloud = PointCloud(self.points.reshape(32, 1024), STAMP_NS, "os_sensor")
        yield STAMP_NS + 105 * MS, POINTS, encode_cloud(cloud)


@pytest.fixture(scope="module")
def sample(real):
    return Sample(real / "ouster_os0_32")


@pytest.fixture(scope="module")
def bag(sample, write_bag):
    return write_bag("ouster", sample.events())


def test_inspection_finds_the_time_of_each_point(bag, command):
    found = command.inspect(bag).json
    assert found["parameters"]["lidars"] == ["ouster"]
    assert found["parameters"]["transforms.fixed_frame"] == "odom"
    cloud = next(topic["cloud"] for topic in found["topics"] if topic["name"] == POINTS)
    assert cloud["time_field"] == "t"


def test_each_point_is_labelled_where_it_was_at_its_own_time(bag, sample, command, tmp_path):
    outcome = command.replay(bag, tmp_path / "out.mcap", "transfer.occlusion_ratio=100.0")
    assert outcome.code == 0, outcome.stderr
    cloud = outcome.clouds(SEMANTIC_POINTS)[0]
    assert cloud.points.shape == (32, 1024)
    labels = cloud.points["label"].reshape(-1)
    columns = sample.columns(TURN_RAD_PER_S)
    # The scan is moved in 64 pieces, and the network's pixels are two of the picture's wide.
    clear = np.abs(columns - MIDDLE_PX) > 4
    expected = np.where(columns < MIDDLE_PX, RED, GREEN)
    assert clear.sum() > 1000
    np.testing.assert_array_equal(labels[clear], expected[clear])
    # Taken as measured at once, many of them would lie in the other half.
    at_rest = np.where(sample.columns(0.0) < MIDDLE_PX, RED, GREEN)
    assert (at_rest[clear] != expected[clear]).sum() > 50
