"""TJ4DRadSet: scans of an Oculii Eagle 4D radar, under the names that its driver gives."""

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

WIDTH, HEIGHT = 1280, 960
IMAGE, LENS = "/camera/front/image_raw", "/camera/front/camera_info"
POINTS, SEMANTIC_POINTS = "/oculii/point_cloud", "/oculii/semantic/points"
LAYOUT = np.dtype(
    [(name, "<f4") for name in ("x", "y", "z", "V_r", "Range", "Power", "Alpha", "Beta")]
)
START_NS, PERIOD_NS = 1_650_000_000_000_000_000, 66_000_000
RED, GREEN, UNKNOWN = 0, 1, 255
# Two standard errors of azimuth and elevation, as configured by default.
FOOTPRINT_RAD = 0.02, 0.04


class Sample:
    """The scans, and where their returns appear."""

    def __init__(self, folder: Path) -> None:
        calib = {}
        for line in (folder / "calib" / "070070.txt").read_text().splitlines():
            key, _, text = line.partition(":")
            calib[key] = np.array(text.split(), float)
        self.k = calib["P2"].reshape(3, 4)[:, :3]
        self.T_camera_radar = np.vstack([calib["Tr_velo_to_cam"].reshape(3, 4), [0, 0, 0, 1]])
        self.scans = [
            np.fromfile(path, LAYOUT) for path in sorted((folder / "radar").glob("*.bin"))
        ]

    def pixels(self, scan: np.ndarray) -> np.ndarray:
        """(N, 2), pixel; NaN behind the camera."""
        xyz = np.stack([scan[name] for name in "xyz"], axis=1).astype(float)
        seen = xyz @ self.T_camera_radar[:3, :3].T + self.T_camera_radar[:3, 3]
        uvw = seen @ self.k.T
        return np.where(uvw[:, 2:] > 0, uvw[:, :2] / uvw[:, 2:], np.nan)

    def events(self):
        """A picture whose left half is red and whose right half is green, and the scans."""
        rgb = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        rgb[:, : WIDTH // 2, RED] = rgb[:, WIDTH // 2 :, GREEN] = 200
        lens = Calibration(WIDTH, HEIGHT, self.k)
        mounting = StampedTransform("camera", "oculii", 0, self.T_camera_radar)
        yield START_NS, "/tf_static", encode_tf([mounting])
        for number, scan in enumerate(self.scans):
            at = START_NS + number * PERIOD_NS
            yield at, LENS, encode_camera_info(lens, at, "camera")
            yield at, IMAGE, encode_rgb(rgb, at, "camera")
            cloud = PointCloud(scan.reshape(1, -1), at, "oculii")
            yield at, POINTS, encode_cloud(cloud)


@pytest.fixture(scope="module")
def sample(real):
    return Sample(real / "tj4d_radar")


@pytest.fixture(scope="module")
def bag(sample, write_bag):
    return write_bag("tj4d", sample.events())


@pytest.fixture(scope="module")
def replayed(bag, command, tmp_path_factory):
    return command.replay(bag, tmp_path_factory.mktemp("tj4d") / "out.mcap")


def test_inspection_knows_a_radar_by_its_doppler(bag, command):
    found = command.inspect(bag).json
    assert found["parameters"]["radars"] == ["oculii"]
    assert found["parameters"]["lidars"] == []
    cloud = next(topic["cloud"] for topic in found["topics"] if topic["name"] == POINTS)
    assert cloud["doppler_field"] == "V_r"


def test_every_scan_is_labelled_and_keeps_its_fields(replayed, sample):
    assert replayed.code == 0, replayed.stderr
    summary = replayed.json
    assert summary["balanced"]
    assert summary["problems"] == []
    # What was guessed of a bag without a robot file is said.
    taken, at_rest = summary["notes"]
    assert taken.startswith(f"radar.oculii: {POINTS} is taken as a radar, for its V_r and power")
    assert "at rest" in at_rest
    assert summary["streams"]["radar.oculii"]["published"] == len(sample.scans) == 8
    for cloud, scan in zip(replayed.clouds(SEMANTIC_POINTS), sample.scans, strict=True):
        for name in LAYOUT.names:
            np.testing.assert_array_equal(cloud.points[name].reshape(-1), scan[name])


def test_returns_get_the_half_of_the_picture_they_lie_in(replayed, sample):
    for cloud, scan in zip(replayed.clouds(SEMANTIC_POINTS), sample.scans, strict=True):
        u, v = sample.pixels(scan).T
        reach_u, reach_v = (1.2 * sample.k[0, 0] * error for error in FOOTPRINT_RAD)
        labels = cloud.points["label"].reshape(-1)
        with np.errstate(invalid="ignore"):
            inside = (np.abs(u - 639.5) < 640 - reach_u) & (np.abs(v - 479.5) < 480 - reach_v)
            clear = inside & (np.abs(u - 639.5) > reach_u)
            outside = ~(np.abs(u - 639.5) < 640 + reach_u) | ~(np.abs(v - 479.5) < 480 + reach_v)
        assert clear.sum() > 0.3 * len(scan)
        np.testing.assert_array_equal(labels[clear], np.where(u[clear] < 639.5, RED, GREEN))
        far = np.linalg.norm([scan[name] for name in "xyz"], axis=0) > 10
        assert (labels[outside & far] == UNKNOWN).mean() > 0.99


def test_confidence_is_the_share_of_the_footprint(replayed, sample):
    clouds = [cloud.points.reshape(-1) for cloud in replayed.clouds(SEMANTIC_POINTS)]
    confidence = np.concatenate([cloud["confidence"] for cloud in clouds])
    u, v = np.concatenate([sample.pixels(scan) for scan in sample.scans]).T
    with np.errstate(invalid="ignore"):
        on_the_edge = (np.abs(u - 639.5) < 3) & (np.abs(v - 479.5) < 300)
        amid = (np.abs(u - 320) < 100) & (np.abs(v - 479.5) < 300)
    assert on_the_edge.sum() > 10
    # 3 of the 44 pixels of a footprint are at most 0.6 of it; the picture's 200 of 255 is certain.
    assert confidence[on_the_edge].max() < 0.7
    assert confidence[amid].min() > 0.99
