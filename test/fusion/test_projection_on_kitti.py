"""Real streets: how much of a scan is in view, and that P, R and extrinsics chain up."""

from pathlib import Path

import numpy as np
import pytest

from seg_perception.core.types import Calibration
from seg_perception.geometry.camera import CameraModel

SIZE = {"000000": (1224, 370), "000001": (1242, 375), "000002": (1242, 375)}


@pytest.mark.parametrize("frame", SIZE)
def test_as_many_points_are_in_view_as_the_data_sets_own_chain_says(
    frame: str, shared_data: Path
) -> None:
    folder = shared_data / "real" / "kitti_000000_2"
    lines = (folder / "calib" / f"{frame}.txt").read_text().split("\n")
    values = {
        line.split(":")[0]: np.array(line.split()[1:], float) for line in lines if ":" in line
    }
    p, r = values["P2"].reshape(3, 4), values["R0_rect"].reshape(3, 3)
    T_camera_lidar = np.vstack([values["Tr_velo_to_cam"].reshape(3, 4), [0, 0, 0, 1]])
    xyz = np.fromfile(folder / "velodyne" / f"{frame}.bin", np.float32).reshape(-1, 4)[:, :3]
    width, height = SIZE[frame]
    camera = CameraModel.from_calibration(
        Calibration(width, height, p[:, :3], r=r, p=p), rectified=True
    )
    hits = camera.hits(xyz, T_camera_lidar)

    # KITTI's development kit: y = P2 * R0_rect * Tr_velo_to_cam * x.
    homogeneous = np.c_[xyz.astype(float), np.ones(len(xyz))]
    rectified = np.eye(4)
    rectified[:3, :3] = r
    u, v, w = p @ rectified @ T_camera_lidar @ homogeneous.T
    with np.errstate(divide="ignore"):
        u, v = u / w, v / w
    inside = (w > 0) & (u >= -0.5) & (u < width - 0.5) & (v >= -0.5) & (v < height - 0.5)
    assert abs(len(hits.index) - inside.sum()) <= 2
    assert 0.13 < len(hits.index) / len(xyz) < 0.2
    both = np.intersect1d(hits.index, np.flatnonzero(inside))
    at = np.searchsorted(hits.index, both)
    assert np.abs(hits.u[at] - u[both]).max() < 2e-3
    assert np.abs(hits.v[at] - v[both]).max() < 2e-3
