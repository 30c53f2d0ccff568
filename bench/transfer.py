"""Label transfer of 131,072 points, against cv2.projectPoints on those that may be seen."""

from __future__ import annotations

from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.rows import BenchRow, compare
from seg_perception.config import PlausibilityConfig, TransferConfig
from seg_perception.core.ontology import Ontology
from seg_perception.core.types import Calibration, LabelMap
from seg_perception.fusion.label_transfer import PreparedLabelMap, View, transfer_labels
from seg_perception.fusion.plausibility import Plausibility
from seg_perception.geometry.camera import CameraModel
from seg_perception.pipeline.frame_convention import T_OPTICAL_BODY

_BEAMS, _COLUMNS = 128, 1024
_K = np.array([[610.0, 0, 511.5], [0, 610, 383.5], [0, 0, 1]])
_D = np.array([-0.12, 0.03, 0.0005, -0.0004, 0.0])


def run() -> list[BenchRow]:
    """Measure a full turn, of which a quarter is in view, and a scan that is all in view."""
    wide, narrow = _scan(2 * np.pi), _scan(np.radians(70))
    return [
        _row("transfer, 360 degree scan", wide, budget=1.0),
        # The worst case: no point can be given up early.
        _row("transfer, all points in view", narrow, budget=0.5),
    ]


def full_turn() -> NDArray[np.float32]:
    """The points of a full turn, (131072, 3), metre."""
    return _scan(2 * np.pi)


def _row(step: str, xyz: NDArray[np.float32], *, budget: float) -> BenchRow:
    T = _T_camera_lidar()
    view = View(PreparedLabelMap(_label_map()), _camera(), T, up=T[:3, 2])
    return compare(
        step,
        partial(transfer_labels, xyz, [view], TransferConfig(), 255, plausibility=_plausibility()),
        partial(_project_culled, xyz, T.astype(np.float32)),
        budget=budget,
        name="cv2.projectPoints of the points before the camera",
    )


def before_camera(
    xyz: NDArray[np.float32], T: NDArray[np.float32], k: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Which points lie within the picture's angles and a fifth more, and where, in its frame."""
    optical = xyz @ T[:3, :3].T + T[:3, 3]
    x, y, z = optical.T
    wide, high = 1.2 * k[0, 2] / k[0, 0], 1.2 * k[1, 2] / k[1, 1]
    seen = np.flatnonzero((z > 0) & (np.abs(x) < wide * z) & (np.abs(y) < high * z))
    return seen, optical[seen]


def _project_culled(xyz: NDArray[np.float32], T: NDArray[np.float32]) -> object:
    """As a skilled engineer projects: what can't be in the picture is left out first."""
    still = np.zeros(3)
    return cv2.projectPoints(before_camera(xyz, T, _K)[1], still, still, _K, _D)


def _scan(azimuth_span: float) -> NDArray[np.float32]:
    """A lidar 1.8 m above ground among trunks, in records of 48 bytes as Ouster sends them."""
    random = np.random.default_rng(0)
    elevation = np.radians(np.linspace(-22, 22, _BEAMS))[:, None]
    azimuth = (np.linspace(-0.5, 0.5, _COLUMNS) * azimuth_span)[None, :]
    ground = 1.8 / np.maximum(np.sin(-elevation), 0.02)
    trunks = np.repeat(random.uniform(3, 60, _COLUMNS // 16), 16)[None, :]
    distance = np.minimum(ground, trunks) + random.normal(0, 0.01, (_BEAMS, _COLUMNS))
    records = np.zeros((_BEAMS * _COLUMNS, 12), np.float32)
    records[:, 0] = (distance * np.cos(elevation) * np.cos(azimuth)).ravel()
    records[:, 1] = (distance * np.cos(elevation) * np.sin(azimuth)).ravel()
    records[:, 2] = (distance * np.sin(elevation)).ravel()
    return records[:, :3]


def _label_map() -> LabelMap:
    random = np.random.default_rng(1)
    coarse = random.integers(0, 64, (24, 32), dtype=np.uint8)
    labels = np.kron(coarse, np.ones((32, 32), np.uint8))
    confidence = random.integers(100, 255, labels.shape, dtype=np.uint8)
    return LabelMap("front", labels, confidence, 0, "front")


def _plausibility() -> Plausibility:
    return Plausibility.of(PlausibilityConfig(), Ontology.load("goose"))


def _camera() -> CameraModel:
    return CameraModel.from_calibration(Calibration(1024, 768, _K, "plumb_bob", _D))


def _T_camera_lidar() -> NDArray[np.float64]:  # noqa: N802
    T: NDArray[np.float64] = T_OPTICAL_BODY.copy()
    T[:3, 3] = 0.15, 0.3, -0.3
    return T
