from __future__ import annotations

import numpy as np
import pytest

from seg_perception.simulation import rig
from seg_perception.simulation.config import SimulationConfig
from seg_perception.simulation.radar import SimulatedRadar
from seg_perception.simulation.streams import radar_pose


@pytest.fixture(scope="module")
def scan(world):
    pose, motion = radar_pose(world.trajectory, 0.2)
    return world.radar.scan(world.scene, pose, motion, 0.2, [3])


def bearings(points):
    return np.stack([points[n] for n in "xyz"], axis=1).astype(float) / points["range"][:, None]


def test_a_few_hundred_echoes(scan):
    assert 150 < len(scan.points) < 900


def test_cartesian_and_polar_agree(scan):
    p = scan.points
    level = p["range"] * np.cos(p["elevation"])
    assert p["x"] == pytest.approx(level * np.cos(p["azimuth"]), abs=1e-4)
    assert p["y"] == pytest.approx(level * np.sin(p["azimuth"]), abs=1e-4)
    assert p["z"] == pytest.approx(p["range"] * np.sin(p["elevation"]), abs=1e-4)


def test_doppler_of_what_stands_still_is_minus_the_radars_own_speed_towards_it(world, scan):
    before, now, after = (world.trajectory.pose(t) @ rig.T_BASE_RADAR for t in (0.19, 0.2, 0.21))
    velocity = now[:3, :3].T @ (after[:3, 3] - before[:3, 3]) / 0.02
    still = (scan.mover < 0) & (scan.surface != 255)
    expected = -bearings(scan.points[still]) @ velocity
    assert scan.points["doppler"][still] == pytest.approx(expected, abs=1e-3)
    ahead = np.abs(scan.points["azimuth"][still]) < 0.3
    assert scan.points["doppler"][still][ahead].max() < -0.7


def test_doppler_of_movers_adds_their_own_speed(world, scan):
    pose, motion = radar_pose(world.trajectory, 0.2)
    moving = scan.mover >= 0
    assert moving.any()
    for index in np.unique(scan.mover[moving]):
        mover = world.scene.movers[index]
        relative = mover.velocity(world.scene.track, world.scene.terrain, 0.2) - motion.linear
        mine = scan.mover == index
        expected = bearings(scan.points[mine]) @ (pose[:3, :3].T @ relative)
        assert scan.points["doppler"][mine] == pytest.approx(expected, abs=1e-3)


def test_noise_has_the_spread_of_the_configuration(world, scan):
    noisy = SimulatedRadar(SimulationConfig(radar_azimuth_noise_rad=0.05, radar_false_alarms=0))
    pose, motion = radar_pose(world.trajectory, 0.2)
    silent = SimulatedRadar(
        SimulationConfig(
            radar_azimuth_noise_rad=0, radar_elevation_noise_rad=0, radar_range_noise_m=0,
            radar_false_alarms=0,
        )
    )  # fmt: skip
    a = noisy.scan(world.scene, pose, motion, 0.2, [3]).points
    b = silent.scan(world.scene, pose, motion, 0.2, [3]).points
    assert len(a) == len(b)
    assert np.std(a["azimuth"] - b["azimuth"]) == pytest.approx(0.05, rel=0.15)
    assert np.std(a["elevation"] - b["elevation"]) == pytest.approx(0.02, rel=0.15)
    assert np.std(a["range"] - b["range"]) == pytest.approx(0.06, rel=0.15)


def test_ghosts_have_no_surface(world):
    haunted = SimulatedRadar(SimulationConfig(radar_false_alarms=60))
    pose, motion = radar_pose(world.trajectory, 0.2)
    scan = haunted.scan(world.scene, pose, motion, 0.2, [3])
    assert 30 < np.sum(scan.surface == 255) < 100
