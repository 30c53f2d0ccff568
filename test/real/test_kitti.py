"""KITTI: rectified images of the second camera, scans with intensity, calibration as text."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from seg_perception.core.types import Calibration, PointCloud
from seg_perception.fusion.projection import Range
from seg_perception.geometry.camera import CameraModel
from seg_perception.geometry.transforms import StampedTransform
from seg_perception.io.camera_info import encode_camera_info
from seg_perception.io.images import decode_image, encode_rgb
from seg_perception.io.pointcloud2 import encode_cloud
from seg_perception.io.transforms import encode_tf
from seg_perception.pipeline.frame_convention import (
    FEWEST_SCANS,
    T_OPTICAL_BODY,
    decide,
    try_conventions,
)

FRAMES = ("000000", "000001", "000002")
IMAGE, LENS = "/kitti/camera_color_left/image_rect", "/kitti/camera_color_left/camera_info"
POINTS, SEMANTIC_POINTS = "/kitti/velo/pointcloud", "/kitti/velo/semantic/points"
STAMP_NS = 1_317_000_000_000_000_000
LATER_NS = 10_000_000
LAYOUT = np.dtype([(name, "<f4") for name in ("x", "y", "z", "intensity")])


class Sample:
    """One frame as the data set has it."""

    def __init__(self, folder: Path, name: str) -> None:
        lines = (folder / "calib" / f"{name}.txt").read_text().splitlines()
        calib = {key: np.array(text.split(), float) for key, _, text in (
            line.partition(":") for line in lines if line)}  # fmt: skip
        self.p2 = calib["P2"].reshape(3, 4)
        self.r0 = calib["R0_rect"].reshape(3, 3)
        self.T_camera_velo = np.vstack([calib["Tr_velo_to_cam"].reshape(3, 4), [0, 0, 0, 1]])
        picture = cv2.imread(str(folder / "image_2" / f"{name}.png"))
        self.rgb = np.ascontiguousarray(picture[:, :, ::-1])
        self.points = np.fromfile(folder / "velodyne" / f"{name}.bin", LAYOUT)

    def pixels(self) -> np.ndarray:
        """P2 R0 Tr x, as the data set's own documentation has it; NaN out of view."""
        xyz1 = np.stack([self.points[name] for name in "xyz"] + [np.ones(len(self.points))])
        rectify = np.eye(4)
        rectify[:3, :3] = self.r0
        x, y, w = self.p2 @ rectify @ self.T_camera_velo @ xyz1.astype(float)
        uv = np.stack([x / w, y / w], axis=1)
        height, width = self.rgb.shape[:2]
        inside = (w > 0) & (uv >= -0.5).all(axis=1) & (uv < [width - 0.5, height - 0.5]).all(axis=1)
        return np.where(inside[:, None], uv, np.nan)

    def events(self):
        """Image and scan of one moment, the scan recorded 10 ms later."""
        height, width = self.rgb.shape[:2]
        lens = Calibration(
            width, height, self.p2[:, :3], "plumb_bob", np.zeros(5), self.r0, self.p2
        )
        cloud = PointCloud(self.points.reshape(1, -1), STAMP_NS, "velo_link")
        mounting = StampedTransform("camera_gray_left", "velo_link", 0, self.T_camera_velo)
        return [
            (STAMP_NS, "/tf_static", encode_tf([mounting])),
            (STAMP_NS, LENS, encode_camera_info(lens, STAMP_NS, "camera_gray_left")),
            (STAMP_NS, IMAGE, encode_rgb(self.rgb, STAMP_NS, "camera_gray_left")),
            (STAMP_NS + LATER_NS, POINTS, encode_cloud(cloud)),
        ]


@pytest.fixture(scope="module", params=FRAMES)
def sample(request, real):
    return Sample(real / "kitti_000000_2", request.param)


@pytest.fixture(scope="module")
def replayed(sample, command, write_bag, tmp_path_factory):
    bag = write_bag("kitti", sample.events())
    return command.replay(bag, tmp_path_factory.mktemp("kitti") / "out.mcap")


def test_every_message_is_labelled(replayed):
    assert replayed.code == 0, replayed.stderr
    summary = replayed.json
    assert summary["balanced"]
    assert summary["problems"] == []
    # The colour camera is published in the frame of the grey one, 0.06 m beside it.
    beside = r"first camera of its pair 0\.06\d m away, which is applied"
    assert sum(bool(re.search(beside, note)) for note in summary["notes"]) == 1
    assert {name: count["published"] for name, count in summary["streams"].items()} == {
        "camera.camera_color_left": 1,
        "lidar.velo": 1,
    }


def test_as_many_points_are_in_view_as_p2_says(replayed, sample):
    expected = int(np.isfinite(sample.pixels()[:, 0]).sum())
    assert 0.1 < expected / len(sample.points) < 0.25
    assert replayed.points_in_view("velo") == pytest.approx(expected, abs=5)
    assert replayed.json["points"]["velo"]["labelled"] > 0.5 * expected


def test_labels_are_those_of_the_pixels(replayed, sample, command):
    cloud = replayed.clouds(SEMANTIC_POINTS)[0].points.reshape(-1)
    np.testing.assert_array_equal(cloud["intensity"], sample.points["intensity"])
    known = np.flatnonzero(cloud["label"] != 255)
    truth = command.brightest_channel(sample.rgb)
    scale = truth.shape[1] / sample.rgb.shape[1], truth.shape[0] / sample.rgb.shape[0]
    column, row = np.floor((sample.pixels()[known] + 0.5) * scale).astype(int).T
    assert (cloud["label"][known] == truth[row, column]).mean() > 0.999


@pytest.mark.parametrize("convention", ["optical", "body"])
def test_axes_of_the_camera_s_frame_are_found_out(sample, convention):
    height, width = sample.rgb.shape[:2]
    lens = CameraModel.from_calibration(
        Calibration(width, height, sample.p2[:, :3], r=sample.r0, p=sample.p2), rectified=True
    )
    axes = np.eye(4) if convention == "optical" else np.linalg.inv(T_OPTICAL_BODY)
    T, xyz = axes @ sample.T_camera_velo, np.stack([sample.points[n] for n in "xyz"], axis=1)
    found = try_conventions(xyz, Range(0.3, 200), lens, T, T[:3, 2])
    assert decide([found] * FEWEST_SCANS).convention == convention


def test_pictures_show_the_image(replayed, sample):
    overlay = decode_image(replayed.messages("/kitti/camera_color_left/semantic/overlay")[0])
    small = cv2.resize(sample.rgb, overlay.shape[1::-1], interpolation=cv2.INTER_AREA)
    # Half of each pixel is the image, half a pure colour.
    correlation = np.corrcoef(overlay.sum(axis=2).ravel(), small.sum(axis=2).ravel())[0, 1]
    assert correlation > 0.95
