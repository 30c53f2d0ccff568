"""nuScenes: six cameras around a car, each at its own time, and a lidar that all of them label."""

from __future__ import annotations

import codecs
import pickle
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from seg_perception.config import Config
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import Calibration, LabelMap, PointCloud, PointStatus
from seg_perception.geometry.transforms import StampedTransform, TransformTree
from seg_perception.inspection import inspect_bag
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.camera_info import decode_camera_info, encode_camera_info
from seg_perception.io.images import decode_compressed_image
from seg_perception.io.messages import CompressedImage, Header, stamp_to_ns
from seg_perception.io.pointcloud2 import decode_cloud, encode_cloud
from seg_perception.io.transforms import decode_tf, encode_tf
from seg_perception.pipeline.frame_convention import FEWEST_SCANS, T_OPTICAL_BODY
from seg_perception.pipeline.perception import Perception

CAMERAS = (
    "CAM_FRONT", "CAM_FRONT_RIGHT", "CAM_FRONT_LEFT", "CAM_BACK", "CAM_BACK_LEFT", "CAM_BACK_RIGHT"
)  # fmt: skip
WIDTH, HEIGHT = 1600, 900
POINTS, SEMANTIC_POINTS = "/LIDAR_TOP/points", "/LIDAR_TOP/semantic/points"
LAYOUT = np.dtype([(name, "<f4") for name in ("x", "y", "z", "intensity", "ring")])
NEAREST_M = 0.3
AS_RECORDED = np.eye(4)


class _Numbers(pickle.Unpickler):
    """Builds plain containers and numpy scalars, and refuses everything else."""

    allowed: ClassVar[dict[tuple[str, str], Any]] = {
        ("numpy.core.multiarray", "scalar"): lambda dtype, raw: np.frombuffer(raw, dtype)[0].item(),
        ("numpy", "dtype"): np.dtype,
        ("_codecs", "encode"): codecs.encode,
    }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.allowed:
            msg = f"{module}.{name} is not expected in this file"
            raise pickle.UnpicklingError(msg)
        return self.allowed[module, name]


class Sample:
    """One moment as the data set has it; `lidar2cam` compensates the car's motion."""

    def __init__(self, folder: Path) -> None:
        with next(folder.glob("*.pkl")).open("rb") as file:
            info = _Numbers(file).load()["data_list"][0]
        self.folder = folder
        self.cameras = info["images"]
        self.stamp_ns = _ns(info["timestamp"])
        self.T_ego_lidar = np.array(info["lidar_points"]["lidar2ego"])
        self.T_map_ego = np.array(info["ego2global"])
        self.points = np.fromfile(folder / info["lidar_points"]["lidar_path"], LAYOUT)
        self.xyz = np.stack([self.points[name] for name in "xyz"], axis=1)

    def pixels(self, camera: str) -> np.ndarray:
        """Where the points appear, (N, 2); NaN out of view."""
        entry = self.cameras[camera]
        T = np.array(entry["lidar2cam"])
        xyz = self.xyz @ T[:3, :3].T + T[:3, 3]
        with np.errstate(divide="ignore", invalid="ignore"):
            uv = (xyz @ np.array(entry["cam2img"]).T)[:, :2] / xyz[:, 2:]
        inside = (xyz[:, 2] > 0) & (uv >= -0.5).all(axis=1)
        inside &= (uv < [WIDTH - 0.5, HEIGHT - 0.5]).all(axis=1)
        inside &= np.linalg.norm(self.xyz, axis=1) >= NEAREST_M
        return np.where(inside[:, None], uv, np.nan)

    def jpeg(self, camera: str) -> bytes:
        return (self.folder / self.cameras[camera]["img_path"]).read_bytes()

    def events(self):
        mountings = [StampedTransform("base_link", "LIDAR_TOP", 0, self.T_ego_lidar)]
        mountings += [
            StampedTransform("base_link", name, 0, np.array(self.cameras[name]["cam2ego"]))
            for name in CAMERAS
        ]
        start_ns = min(_ns(entry["timestamp"]) for entry in self.cameras.values())
        yield start_ns, "/tf_static", encode_tf(mountings)
        for name in CAMERAS:
            yield from self._camera_events(name)
        yield self._ego_event(self.stamp_ns, self.T_map_ego)
        cloud = PointCloud(self.points.reshape(1, -1), self.stamp_ns, "LIDAR_TOP")
        yield self.stamp_ns, POINTS, encode_cloud(cloud)

    def _camera_events(self, name: str):
        entry = self.cameras[name]
        at = _ns(entry["timestamp"])
        k = np.array(entry["cam2img"])
        lens = Calibration(WIDTH, HEIGHT, k, p=np.hstack([k, np.zeros((3, 1))]))
        # The file has the car's pose at the scan only; at the image it follows from lidar2cam.
        T_map_lidar = self.T_map_ego @ self.T_ego_lidar
        T_ego_camera, T_camera_lidar = np.array(entry["cam2ego"]), np.array(entry["lidar2cam"])
        T_map_ego = T_map_lidar @ np.linalg.inv(T_ego_camera @ T_camera_lidar)
        yield self._ego_event(at, T_map_ego)
        yield at, f"/{name}/camera_info", encode_camera_info(lens, at, name)
        image = CompressedImage(Header.at(at, name), "jpeg", self.jpeg(name))
        yield at, f"/{name}/image_rect/compressed", image

    @staticmethod
    def _ego_event(stamp_ns: int, T_map_ego: np.ndarray):
        pose = StampedTransform("map", "base_link", stamp_ns, T_map_ego)
        return stamp_ns, "/tf", encode_tf([pose])


