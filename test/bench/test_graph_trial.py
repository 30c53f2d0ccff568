"""The usual node is a fair baseline, and a short run adds up."""

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed; run make setup")
pytest.importorskip("embreex", reason="the simulator needs the package embreex")

from bench.graph.__main__ import parser, run_load
from bench.graph.labelled_points import append_fields
from bench.graph.listener import stamp_of
from bench.graph.recordings import Load
from bench.graph.summary import accounted
from bench.graph.usual_node import LatestTransforms, pixels_of
from seg_perception.core.types import Calibration, LabelMap, PointCloud, SemanticCloud
from seg_perception.geometry.transforms import StampedTransform
from seg_perception.io.messages import Header, Image
from seg_perception.io.pointcloud2 import append_semantics
from seg_perception.io.ros_copy import serialize
from seg_perception.io.transforms import encode_tf
from seg_perception.simulation.config import SimulationConfig

pytestmark = pytest.mark.ros

RATE_HZ, SECONDS = 5, 2
TINY = {
    "duration_s": float(SECONDS),
    "camera_width": 64,
    "camera_height": 36,
    "camera_rate_hz": RATE_HZ,
    "lidar_beams": 8,
    "lidar_columns": 128,
    "lidar_rate_hz": RATE_HZ,
}


@pytest.mark.timeout(400)  # four processes start twice, on a machine that does other things
def test_what_goes_in_comes_out_or_is_counted_as_lost(tmp_path, colour_model):
    bundle = colour_model.write(tmp_path, 16, 8)
    options = parser().parse_args(
        ["--folder", str(tmp_path / "runs"), "--trials", "1", "--bundle", str(bundle)]
    )
    load = Load("two cameras", ("front", "left"))
    text, document = run_load(load, SimulationConfig(**TINY), options)
    for name in ("seg_perception", "usual node"):
        images, clouds = document[name]["images"], document[name]["clouds"]
        assert images["sent"] == 2 * RATE_HZ * SECONDS, "the front camera's, and the same again"
        assert clouds["sent"] == RATE_HZ * SECONDS
        assert images["heard"] > 0
        assert clouds["heard"] > 0
        assert document[name]["cpu"] > 0
        assert 0 < document[name]["labelled"] <= 1
        assert 0 < images["latency_s"][0] <= images["latency_s"][2]
        # A scan is sent 6 ms after its end, a picture 35 ms after its exposure.
        assert clouds["age_s"][0] - clouds["latency_s"][0] == pytest.approx(0.206, abs=1e-6)
        assert images["age_s"][0] - images["latency_s"][0] == pytest.approx(0.035, abs=1e-6)
        assert f"| {name} |" in text
    ours = document["seg_perception"]
    for flow in (ours["images"], ours["clouds"]):
        assert flow["sent"] - flow["heard"] == flow["accounted"], "our node says where all went"
    assert document["usual node"]["images"]["accounted"] == 0
    assert "| segment | camera.left |" in text


def test_losses_that_a_node_reports():
    report = {
        "streams": {
            "camera.front": {"dropped": {"superseded": 3, "shutdown": 1}},
            "camera.left": {"dropped": {"superseded": 2}},
            "lidar.top": {"dropped": {"queue_full": 7}},
        },
        "lost_in_transport": {"camera.front": 5, "lidar.top": 1},
    }
    assert accounted(report, "camera.") == 3 + 1 + 2 + 5
    assert accounted(report, "lidar.") == 7 + 1
    assert accounted({"gaps_s": []}, "camera.") == 0


def test_the_usual_cloud_has_the_bytes_of_ours():
    point = np.dtype([("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("ring", "<u2")])
    points = np.arange(3 * point.itemsize, dtype=np.uint8).view(point).reshape(1, 3)
    cloud = PointCloud(points, 7, "lidar")
    labels, sure = np.array([2, 255, 0], np.uint8), np.array([0.5, 0, 1], np.float32)
    palette = np.arange(768).astype(np.uint8).reshape(256, 3)
    status = np.zeros(3, np.uint8)
    ours = append_semantics(SemanticCloud("top", cloud, labels, sure, status, status), palette)
    usual = append_fields(cloud, labels, sure, palette[labels])
    assert usual.points.tobytes() == ours.points.tobytes()
    assert [n for n, _ in sorted(usual.points.dtype.fields.items(), key=lambda e: e[1][1])] == [
        n for n, _ in sorted(ours.points.dtype.fields.items(), key=lambda e: e[1][1])
    ]


def test_the_newest_transforms_are_chained():
    def at(x):
        T = np.eye(4)
        T[0, 3] = x
        return T

    tree = LatestTransforms()
    tree.add(encode_tf([StampedTransform("base", "camera", 0, at(1.0))]))
    tree.add(encode_tf([StampedTransform("base", "lidar", 0, at(5.0))]))
    tree.add(encode_tf([StampedTransform("odom", "base", 9, at(100.0))]))
    np.testing.assert_allclose(tree.lookup("camera", "lidar"), at(4.0))
    np.testing.assert_allclose(tree.lookup("odom", "lidar"), at(105.0))
    tree.add(encode_tf([StampedTransform("odom", "base", 10, at(101.0))]))
    np.testing.assert_allclose(tree.lookup("odom", "lidar"), at(106.0))
    assert tree.lookup("camera", "elsewhere") is None


def test_points_fall_on_their_pixels():
    """Focal length 8, centre (7.5, 3.5); labels at half the size of the image."""
    k = np.array([[8.0, 0, 7.5], [0, 8.0, 3.5], [0, 0, 1]])
    calibration = Calibration(16, 8, k, "plumb_bob", np.zeros(5))
    labels = np.zeros((4, 8), np.uint8)
    label_map = LabelMap("front", labels, labels, 0, "camera", calibration)
    # Ahead on columns 15.5 / 2, 3.5 and 11.5; behind; far to the side.
    xyz = np.array([[0, 0, 4], [-2, 0, 4], [2, 0, 4], [0, 0, -4], [9, 0, 4]], np.float32)
    index, column, row = pixels_of(xyz, np.eye(4), label_map)
    # Column c of the image is (c + 0.5) / 2 - 0.5 of the labels: 3.5, 1.5 and 5.5, to even.
    assert index.tolist() == [0, 1, 2]
    assert column.tolist() == [4, 2, 6]
    assert row.tolist() == [2, 2, 2]


def test_the_stamp_is_read_from_the_serialised_message():
    stamp_ns = 1_750_000_000_123_456_789
    data = serialize("/x", Image.type_name, Image(Header.at(stamp_ns, "camera"), data=b"\x01"))
    assert stamp_of(bytes(data)) == stamp_ns
