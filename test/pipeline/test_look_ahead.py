"""Work on a cloud that waits: the labels are the same, and nothing is done twice."""

from __future__ import annotations

import numpy as np
import pytest

from seg_perception.config import Config
from seg_perception.core.message_accounting import StreamCount
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import Calibration, LabelMap, PointCloud
from seg_perception.fusion import label_transfer
from seg_perception.geometry.transforms import TransformTree
from seg_perception.pipeline.frame_convention import T_OPTICAL_BODY
from seg_perception.pipeline.perception import Perception

MS = 1_000_000
CAMERAS = {"front": 0.0, "left": 1.2, "rear": 3.1}
SIZE = WIDTH, HEIGHT = 64, 48
LENS = Calibration(*SIZE, np.array([[40.0, 0, 31.5], [0, 40, 23.5], [0, 0, 1]]))
CLASSES = [{"id": n, "name": name, "color": f"#0000{n}0"} for n, name in enumerate("abc")]
ONTOLOGY = Ontology.parse({"name": "three", "classes": CLASSES}, "test")


def turned(yaw_rad: float):
    T = np.eye(4)
    T[:2, :2] = [[np.cos(yaw_rad), -np.sin(yaw_rad)], [np.sin(yaw_rad), np.cos(yaw_rad)]]
    return T


def perception(**parameters):
    """A robot that turns, with three cameras whose images overlap, and a lidar."""
    flat = {
        "cameras": list(CAMERAS),
        **{f"camera.{name}.image_topic": f"/{name}/image" for name in CAMERAS},
        **{f"camera.{name}.frame_convention": "optical" for name in CAMERAS},
        "lidars": ["top"],
        "lidar.top.topic": "/points",
    }
    tree = TransformTree()
    for ms in range(0, 401, 10):
        tree.set_timed("odom", "base", ms * MS, turned(0.001 * ms))
    tree.set_static("base", "lidar", np.eye(4))
    for name, yaw_rad in CAMERAS.items():
        tree.set_static("base", name, turned(yaw_rad) @ np.linalg.inv(T_OPTICAL_BODY))
    named = {key.replace("__", "."): value for key, value in parameters.items()}
    return Perception(Config.from_parameters({**flat, **named}), ONTOLOGY, tree)


def label_map(camera: str, stamp_ms: int) -> LabelMap:
    random = np.random.default_rng(stamp_ms + len(camera))
    labels = np.kron(random.integers(0, 3, (6, 8), np.uint8), np.ones((8, 8), np.uint8))
    confidence = random.integers(50, 256, (HEIGHT, WIDTH)).astype(np.uint8)
    return LabelMap(camera, labels, confidence, stamp_ms * MS, camera, LENS)


def cloud(stamp_ms: int = 100) -> PointCloud:
    """Points all around, over the 50 ms after the stamp."""
    random = np.random.default_rng(1)
    points = np.zeros((1, 40_000), [*((axis, "<f4") for axis in "xyz"), ("t", "<u4")])
    azimuth, range_m = random.uniform(-np.pi, np.pi, 40_000), random.uniform(3, 30, 40_000)
    points["x"], points["y"] = range_m * np.cos(azimuth), range_m * np.sin(azimuth)
    points["z"] = random.uniform(-1, 2, 40_000)
    points["t"] = np.sort(random.integers(0, 50 * MS, 40_000))
    return PointCloud(points, stamp_ms * MS, "lidar")


def add(core: Perception, stamp_ms: int = 100):
    handle = core.accounting.receive("lidar.top")
    core.add_cloud("top", cloud(stamp_ms), handle, now_ns=0)
    return handle


def label(core: Perception):
    labelled = core.label_next(["top"], now_ns=1)
    assert labelled is not None
    return labelled.semantic


