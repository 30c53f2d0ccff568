"""A model that names the brightest channel, and a simulated robot at rest and on its way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from seg_perception.api import Camera, Model

# The camera looks along the lidar's x axis, and sits where the lidar does.
T_CAMERA_LIDAR = np.array([[0, -1, 0, 0], [0, 0, -1, 0], [1, 0, 0, 0], [0, 0, 0, 1]], np.float64)
K = [[32, 0, 31.5], [0, 32, 23.5], [0, 0, 1]]


@pytest.fixture
def mount() -> np.ndarray:
    """T_camera_lidar."""
    return T_CAMERA_LIDAR.copy()


@pytest.fixture
def camera() -> Camera:
    """64x48, 90 degrees wide."""
    return Camera(K, (64, 48))


@pytest.fixture
def model(tiny_bundle: Path) -> Model:
    return Model(tiny_bundle)


@pytest.fixture
def stripes() -> np.ndarray:
    """The left half red, the right half green."""
    image = np.zeros((48, 64, 3), np.uint8)
    image[:, :32, 0] = image[:, 32:, 1] = 200
    return image


@pytest.fixture(scope="session")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bag of a robot that drives and turns; images and scans share stamps."""
    pytest.importorskip("embreex", reason="the simulator needs the package embreex")
    from seg_perception.simulation.config import SimulationConfig
    from seg_perception.simulation.drive import write_bag

    config = SimulationConfig(
        duration_s=0.4,
        speed_mps=3.0,
        yaw_rate_rps=0.7,
        side_cameras=True,
        camera_width=240,
        camera_height=136,
        lidar_beams=32,
        lidar_columns=256,
        radar_rate_hz=1,
    )
    path = tmp_path_factory.mktemp("drive") / "drive.mcap"
    write_bag(path, config)
    return path
