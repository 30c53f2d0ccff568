"""Samples of public data sets: points, label maps of their cameras, and what is known."""

from __future__ import annotations

import codecs
import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from seg_perception.config import SegmentationConfig
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import Calibration, CameraFrame, LabelMap
from seg_perception.fusion.view import PreparedLabelMap, View
from seg_perception.geometry.camera import CameraModel
from seg_perception.geometry.quaternion import quaternion_to_matrix
from seg_perception.inference.bundle import Bundle
from seg_perception.inference.engine import create_engine
from seg_perception.inference.segmenter import Segmenter

Array = NDArray[np.float64]
Labels = NDArray[np.uint8]

KITTI_FRAMES = ("000000", "000001", "000002")
KITTI_CLASSES = {
    "Pedestrian": "person", "Person_sitting": "person", "Cyclist": "person",
    "Car": "vehicle", "Van": "vehicle", "Truck": "vehicle", "Misc": "vehicle",
}  # fmt: skip


@dataclass(frozen=True)
class Picture:
    """One camera's picture of a sample.

    Attributes:
        frame: the picture and its calibration.
        T_camera_lidar: (4, 4), motion between the two stamps included.
        rectified: whether P holds instead of K and D.
    """

    frame: CameraFrame
    T_camera_lidar: Array
    rectified: bool = False

    def view(self, label_map: LabelMap) -> View:
        """The camera's offer to the scan.

        Raises:
            ValueError: a label map without calibration.
        """
        if label_map.calibration is None:
            msg = f"label map of {label_map.camera}: expected a calibration, got none"
            raise ValueError(msg)
        camera_model = CameraModel.from_calibration(label_map.calibration, rectified=self.rectified)
        return View(PreparedLabelMap(label_map), camera_model, self.T_camera_lidar)


@dataclass(frozen=True)
class Box:
    """Something that stands in a scan.

    Attributes:
        name: its class, in words of the field ontology.
        inside: bool (n,), which points lie in it.
    """

    name: str
    inside: NDArray[np.bool_]


class Model:
    """The default model."""

    def __init__(self) -> None:
        """Load it."""
        config = SegmentationConfig()
        engine = create_engine(Bundle.load(config.bundle), config)
        self.ontology: Ontology = engine.bundle.ontology
        self._segmenter = Segmenter(engine, config)

    def label(self, picture: Picture) -> LabelMap:
        """What it says of a picture."""
        return self._segmenter.segment(picture.frame)


class Rellis:
    """RELLIS-3D: lidar points and an image, both labelled by people."""

    def __init__(self, real: Path) -> None:
        """Read the sample."""
        folder = real / "rellis3d_example"
        fx, fy, cx, cy = map(float, (folder / "camera_info.txt").read_text().split())
        pose = yaml.safe_load((folder / "transforms.yaml").read_text())
        pose = pose["os1_cloud_node-pylon_camera_node"]
        T_lidar_camera = np.eye(4)
        T_lidar_camera[:3, :3] = quaternion_to_matrix(*(pose["q"][axis] for axis in "xyzw"))
        T_lidar_camera[:3, 3] = [pose["t"][axis] for axis in "xyz"]
        scan = np.fromfile(folder / "000104.bin", np.float32)
        self.xyz = np.ascontiguousarray(scan.reshape(-1, 4)[:, :3])
        truth = np.fromfile(folder / "000104.label", np.uint32) & 0xFFFF
        self.truth: Labels = truth.astype(np.uint8)
        name = "frame000104-1581624663_149"
        self.mask: Labels = np.asarray(
            cv2.imread(str(folder / f"{name}.png"), cv2.IMREAD_UNCHANGED), np.uint8
        )
        k = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
        calibration = Calibration(self.mask.shape[1], self.mask.shape[0], k)
        frame = CameraFrame("front", _read(folder / f"{name}.jpg"), 0, "front", calibration)
        self.picture = Picture(frame, np.linalg.inv(T_lidar_camera))
        self.ontology = Ontology.load("rellis")

    def painted(self) -> LabelMap:
        """What people painted over the image."""
        certain = np.full(self.mask.shape, 255, np.uint8)
        return LabelMap("front", self.mask, certain, 0, "front", self.picture.frame.calibration)