@pytest.fixture(scope="module")
def sample(real):
    return Sample(real / "nuscenes_sample")


@pytest.fixture(scope="module")
def bag(sample, write_bag):
    return write_bag("nuscenes", sample.events())


@pytest.fixture(scope="module")
def replayed(bag, command, tmp_path_factory):
    return command.replay(bag, tmp_path_factory.mktemp("nuscenes") / "out.mcap")


def test_inspection_finds_six_cameras_and_the_frame_that_rests(bag, command):
    outcome = command.inspect(bag)
    assert outcome.code == 0, outcome.stdout
    parameters = outcome.json["parameters"]
    assert set(parameters["cameras"]) == set(CAMERAS)
    assert parameters["lidars"] == ["LIDAR_TOP"]
    assert parameters["transforms.fixed_frame"] == "map"


def test_every_message_is_labelled(replayed):
    assert replayed.code == 0, replayed.stderr
    summary = replayed.json
    assert summary["balanced"]
    assert summary["problems"] == summary["notes"] == []
    assert {name: count["published"] for name, count in summary["streams"].items()} == {
        **{f"camera.{name}": 1 for name in CAMERAS},
        "lidar.LIDAR_TOP": 1,
    }


def test_as_many_points_are_in_view_as_the_calibrations_say(replayed, sample):
    in_view = [np.isfinite(sample.pixels(name)[:, 0]) for name in CAMERAS]
    expected = int(np.any(in_view, axis=0).sum())
    assert expected > 0.3 * len(sample.points)
    assert replayed.points_in_view("LIDAR_TOP") == pytest.approx(expected, abs=5)
    assert replayed.json["points"]["LIDAR_TOP"]["labelled"] > 0.65 * expected


def test_labels_are_those_of_a_pixel_in_one_of_the_images(replayed, sample, command):
    cloud = replayed.clouds(SEMANTIC_POINTS)[0].points.reshape(-1)
    np.testing.assert_array_equal(cloud["ring"], sample.points["ring"])
    known = cloud["label"] != 255
    explained = np.zeros(len(cloud), bool)
    for name in CAMERAS:
        image = CompressedImage(Header.at(0, name), "jpeg", sample.jpeg(name))
        truth = command.brightest_channel(decode_compressed_image(image))
        pixels = sample.pixels(name)
        seen = np.flatnonzero(np.isfinite(pixels[:, 0]))
        scale = truth.shape[1] / WIDTH, truth.shape[0] / HEIGHT
        column, row = np.floor((pixels[seen] + 0.5) * scale).astype(int).T
        explained[seen] |= cloud["label"][seen] == truth[row, column]
    assert explained[known].mean() > 0.999


