"""Moments of public recordings, each with its published pose."""

from __future__ import annotations

import codecs
import pickle
from collections.abc import Callable, Iterator, Sequence
from functools import partial
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
from seg_perception.calibration.check import gather
from seg_perception.config import Config
from seg_perception.core.types import Calibration, PointCloud
from seg_perception.geometry.calibration import scale_calibration
from seg_perception.inspection import inspect_bag

Moments = list[Observation]

_LAYOUT = np.dtype([(name, "<f4") for name in ("x", "y", "z", "intensity")])
_RINGS = np.dtype([(name, "<f4") for name in ("x", "y", "z", "intensity", "ring")])
_BARE = np.dtype([(name, "<f4") for name in ("x", "y", "z")])
_NEAREST_M = 1.0
_NUSCENES = tuple(
    f"CAM_{side}"
    for side in ("FRONT", "FRONT_RIGHT", "FRONT_LEFT", "BACK", "BACK_LEFT", "BACK_RIGHT")
)
# Moments of the drive that are looked at, alone and together; the latter of the whole drive.
_ALONE, _FEW, _MANY = (2, 22, 42), (2, 32), (2, 12, 22, 32, 42, 52)
_ALL = tuple(range(0, 60, 3))


def recordings(folder: Path) -> Iterator[tuple[str, Callable[[], Moments]]]:
    """Name and moments of what lies in a folder of public recordings."""
    drive = folder / "kitti_drive"
    for numbers in (*((number,) for number in _ALONE), _FEW, _MANY):
        yield f"kitti_drive {_named(numbers)}", partial(_drives, drive, numbers)
    for path in sorted((folder / "kitti_000000_2" / "calib").glob("*.txt")):
        yield f"kitti {path.stem}", partial(_kitti, path)
    for name in _NUSCENES:
        yield f"nuscenes {name}", partial(_nuscenes, folder / "nuscenes_sample", name)
    for path in sorted((folder / "cam_lidar_calib_ros2").glob("*.pcd")):
        yield f"cam_lidar_calib {path.stem}", partial(_cam_lidar, path)
    yield "rellis", partial(_rellis, folder / "rellis_goose_style_db3")
    yield f"kitti_drive {_named(_ALL)}", partial(_drives, drive, _ALL)


def _named(numbers: Sequence[int]) -> str:
    return str(numbers[0]) if len(numbers) == 1 else f"{len(numbers)} moments"


def _drives(folder: Path, numbers: Sequence[int]) -> Moments:
    return [_drive(folder, number) for number in numbers]


def _rellis(folder: Path) -> Moments:
    config = Config.from_parameters(inspect_bag(folder).parameters)
    found = gather(folder, config, 1)
    return list(found.expect(next(iter(config.cameras))))


def mismatched(folder: Path) -> Iterator[tuple[str, Callable[[], Moments]]]:
    """Pictures with the scan of another moment, three seconds later, alone and four together."""
    drive = folder / "kitti_drive"
    for numbers in ((2,), (12,), (22,), (0, 8, 16, 24)):
        yield f"kitti_drive mismatched {_named(numbers)}", partial(_mismatched, drive, numbers)


def _mismatched(folder: Path, numbers: Sequence[int]) -> Moments:
    return [_drive(folder, number, number + 30) for number in numbers]


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


def _kitti(path: Path) -> Moments:
    folder = path.parent.parent
    lines = (line.partition(":") for line in path.read_text().splitlines() if line)
    found = {key: np.array(numbers.split(), float) for key, _, numbers in lines}
    points = np.fromfile(folder / "velodyne" / f"{path.stem}.bin", _LAYOUT)
    lens = found["P2"].reshape(3, 4), found["R0_rect"].reshape(3, 3)
    picture = folder / "image_2" / f"{path.stem}.png"
    return [_rectified(picture, points, lens, found["Tr_velo_to_cam"])]


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


def _nuscenes(folder: Path, name: str) -> Moments:
    with next(folder.glob("*.pkl")).open("rb") as file:
        info = _Numbers(file).load()["data_list"][0]
    points = np.fromfile(folder / info["lidar_points"]["lidar_path"], _RINGS)
    points = points[np.hypot(points["x"], points["y"]) > _NEAREST_M]
    entry = info["images"][name]
    k = np.array(entry["cam2img"])
    rgb = _read(folder / entry["img_path"])
    lens = Calibration(rgb.shape[1], rgb.shape[0], k, p=np.hstack([k, np.zeros((3, 1))]))
    return [_moment(rgb, lens, points, np.array(entry["lidar2cam"]))]


def _cam_lidar(path: Path) -> Moments:
    lens = yaml.safe_load((path.parent / "camera_intrinsic_calibration.yaml").read_text())
    pose = yaml.safe_load((path.parent / "camera_extrinsic_calibration.yaml").read_text())
    size = lens["image_size"]["width"], lens["image_size"]["height"]
    k, d = (
        np.array(lens["camera_matrix"]["data"]),
        np.ravel(lens["distortion_coefficients"]["data"]),
    )
    calibration = Calibration(*size, k, "plumb_bob", d.astype(float))
    _, _, raw = path.read_bytes().partition(b"DATA binary\n")
    points = np.frombuffer(raw[: len(raw) // _BARE.itemsize * _BARE.itemsize], _BARE)
    rgb = _read(path.with_suffix(".png"))
    return [_moment(rgb, calibration, points, np.array(pose["extrinsic_matrix"]))]


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