class Kitti:
    """KITTI: scans with boxes around people and vehicles."""

    def __init__(self, real: Path, name: str) -> None:
        """Read one frame."""
        folder = real / "kitti_000000_2"
        lines = (folder / "calib" / f"{name}.txt").read_text().splitlines()
        calib = {
            key: np.array(text.split(), float)
            for key, _, text in (line.partition(":") for line in lines if line)
        }
        p, r = calib["P2"].reshape(3, 4), calib["R0_rect"].reshape(3, 3)
        T_camera_lidar = np.vstack([calib["Tr_velo_to_cam"].reshape(3, 4), [0, 0, 0, 1]])
        scan = np.fromfile(folder / "velodyne" / f"{name}.bin", np.float32)
        self.xyz = np.ascontiguousarray(scan.reshape(-1, 4)[:, :3])
        rgb = _read(folder / "image_2" / f"{name}.png")
        calibration = Calibration(
            rgb.shape[1], rgb.shape[0], p[:, :3], "plumb_bob", np.zeros(5), r, p
        )
        frame = CameraFrame("left", rgb, 0, "left", calibration)
        self.picture = Picture(frame, T_camera_lidar, rectified=True)
        rectified = (self.xyz @ T_camera_lidar[:3, :3].T + T_camera_lidar[:3, 3]) @ r.T
        text = (folder / "label_2" / f"{name}.txt").read_text().splitlines()
        self.boxes = [
            _box(line.split(), rectified) for line in text if line.split()[0] in KITTI_CLASSES
        ]


class NuScenes:
    """nuScenes: a scan and six cameras around the car, no labels."""

    def __init__(self, real: Path) -> None:
        """Read the sample."""
        folder = real / "nuscenes_sample"
        with next(folder.glob("*.pkl")).open("rb") as file:
            info = _Numbers(file).load()["data_list"][0]
        scan = np.fromfile(folder / info["lidar_points"]["lidar_path"], np.float32)
        self.xyz = np.ascontiguousarray(scan.reshape(-1, 5)[:, :3])
        self.pictures = list(_pictures(folder, info["images"]))


def _pictures(folder: Path, images: dict[str, Any]) -> Iterator[Picture]:
    for name, entry in images.items():
        rgb, k = _read(folder / entry["img_path"]), np.array(entry["cam2img"])
        calibration = Calibration(rgb.shape[1], rgb.shape[0], k[:3, :3])
        yield Picture(CameraFrame(name, rgb, 0, name, calibration), np.array(entry["lidar2cam"]))


def _box(words: list[str], rectified: Array) -> Box:
    """A line of KITTI's label file: size, the middle of the bottom, turn about the camera's y."""
    height, width, length, x, y, z, turn = map(float, words[8:15])
    offset = rectified - [x, y, z]
    cos, sin = np.cos(turn), np.sin(turn)
    along = cos * offset[:, 0] - sin * offset[:, 2]
    across = sin * offset[:, 0] + cos * offset[:, 2]
    inside = (np.abs(along) < length / 2) & (np.abs(across) < width / 2)
    inside &= (offset[:, 1] < 0) & (offset[:, 1] > -height)
    return Box(KITTI_CLASSES[words[0]], inside)


def _read(path: Path) -> NDArray[np.uint8]:
    picture = cv2.imread(str(path))
    return np.ascontiguousarray(np.asarray(picture, np.uint8)[:, :, ::-1])


class _Numbers(pickle.Unpickler):
    """Builds plain containers and numpy scalars, and refuses everything else."""

    allowed: ClassVar[dict[tuple[str, str], Any]] = {
        ("numpy.core.multiarray", "scalar"): lambda dtype, raw: np.frombuffer(raw, dtype)[0].item(),
        ("numpy", "dtype"): np.dtype,
        ("_codecs", "encode"): codecs.encode,
    }

    def find_class(self, module: str, name: str) -> Any:
        """The class of one of the allowed names.

        Raises:
            UnpicklingError: any other.
        """
        if (module, name) not in self.allowed:
            msg = f"{module}.{name} is not expected in this file"
            raise pickle.UnpicklingError(msg)
        return self.allowed[module, name]
