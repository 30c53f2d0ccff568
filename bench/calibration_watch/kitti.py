"""The public drive of KITTI as glimpses: its moments, as far apart as the watch takes them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from bench.calibration_watch.drive import Rig
from bench.calibration_watch.drives import Glimpse
from seg_perception.core.types import NANOSECONDS, Calibration

_LAYOUT = np.dtype([(name, "<f4") for name in ("x", "y", "z", "intensity")])
_METRES = 0.005
_START_NS = NANOSECONDS


def kitti_glimpses(folder: Path, every_s: float) -> Iterator[Glimpse]:
    """All moments of the drive, whose stamps are stretched; nothing says how it moved."""
    for number, path in enumerate(sorted((folder / "points").glob("*.npz"))):
        stored = np.load(path)
        points = np.zeros(len(stored["xyz_5mm"]), _LAYOUT)
        for axis, name in enumerate("xyz"):
            points[name] = stored["xyz_5mm"][:, axis] * _METRES
        points["intensity"] = stored["intensity"]
        picture = cv2.imread(str(folder / "image" / f"{path.stem}.jpg"))
        if picture is None:
            raise FileNotFoundError(path)
        stamp_ns = _START_NS + round(number * every_s * NANOSECONDS)
        rgb = np.ascontiguousarray(picture[:, :, ::-1]).astype(np.uint8, copy=False)
        nowhere = np.zeros(0, np.int64), np.zeros((0, 4, 4))
        yield Glimpse(rgb[None], stamp_ns, stamp_ns, points.reshape(1, -1), *nowhere)


def kitti_rig(folder: Path, size: tuple[int, int]) -> Rig:
    """As published; `size` is that of the images (width, height)."""
    text = (folder / "calib.txt").read_text()
    lines = (line.partition(":") for line in text.splitlines() if line)
    found = {key: np.array(numbers.split(), float) for key, _, numbers in lines}
    p, r = found["P_rect_02"].reshape(3, 4), found["R_rect_00"].reshape(3, 3)
    calibration = Calibration(*size, p[:, :3].copy(), "plumb_bob", np.zeros(5), r, p)
    T = np.vstack([found["Tr_velo_to_cam"].reshape(3, 4), [0, 0, 0, 1]])
    return Rig(calibration, True, np.linalg.inv(T)[None], np.eye(4), "")
