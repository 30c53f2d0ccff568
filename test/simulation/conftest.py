"""One small drive that the tests of the simulator share."""

from __future__ import annotations

import pytest

from seg_perception.simulation.config import SimulationConfig
from seg_perception.simulation.drive import simulate
from seg_perception.simulation.streams import SimulatedMessage
from seg_perception.simulation.world import World

pytest.importorskip("embreex", reason="the simulator needs the package embreex")


@pytest.fixture(scope="session")
def small() -> SimulationConfig:
    return SimulationConfig(
        duration_s=0.4,
        camera_width=320,
        camera_height=180,
        lidar_beams=32,
        lidar_columns=256,
        radar_range_noise_m=0.0,
        radar_azimuth_noise_rad=0.0,
        radar_elevation_noise_rad=0.0,
        radar_doppler_noise_mps=0.0,
    )


@pytest.fixture(scope="session")
def world(small: SimulationConfig) -> World:
    return World(small)


@pytest.fixture(scope="session")
def events(small: SimulationConfig) -> list[SimulatedMessage]:
    return list(simulate(small))