def test_each_point_is_labelled_by_a_camera_that_looks_there(bag, sample):
    core, cloud = _core_with_camera_numbers(bag)
    semantic = core.label("LIDAR_TOP", cloud)
    labelled = semantic.status == PointStatus.LABELLED
    assert set(semantic.labels[labelled].tolist()) == set(range(len(CAMERAS)))
    for number, name in enumerate(CAMERAS):
        mine = labelled & (semantic.labels == number)
        assert {semantic.cameras[source] for source in semantic.sources[mine]} == {name}
        assert np.isfinite(sample.pixels(name)[mine, 0]).mean() > 0.999
    # The lidar's y axis points forward; the side cameras start 22 degrees beside it.
    bearing_deg = np.degrees(np.arctan2(-sample.xyz[:, 0], sample.xyz[:, 1]))
    for number, middle_deg in ((0, 0), (3, 180)):
        beside_deg = np.abs((bearing_deg - middle_deg + 180) % 360 - 180)
        ahead = labelled & (beside_deg < 15)
        assert ahead.sum() > 500
        assert set(semantic.labels[ahead].tolist()) == {number}


@pytest.mark.parametrize("axes", [AS_RECORDED, T_OPTICAL_BODY], ids=["as recorded", "body frames"])
def test_axes_of_the_cameras_frames_are_found_out(bag, axes):
    core, cloud = _core_with_camera_numbers(bag)
    expected = core.label("LIDAR_TOP", cloud)
    auto, cloud = _core_with_camera_numbers(bag, axes, "auto")
    for _ in range(FEWEST_SCANS):
        found = auto.label("LIDAR_TOP", cloud)
    found_out = {i.stream for i in auto.issues.all() if i.code == "convention_found"}
    assert found_out == {f"camera.{name}" for name in CAMERAS}
    np.testing.assert_array_equal(found.labels, expected.labels)


def _core_with_camera_numbers(bag: Path, axes=AS_RECORDED, convention="optical"):
    """A core with images that hold their camera's number, in frames of other axes; the cloud."""
    parameters = dict(inspect_bag(bag).parameters)
    parameters.update({f"camera.{name}.frame_convention": convention for name in CAMERAS})
    config = Config.from_parameters(parameters)
    classes = [{"id": n, "name": name, "color": "#808080"} for n, name in enumerate(CAMERAS)]
    ontology = Ontology.parse({"name": "cameras", "classes": classes}, "test")
    perception = Perception(config, ontology, TransformTree())
    lenses = {}
    with BagReader(bag) as reader:
        for entry in reader.messages():
            name = entry.topic.split("/")[1]
            if entry.topic in ("/tf", "/tf_static"):
                _keep(perception.transforms, entry, axes)
            elif entry.topic.endswith("camera_info"):
                lenses[name] = decode_camera_info(entry.message)
            elif entry.topic == POINTS:
                cloud = decode_cloud(entry.message)
            else:
                perception.add_label_map(
                    _numbered(name, lenses[name], stamp_to_ns(entry.message.header.stamp))
                )
    return perception, cloud


def _keep(tree: TransformTree, entry, axes: np.ndarray) -> None:
    for edge in decode_tf(entry.message):
        T = edge.T_parent_child
        if entry.topic == "/tf_static":
            T = T @ axes if edge.child in CAMERAS else T
            tree.set_static(edge.parent, edge.child, T)
        else:
            tree.set_timed(edge.parent, edge.child, edge.stamp_ns, T)


def _numbered(camera: str, lens: Calibration, stamp_ns: int) -> LabelMap:
    labels = np.full((HEIGHT, WIDTH), CAMERAS.index(camera), np.uint8)
    return LabelMap(camera, labels, np.full_like(labels, 255), stamp_ns, camera, lens)


def _ns(stamp_s: float) -> int:
    """The stamps have microseconds; a float of this size has not quite."""
    return round(stamp_s * 1e6) * 1000
