"""Arrays as people have them, as the core takes them; what is not meant so is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from seg_perception.core.errors import CloudError, ImageError, TransformError
from seg_perception.core.types import PointCloud
from seg_perception.geometry.transforms import StampedTransform
from seg_perception.io.image_files import decode_file

_XYZ = [(name, "<f4") for name in "xyz"]
_TIMED = np.dtype([*_XYZ, ("t", "<i4")])
_SCAN_S = 1.0
_ROUNDING = 1e-3
# More columns than x, y, z and what drivers add are points.
_MOST_FIELDS = 16


def read_rgb(path: str | Path) -> NDArray[np.uint8]:
    """The pixels of an image file, uint8 (H, W, 3), RGB.

    Raises:
        ImageError: it can't be decoded.
    """
    pixels = decode_file(Path(path).expanduser(), cv2.IMREAD_COLOR)
    if pixels is None:
        msg = f"{path}: expected an image file, found none that can be decoded; check the path"
        raise ImageError(msg)
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)


def as_rgb(image: Any) -> NDArray[np.uint8]:
    """An image, uint8 (H, W, 3), RGB, side by side in memory.

    Args:
        image: an array, or what numpy makes one of: a PIL image, a tensor.

    Raises:
        ImageError: another shape or type, with what makes it right.
    """
    array = np.asarray(image)
    if mend := _image_mend(array):
        msg = f"image: expected uint8 (H, W, 3), RGB, got {array.dtype} {array.shape}; {mend}"
        raise ImageError(msg)
    return np.ascontiguousarray(array)


def _image_mend(array: NDArray[Any]) -> str:
    """What makes it an image; empty where it is one."""
    if array.ndim != 3 or array.size == 0 or array.shape[2] != 3:
        return _shape_mend(array.shape)
    if array.dtype == np.uint8:
        return ""
    if np.issubdtype(array.dtype, np.floating):
        return "of values from 0 to 1: (image * 255).round().astype(np.uint8)"
    return "scale it to 0 to 255 and to 8 bits, for instance (image >> 8).astype(np.uint8)"


def _shape_mend(shape: tuple[int, ...]) -> str:
    if len(shape) == 4:
        return "label one after the other: [model.label(image) for image in images]"
    if len(shape) == 2:
        return "of a grey one: np.repeat(image[..., None], 3, axis=2)"
    if len(shape) == 3 and shape[2] == 4:
        return "leave out the fourth channel: image[..., :3]"
    is_channels_first = len(shape) == 3 and shape[0] == 3
    return (
        "put the channels last: np.moveaxis(image, 0, -1)"
        if is_channels_first
        else ("pass one picture of three channels")
    )


def as_cloud(
    points: Any, stamp_ns: int, frame_id: str, point_times_s: ArrayLike | None = None
) -> PointCloud:
    """Points as a cloud.

    Args:
        points: numbers (N, 3), metre.
        stamp_ns, frame_id: of the cloud.
        point_times_s: (N,), when each was measured, after the stamp; None: all at once.

    Raises:
        CloudError: another shape, or times that are no scan's.
    """
    xyz = np.asarray(points)
    if xyz.ndim != 2 or xyz.shape[1] != 3 or xyz.dtype.kind not in "fiu":
        got = f"{xyz.dtype} {xyz.shape}; {_points_mend(xyz)}"
        msg = f"points: expected numbers (N, 3), metre, got {got}"
        raise CloudError(msg)
    rows = np.zeros((1, len(xyz)), np.dtype(_XYZ) if point_times_s is None else _TIMED)
    for axis, name in enumerate("xyz"):
        rows[name][0] = xyz[:, axis]
    if point_times_s is not None:
        rows["t"][0] = _nanoseconds(point_times_s, len(xyz))
    return PointCloud(rows, stamp_ns, frame_id)


def _points_mend(xyz: NDArray[Any]) -> str:
    if xyz.dtype.names is not None:
        return "take its fields: np.stack([points[name] for name in 'xyz'], axis=-1)"
    if xyz.ndim == 2 and xyz.shape[0] == 3 and xyz.shape[1] > _MOST_FIELDS:
        return "one row a point: points.T"
    if xyz.ndim == 2 and xyz.shape[1] > 3:
        return "take the coordinates alone: points[:, :3]"
    if xyz.ndim == 3 and xyz.shape[2] == 3:
        return "one row a point: points.reshape(-1, 3)"
    return "one row a point"


def _nanoseconds(times_s: ArrayLike, count: int) -> NDArray[np.int32]:
    times = np.asarray(times_s, np.float64)
    if times.shape != (count,):
        msg = f"point_times_s: expected one for each point, ({count},), got {times.shape}"
        raise CloudError(msg)
    if not (np.abs(times) < _SCAN_S).all():
        msg = (
            f"point_times_s: expected seconds after the cloud's stamp, less than {_SCAN_S:g}, got "
            f"{np.nanmin(times):g} to {np.nanmax(times):g}; subtract the stamp, divide "
            "nanoseconds by 1e9"
        )
        raise CloudError(msg)
    return np.rint(times * 1e9).astype(np.int32)


def as_rigid(transform: Any, name: str) -> NDArray[np.float64]:
    """A rigid transform, float64 (4, 4), metre.

    Args:
        transform: a matrix, or a `StampedTransform`.
        name: as the caller calls it, such as `T_camera_lidar`.

    Raises:
        TransformError: none, with what makes it one.
    """
    given = transform.T_parent_child if isinstance(transform, StampedTransform) else transform
    T = np.array(given, np.float64)
    if mend := _rigid_mend(T):
        got = f"{np.round(T, 4).tolist()}; {mend}"
        msg = f"{name}: expected a rotation and a translation in metres, (4, 4), got {got}"
        raise TransformError(msg)
    return T


def _rigid_mend(T: NDArray[np.float64]) -> str:
    """What makes it rigid; empty where it is."""
    if T.shape == (3, 4):
        return "append the row [0, 0, 0, 1]"
    if T.shape != (4, 4) or not np.isfinite(T).all():
        return "pass four rows of four finite numbers"
    if T[3].tolist() != [0, 0, 0, 1]:
        swapped = T[:3, 3].tolist() == [0, 0, 0] and T[3, 3] == 1
        return "transpose it: T.T" if swapped else "the last row is [0, 0, 0, 1]"
    R = T[:3, :3]
    if np.abs(R @ R.T - np.eye(3)).max() > _ROUNDING:
        return "its left upper (3, 3) is no rotation: R @ R.T is not the identity"
    return "" if np.linalg.det(R) > 0 else "its left upper (3, 3) mirrors: one axis has to turn"