@pytest.fixture
def asked(monkeypatch):
    """The stamps (ms) and cameras of the label maps that were looked up, in their order."""
    found = []
    real = label_transfer.AskedCloud._votes

    def votes(self, view, *, several):
        found.append((view.prepared.label_map.camera, view.prepared.label_map.stamp_ns // MS))
        return real(self, view, several=several)

    monkeypatch.setattr(label_transfer.AskedCloud, "_votes", votes)
    return found


def expect_equal(semantic, expected):
    for name in ("labels", "confidence", "status", "sources"):
        np.testing.assert_array_equal(getattr(semantic, name), getattr(expected, name), name)
    assert semantic.cameras == expected.cameras
    assert {*np.unique(semantic.sources)} >= {0, 1, 2}, "each camera labels something"


def at_once(core: Perception, maps):
    for camera, stamp_ms in maps:
        core.add_label_map(label_map(camera, stamp_ms))
    add(core)
    return label(core)


MAPS = [("front", 110), ("rear", 120), ("left", 130)]


def test_cameras_are_asked_as_their_labels_come_and_the_labels_are_those_of_one_look(asked):
    expected = at_once(perception(), MAPS)
    del asked[:]
    core = perception()
    for camera in CAMERAS:
        core.add_label_map(label_map(camera, 60))
    add(core)
    assert not core.look_ahead(["top"]), "each may still get a nearer one"
    for number, (camera, stamp_ms) in enumerate(MAPS):
        assert core.label_next(["top"], now_ns=1) is None
        core.add_label_map(label_map(camera, stamp_ms))
        if number < 2:
            assert core.look_ahead(["top"])
            assert not core.look_ahead(["top"])
    assert asked == [("front", 110), ("rear", 120)]
    expect_equal(label(core), expected)
    assert sorted(asked) == sorted(MAPS), "each once"


def test_a_view_that_changes_meanwhile_is_asked_again(asked):
    core = perception()
    for camera in CAMERAS:
        core.add_label_map(label_map(camera, 60))
    core.add_label_map(label_map("front", 110))
    add(core)
    assert core.look_ahead(["top"])
    for camera, stamp_ms in (("front", 105), ("rear", 120), ("left", 130)):
        core.add_label_map(label_map(camera, stamp_ms))
    semantic = label(core)
    assert asked == [("front", 110), ("front", 105), ("left", 130), ("rear", 120)]
    expect_equal(semantic, at_once(perception(), [("front", 105), *MAPS[1:]]))


def test_a_transform_that_comes_late_is_not_missed():
    """A correction of the pose at the image's time, after the camera was asked."""
    core, other = perception(), perception()
    for each in (core, other):
        for camera in CAMERAS:
            each.add_label_map(label_map(camera, 60))
        each.add_label_map(label_map("front", 115))
        add(each)
    assert core.look_ahead(["top"])
    for each in (core, other):
        each.transforms.set_timed("odom", "base", 115 * MS, turned(0.2))
        for camera, stamp_ms in MAPS[1:]:
            each.add_label_map(label_map(camera, stamp_ms))
    expect_equal(label(core), label(other))


def test_nothing_is_done_ahead_with_earlier_scans_in_the_depth_buffer(asked):
    core = perception(transfer__accumulated_scans=2)
    for camera in CAMERAS:
        core.add_label_map(label_map(camera, 60))
    core.add_label_map(label_map("front", 110))
    add(core)
    core.look_ahead(["top"])
    assert asked == []


def test_a_step_that_fails_is_taken_once_and_counted_with_its_cloud(monkeypatch):
    core = perception()
    for camera in CAMERAS:
        core.add_label_map(label_map(camera, 60))
    core.add_label_map(label_map("front", 110))
    add(core)

    def fail(*_arguments, **_options):
        raise ZeroDivisionError

    monkeypatch.setattr(label_transfer.AskedCloud, "_votes", fail)
    with pytest.raises(ZeroDivisionError):
        core.look_ahead(["top"])
    assert not core.look_ahead(["top"])
    for camera, stamp_ms in MAPS[1:]:
        core.add_label_map(label_map(camera, stamp_ms))
    assert core.label_next(["top"], now_ns=1) is None
    count = core.accounting.snapshot()["lidar.top"]
    assert count == StreamCount(1, 0, {"internal_error": 1}, 0)
