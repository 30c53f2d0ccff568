"""A moment of RELLIS-3D as a ROS 2 bag: image, lidar, and the truth for both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from seg_perception.config import Config
from seg_perception.core.ontology import Ontology
from seg_perception.core.resources import config_path
from seg_perception.core.types import LabelMap, PointStatus
from seg_perception.geometry.transforms import TransformTree
from seg_perception.inspection import inspect_bag
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.camera_info import decode_camera_info
from seg_perception.io.images import decode_image, decode_label_image
from seg_perception.io.messages import stamp_to_ns
from seg_perception.io.pointcloud2 import decode_cloud
from seg_perception.io.transforms import decode_tf
from seg_perception.pipeline.frame_convention import FEWEST_SCANS, T_OPTICAL_BODY
from seg_perception.pipeline.perception import Perception

CAMERA = "/sensor/camera/windshield/vis"
IMAGE, LENS, TRUTH = f"{CAMERA}/image_rect_color", f"{CAMERA}/camera_info", "/ground_truth/labels"
POINTS = "/sensor/lidar/vls128_roof/velodyne_points"
SEMANTIC_POINTS = "/sensor/lidar/vls128_roof/semantic/points"
WIDTH, HEIGHT = 1920, 1200
POINT_COUNT = 131_072
LIDAR = "vls128_roof"
GRASS, BUSH, PUDDLE, MUD = 3, 19, 31, 33
AS_RECORDED = np.eye(4)


@pytest.fixture(scope="module")
def bag(real: Path) -> Path:
    return real / "rellis_goose_style_db3"


@pytest.fixture(scope="module")
def inputs(bag):
    """The one message of each topic."""
    with BagReader(bag) as reader:
        return {entry.topic: entry.message for entry in reader.messages()}


@pytest.fixture(scope="module")
def replayed(bag, command, tmp_path_factory):
    return command.replay(bag, tmp_path_factory.mktemp("rellis") / "out.mcap")


@pytest.fixture(scope="module")
def pixels(real, inputs):
    """Where the points appear, by the data set's own files: (N, 2) pixel, NaN out of view."""
    folder = real / "rellis3d_example"
    transforms = yaml.safe_load((folder / "transforms.yaml").read_text())
    pose = transforms["os1_cloud_node-pylon_camera_node"]
    fx, fy, cx, cy = np.loadtxt(folder / "camera_info.txt")
    w, x, y, z = (pose["q"][name] for name in "wxyz")
    turn = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    # The file gives the camera in the lidar's frame.
    offset = np.array([pose["t"][name] for name in "xyz"])
    xyz = (decode_cloud(inputs[POINTS]).xyz.astype(np.float64) - offset) @ turn
    u, v = fx * xyz[:, 0] / xyz[:, 2] + cx, fy * xyz[:, 1] / xyz[:, 2] + cy
    inside = (xyz[:, 2] > 0) & (np.abs(u - (WIDTH - 1) / 2) < WIDTH / 2)
    inside &= np.abs(v - (HEIGHT - 1) / 2) < HEIGHT / 2
    return np.where(inside[:, None], np.stack([u, v], axis=1), np.nan)


def test_inspection_names_the_sensors_and_leaves_the_truth_out(bag, command):
    outcome = command.inspect(bag)
    assert outcome.code == 0
    found = outcome.json
    assert {topic["name"]: topic["count"] for topic in found["topics"]} == {
        **dict.fromkeys((IMAGE, LENS, TRUTH, POINTS, "/tf_static"), 1)
    }
    parameters = found["parameters"]
    assert parameters["cameras"] == ["windshield"]
    assert parameters["camera.windshield.image_topic"] == IMAGE
    assert parameters["camera.windshield.rectified"]
    assert parameters["lidar.vls128_roof.topic"] == POINTS
    assert parameters["transforms.fixed_frame"] == ""
    cloud = next(topic["cloud"] for topic in found["topics"] if topic["name"] == POINTS)
    assert list(cloud["fields"]) == ["x", "y", "z", "intensity", "label"]
    assert [issue["level"] for issue in found["issues"]] == ["note"]


def test_every_message_is_accounted_for(replayed):
    assert replayed.code == 0, replayed.stderr
    summary = replayed.json
    assert summary["balanced"]
    assert summary["problems"] == []
    for name in ("camera.windshield", f"lidar.{LIDAR}"):
        count = summary["streams"][name]
        assert (count["received"], count["published"], count["dropped"]) == (1, 1, {})


def test_the_cloud_keeps_every_field_at_its_offset(replayed, inputs):
    before = decode_cloud(inputs[POINTS]).points
    after = replayed.clouds(SEMANTIC_POINTS)[0].points
    assert after.shape == before.shape
    for name in before.dtype.names:
        assert after.dtype.fields[name] == before.dtype.fields[name]
        np.testing.assert_array_equal(after[name], before[name])
    # The bag's own field is the truth; ours stands beside it.
    assert set(after.dtype.names) - set(before.dtype.names) == {
        "semantic_label", "confidence", "rgb",
    }  # fmt: skip


