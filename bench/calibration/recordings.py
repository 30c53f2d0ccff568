"""Moments of public recordings, each with its published pose."""

from __future__ import annotations

import codecs
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from seg_perception.alignment.depth_edges import depth_edges
from seg_perception.alignment.edge_maps import WIDTH, edge_maps
from seg_perception.alignment.observation import Observation
from seg_perception.alignment.reflectivity_edges import reflectivity_edges
from seg_perception.core.types import Calibration, PointCloud
from seg_perception.geometry.calibration import scale_calibration

Moments = list[Observation]

_LAYOUT = np.dtype([(name, "<f4") for name in ("x", "y", "z", "intensity")])
_RINGS = np.dtype([(name, "<f4") for name in ("x", "y", "z", "intensity", "ring")])
_BARE = np.dtype([(name, "<f4") for name in ("x", "y", "z")])
_NEAREST_M = 1.0
# Moments of the drive that are looked at, alone and together.
_DRIVE = (2, 12, 22, 32, 42, 52)


def recordings(folder: Path) -> Iterator[tuple[str, Moments]]:
    """Name and moments of what lies in a folder of public recordings."""
    drive = [_drive(folder / "kitti_drive", number) for number in _DRIVE]
    yield from ((f"kitti_drive {n}", [m]) for n, m in zip(_DRIVE[::2], drive[::2], strict=True))
    yield "kitti_drive, two moments", drive[::3]
    yield f"kitti_drive, {len(drive)} moments", drive
    yield from _kitti(folder / "kitti_000000_2")
    yield from _nuscenes(folder / "nuscenes_sample")
    yield from _cam_lidar(folder / "cam_lidar_calib_ros2")


def mismatched(folder: Path) -> Iterator[tuple[str, Moments]]:
    """Pictures with the scan of another moment, three seconds later."""
    for number in _DRIVE[:3]:
        yield f"kitti_drive {number}", [_drive(folder / "kitti_drive", number, number + 30)]


def _drive(folder: Path, number: int, scan: int | None = None) -> Observation:
    text = (folder / "calib.txt").read_text()
    lines = (line.partition(":") for line in text.splitlines() if line)
    found = {key: np.array(numbers.split(), float) for key, _, numbers in lines}
    stored = np.load(folder / "points" / f"{number if scan is None else scan:03d}.npz")
    points = np.zeros(len(stored["xyz_5mm"]), _LAYOUT)
    for axis, name in enumerate("xyz"):
        points[name] = stored["xyz_5mm"][:, axis] * 0.005
    points["intensity"] = stored["intensity"]
    lens = found["P_rect_02"].reshape(3, 4), found["R_rect_00"].reshape(3, 3)
    picture = folder / "image" / f"{number:03d}.jpg"
    return _rectified(picture, points, lens, found["Tr_velo_to_cam"])


def _kitti(folder: Path) -> Iterator[tuple[str, Moments]]:
    for path in sorted((folder / "calib").glob("*.txt")):
        lines = (line.partition(":") for line in path.read_text().splitlines() if line)
        found = {key: np.array(numbers.split(), float) for key, _, numbers in lines}
        points = np.fromfile(folder / "velodyne" / f"{path.stem}.bin", _LAYOUT)
        lens = found["P2"].reshape(3, 4), found["R0_rect"].reshape(3, 3)
        picture = folder / "image_2" / f"{path.stem}.png"
        yield f"kitti {path.stem}", [_rectified(picture, points, lens, found["Tr_velo_to_cam"])]


def _rectified(
    picture: Path,
    points: NDArray[Any],
    lens: tuple[NDArray[np.float64], NDArray[np.float64]],
    pose: NDArray[np.float64],
) -> Observation:
    rgb = _read(picture)
    height, width = rgb.shape[:2]
    p, r = lens
    calibration = Calibration(width, height, p[:, :3].copy(), "plumb_bob", np.zeros(5), r, p)
    T = np.vstack([pose.reshape(3, 4), [0, 0, 0, 1]])
    return _moment(rgb, calibration, points, T, rectified=True)


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


def _nuscenes(folder: Path) -> Iterator[tuple[str, Moments]]:
    with next(folder.glob("*.pkl")).open("rb") as file:
        info = _Numbers(file).load()["data_list"][0]
    points = np.fromfile(folder / info["lidar_points"]["lidar_path"], _RINGS)
    points = points[np.hypot(points["x"], points["y"]) > _NEAREST_M]
    for name, entry in info["images"].items():
        k = np.array(entry["cam2img"])
        rgb = _read(folder / entry["img_path"])
        lens = Calibration(rgb.shape[1], rgb.shape[0], k, p=np.hstack([k, np.zeros((3, 1))]))
        yield f"nuscenes {name}", [_moment(rgb, lens, points, np.array(entry["lidar2cam"]))]


def _cam_lidar(folder: Path) -> Iterator[tuple[str, Moments]]:
    lens = yaml.safe_load((folder / "camera_intrinsic_calibration.yaml").read_text())
    pose = yaml.safe_load((folder / "camera_extrinsic_calibration.yaml").read_text())
    size = lens["image_size"]["width"], lens["image_size"]["height"]
    k, d = (
        np.array(lens["camera_matrix"]["data"]),
        np.ravel(lens["distortion_coefficients"]["data"]),
    )
    calibration = Calibration(*size, k, "plumb_bob", d.astype(float))
    for path in sorted(folder.glob("*.pcd")):
        _, _, raw = path.read_bytes().partition(b"DATA binary\n")
        points = np.frombuffer(raw[: len(raw) // _BARE.itemsize * _BARE.itemsize], _BARE)
        rgb = _read(path.with_suffix(".png"))
        T = np.array(pose["extrinsic_matrix"])
        yield f"cam_lidar_calib {path.stem}", [_moment(rgb, calibration, points, T)]


def _read(path: Path) -> NDArray[np.uint8]:
    picture = cv2.imread(str(path))
    if picture is None:
        raise FileNotFoundError(path)
    return np.ascontiguousarray(picture[:, :, ::-1]).astype(np.uint8, copy=False)


def _moment(
    rgb: NDArray[np.uint8],
    calibration: Calibration,
    points: NDArray[Any],
    T_camera_lidar: NDArray[np.float64],
    *,
    rectified: bool = False,
) -> Observation:
    height, width = rgb.shape[:2]
    if width > WIDTH:
        size = WIDTH, round(height * WIDTH / width)
        rgb = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        calibration = scale_calibration(calibration, *size)
    cloud = PointCloud(points.reshape(1, -1), 0, "lidar")
    return Observation(
        camera="camera",
        lidar="lidar",
        picture=rgb,
        maps=edge_maps(rgb),
        calibration=calibration,
        rectified=rectified,
        sensor_px=(1.0, 1.0),
        depth_edges=depth_edges(cloud, cloud.xyz),
        reflectivity_edges=reflectivity_edges(cloud, cloud.xyz),
        T_camera_lidar=T_camera_lidar[None],
        frames=("camera", "lidar"),
    )
