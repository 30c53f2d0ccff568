from __future__ import annotations

import numpy as np
import pytest

from seg_perception.simulation.layout import Layout, SceneStyle
from seg_perception.simulation.movers import Mover
from seg_perception.simulation.terrain import GroundStyle, Terrain
from seg_perception.simulation.track import make_track


def test_they_stand_on_the_ground_and_face_where_they_go(world):
    track, terrain = world.scene.track, world.scene.terrain
    for mover in world.scene.movers:
        position, yaw = mover.pose(track, terrain, np.array([0.0, 0.5]))
        assert position[:, 2] == pytest.approx(terrain.height(*position[:, :2].T))
        step = position[1, :2] - position[0, :2]
        facing = np.array([np.cos(yaw[0]), np.sin(yaw[0])])
        assert step @ facing / np.linalg.norm(step) > 0.98


def test_velocity_is_the_change_of_the_position(world):
    mover = Mover(world.scene.movers[0].mesh, 5.0, 0.0, -2.0)
    assert np.linalg.norm(mover.velocity(world.scene.track, world.scene.terrain, 3.0)[:2]) == (
        pytest.approx(2.0, rel=0.02)
    )


def test_the_ball_holds_the_whole_mesh(world):
    for mover in world.scene.movers:
        centred = mover.mesh.vertices - [0, 0, mover.centre_height_m]
        assert np.linalg.norm(centred, axis=1).max() <= mover.radius_m + 1e-6


def test_a_field_is_bare_and_its_traffic_keeps_to_its_lanes():
    rng = np.random.default_rng(1)
    style = SceneStyle(ground=GroundStyle(half_width_m=3.6), is_field=True, traffic=6)
    track = make_track(rng, style.track_radius_m)
    layout = Layout(rng, track, Terrain(1, track, style.ground), style)
    assert layout.everything() == []
    movers = layout.movers()
    assert len(movers) == 6
    # To the left they come towards the robot, and none is as wide as to reach it.
    assert {(mover.lateral_m > 0, mover.speed_mps < 0) for mover in movers} == {
        (True, True),
        (False, False),
    }
    widths = [abs(mover.lateral_m) - mover.mesh.vertices[:, 1].max() for mover in movers]
    assert min(widths) > 1.5