def test_stamps_and_frames_are_the_inputs(replayed, inputs):
    for topic, source in (
        (f"{CAMERA}/semantic/label_image", IMAGE),
        (f"{CAMERA}/semantic/confidence", IMAGE),
        (f"{CAMERA}/semantic/camera_info", IMAGE),
        (SEMANTIC_POINTS, POINTS),
    ):
        header, expected = replayed.messages(topic)[0].header, inputs[source].header
        assert (header.stamp.sec, header.stamp.nanosec) == (
            expected.stamp.sec,
            expected.stamp.nanosec,
        )
        assert header.frame_id == expected.frame_id


def test_as_many_points_are_in_view_as_the_calibration_says(replayed, pixels):
    expected = int(np.isfinite(pixels[:, 0]).sum())
    assert expected == 7429
    assert replayed.points_in_view(LIDAR) == pytest.approx(expected, abs=5)
    tally = replayed.json["points"][LIDAR]
    assert sum(tally.values()) == POINT_COUNT
    assert tally["labelled"] > 0.5 * expected


def test_labels_are_those_of_the_pixels(replayed, inputs, pixels, command):
    labels = replayed.clouds(SEMANTIC_POINTS)[0].points["semantic_label"].reshape(-1)
    known = np.flatnonzero(labels != 255)
    assert np.isfinite(pixels[known]).all()
    truth = command.brightest_channel(decode_image(inputs[IMAGE]))
    scale = truth.shape[1] / WIDTH, truth.shape[0] / HEIGHT
    column, row = np.floor((pixels[known] + 0.5) * scale).astype(int).T
    # A point within rounding of a pixel's edge may fall on either side.
    assert (labels[known] == truth[row, column]).mean() > 0.999


def test_the_truth_in_place_of_the_network_agrees_with_the_lidars_own(bag, inputs, pixels):
    """77.3 %. Most of the rest is one thing with two names: puddle or bush here, grass there."""
    cloud = decode_cloud(inputs[POINTS])
    own = cloud.points["label"].reshape(-1)
    naive = np.isfinite(pixels[:, 0])
    nothing_hides = {"transfer.occlusion_ratio": 1e6, "transfer.occlusion_midpoint_ratio": 1e6}
    anything_goes = {"plausibility.sky_groups": [], "plausibility.ground_groups": []}
    core = _core_with_truth(bag, inputs, **nothing_hides, **anything_goes)
    semantic = core.label(LIDAR, cloud)
    np.testing.assert_array_equal(semantic.status == PointStatus.LABELLED, naive)
    agrees = semantic.labels[naive] == own[naive]
    assert agrees.mean() >= 0.7725
    names = {frozenset(pair) for pair in ((GRASS, PUDDLE), (GRASS, BUSH), (GRASS, MUD))}
    pairs = np.stack([semantic.labels[naive], own[naive]], axis=1)[~agrees].tolist()
    assert np.mean([frozenset(pair) in names for pair in pairs]) > 0.7


def test_hidden_points_are_left_out_and_most_are_kept(bag, inputs):
    cloud = decode_cloud(inputs[POINTS])
    own = cloud.points["label"].reshape(-1)
    semantic = _core_with_truth(bag, inputs).label(LIDAR, cloud)
    labelled = semantic.status == PointStatus.LABELLED
    seen = labelled | (semantic.status == PointStatus.OCCLUDED)
    assert labelled.sum() > 0.85 * seen.sum()
    assert (semantic.labels[labelled] == own[labelled]).mean() > 0.76


@pytest.mark.parametrize("axes", [AS_RECORDED, T_OPTICAL_BODY], ids=["as recorded", "body frame"])
def test_axes_of_the_camera_s_frame_are_found_out(bag, inputs, axes):
    """GOOSE's names, and other axes than those of GOOSE."""
    cloud = decode_cloud(inputs[POINTS])
    expected = _core_with_truth(bag, inputs).label(LIDAR, cloud)
    auto = {"camera.windshield.frame_convention": "auto"}
    core = _core_with_truth(bag, inputs, axes, **auto)
    for _ in range(FEWEST_SCANS):
        found = core.label(LIDAR, cloud)
    np.testing.assert_array_equal(found.status, expected.status)
    np.testing.assert_array_equal(found.labels, expected.labels)


def _core_with_truth(bag: Path, inputs, axes=AS_RECORDED, **parameters: Any) -> Perception:
    """The core, with the truth as the label map of its one image, in a frame of other axes."""
    truth = decode_label_image(inputs[TRUTH])
    tree = TransformTree()
    for edge in decode_tf(inputs["/tf_static"]):
        tree.set_static(edge.parent, edge.child, edge.T_parent_child @ axes)
    config = Config.from_parameters({**inspect_bag(bag).parameters, **parameters})
    ontology = Ontology.load(config_path("ontology", "rellis.yaml"))
    perception = Perception(config, ontology, tree)
    perception.add_label_map(
        LabelMap(
            camera="windshield",
            labels=truth,
            confidence=np.full(truth.shape, 255, np.uint8),
            stamp_ns=stamp_to_ns(inputs[IMAGE].header.stamp),
            frame_id=inputs[IMAGE].header.frame_id,
            calibration=decode_camera_info(inputs[LENS]),
        )
    )
    return perception
