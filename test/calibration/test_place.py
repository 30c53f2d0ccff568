"""`calibrate` finds where a camera sits from a bag of boxes near and far, and mends just that."""

from __future__ import annotations

import numpy as np
import pytest

from seg_perception.core.types import Calibration, PointCloud
from seg_perception.geometry.transforms import StampedTransform
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.camera_info import encode_camera_info
from seg_perception.io.images import encode_rgb
from seg_perception.io.pointcloud2 import encode_cloud
from seg_perception.io.transforms import encode_tf

pytestmark = pytest.mark.timeout(600)

WIDTH, HEIGHT, FOCAL = 320, 160, 160.0
ROWS, COLUMNS = 48, 160
MOMENTS, APART_NS, START_NS = 8, 500_000_000, 1_750_000_000_000_000_000
WALL_M = 40.0
# x ahead, y left, z up: where camera and lidar sit, with the optical axes of the camera.
MOUNTING = np.array([[0, 0, 1, 0.5], [-1, 0, 0, 0], [0, -1, 0, 1.2], [0, 0, 0, 1.0]])


class Street:
    """Boxes, near and far, before a wall; another one at each moment."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.boxes = [self._box(depth) for depth in np.geomspace(2.5, 20, 14)[::-1]]

    def _box(self, depth_m):
        left, top = self.random.uniform(-0.8, 0.65), self.random.uniform(-0.4, 0.2)
        width, height = self.random.uniform(0.08, 0.2, 2)
        return depth_m, left, left + width, top, top + height, self.random.uniform(100, 250, 3)

    def seen(self, right, down):
        """Colour and depth (metre) along rays by their slopes, arrays of one shape."""
        colour, depth = np.full((*right.shape, 3), 40.0), np.full(right.shape, WALL_M)
        for depth_m, left, far_right, top, bottom, paint in self.boxes:
            inside = (right > left) & (right < far_right) & (down > top) & (down < bottom)
            colour[inside], depth[inside] = paint, depth_m
        return colour, depth

    def picture(self):
        row, column = np.mgrid[:HEIGHT, :WIDTH]
        colour, _ = self.seen((column - 159.5) / FOCAL, (row - 79.5) / FOCAL)
        noisy = colour + self.random.normal(0, 4, colour.shape)
        return noisy.clip(0, 255).astype(np.uint8)

    def scan(self, stamp_ns):
        azimuth, elevation = np.meshgrid(
            np.linspace(0.75, -0.75, COLUMNS), np.linspace(0.4, -0.4, ROWS)
        )
        right, down = -np.tan(azimuth), -np.tan(elevation) / np.cos(azimuth)
        _, depth = self.seen(right, down)
        points = np.zeros((ROWS, COLUMNS), [(axis, "<f4") for axis in "xyz"])
        points["x"], points["y"], points["z"] = depth, -right * depth, -down * depth
        return encode_cloud(PointCloud(points, stamp_ns, "lidar"))


@pytest.fixture
def bag(tmp_path):
    """Write the moments of a robot at rest, whose tf has the camera elsewhere (metre)."""

    def write(right=0.0, down=0.0, forward=0.0):
        path = tmp_path / "street.mcap"
        moved = MOUNTING.copy()
        moved[:3, 3] += MOUNTING[:3, :3] @ [right, down, forward]
        lidar = np.eye(4)
        lidar[:3, 3] = MOUNTING[:3, 3]
        k = np.array([[FOCAL, 0, 159.5], [0, FOCAL, 79.5], [0, 0, 1]])
        lens = Calibration(WIDTH, HEIGHT, k, "plumb_bob", np.zeros(5))
        with BagWriter(path) as out:
            edges = [("camera", moved), ("lidar", lidar)]
            tf = encode_tf([StampedTransform("base_link", child, 0, T) for child, T in edges])
            out.write("/tf_static", tf, START_NS, latched=True)
            for number in range(MOMENTS):
                street, now_ns = Street(number), START_NS + number * APART_NS
                image = encode_rgb(street.picture(), now_ns, "camera")
                out.write("/front/camera_info", encode_camera_info(lens, now_ns, "camera"), now_ns)
                out.write("/front/image_raw", image, now_ns)
                out.write("/top/points", street.scan(now_ns), now_ns)
        return path

    return write


def test_a_camera_that_sits_elsewhere_than_tf_says_is_put_in_its_place(bag, run, tmp_path):
    file = tmp_path / "robot.yaml"
    optical = ("--set", "camera.front.frame_convention=optical", "--scans", MOMENTS, "--json")
    command = ("calibrate", bag(right=0.1), "-o", tmp_path / "out", *optical)
    code, document, err = run(*command, "--write", file)
    assert code == 0, err
    (camera,) = document["cameras"]
    # Points appear 10 cm too far left: they are moved to the right, and nothing else is changed.
    written = document["written"]
    assert written["camera.front.correction_xyz_m"] == [pytest.approx(0.1, abs=0.01), 0.0, 0.0]
    assert written["camera.front.correction_rpy_deg"] == [0.0, 0.0, 0.0]
    assert "camera.front.time_offset_s" not in written
    assert camera["causes"] == ["right"]
    assert camera["search"]["shift_interval_m"]["right"] < 0.03
    # What tf would have to say is where the camera truly sits.
    assert camera["mount"]["xyz_m"] == pytest.approx([0.5, 0, 1.2], abs=0.01)
    assert {path.rsplit("_")[-1] for path in camera["pictures"]} == {"overlay.png", "mended.png"}

    code, document, err = run(*command, "--config", file)
    assert (code, document["cameras"][0]["level"]) == (0, "good"), err


def test_a_good_place_is_bettered_by_what_is_surely_other(bag, run, tmp_path):
    optical = ("--set", "camera.front.frame_convention=optical", "-o", tmp_path / "out")
    command = ("calibrate", bag(right=0.04), *optical)
    code, document, err = run(*command, "--scans", MOMENTS, "--json")
    (camera,) = document["cameras"]
    assert (code, camera["level"]) == (0, "good"), err
    correction = camera["correction"]
    assert correction["camera.front.correction_xyz_m"] == [pytest.approx(0.04, abs=0.01), 0.0, 0.0]


def test_a_good_place_is_left_by_few_moments(bag, run, tmp_path):
    """Of so few, a move can't be told from a turn."""
    optical = ("--set", "camera.front.frame_convention=optical", "-o", tmp_path / "out")
    _, document, err = run("calibrate", bag(right=0.02), *optical, "--scans", 3, "--json")
    (camera,) = document["cameras"]
    assert camera["level"] == "good", err
    assert camera["search"]["known"]
    assert camera["correction"] == {}
