from __future__ import annotations

import numpy as np
import pytest

from seg_perception.simulation.camera import SimulatedCamera
from seg_perception.simulation.config import SimulationConfig
from seg_perception.simulation.rig import mounted_cameras
from seg_perception.simulation.visibility import Places, visible_surface


def cast_at(world, picture, time_s, camera):
    """Places behind every fifth pixel that is no sky, by the picture's own distances."""
    row, column = (m.ravel()[::7] for m in np.nonzero(np.isfinite(picture.distance)))
    poses = world.cameras[0].poses(world.trajectory)(camera.row_times_s(time_s))
    poses = np.broadcast_to(poses, (picture.distance.shape[0], 4, 4))[row]
    rays = np.einsum("nij,nj->ni", poses[:, :3, :3], camera._rays[row, column])
    xyz = poses[:, :3, 3] + picture.distance[row, column, None] * rays
    moments = np.broadcast_to(camera.row_times_s(time_s), picture.distance.shape[:1])[row]
    surface = np.full(len(xyz), -1, np.int8)
    return row, column, Places(xyz.astype(np.float32), surface, moments)


@pytest.mark.parametrize("readout_s", [0.0, 0.05])
def test_what_a_picture_shows_is_seen_in_its_own_pixel(world, readout_s):
    camera = SimulatedCamera(world.cameras[0].camera.calibration, readout_s)
    poses = world.cameras[0].poses(world.trajectory)
    picture = camera.render(world.scene, poses, 0.1, world.light, [1])
    row, column, places = cast_at(world, picture, 0.1, camera)
    seen = visible_surface(world.scene, camera, poses, 0.1, places)
    # What moves is left out: `cast_at` calls everything still.
    assert seen.visible.mean() > 0.98
    shown = seen.visible
    assert np.abs(seen.uv[shown, 1] - row[shown]).max() < 0.1
    assert np.abs(seen.uv[shown, 0] - column[shown]).max() < 0.1


def test_what_lies_behind_or_out_of_view_is_not_seen(world):
    front = world.cameras[0]
    poses = front.poses(world.trajectory)
    picture = front.camera.render(world.scene, poses, 0.0, world.light, [1])
    _, _, places = cast_at(world, picture, 0.0, front.camera)
    eye = poses(np.zeros(1))[0, :3, 3]
    for share in (1.2, -1.0):
        beyond = eye + share * (places.xyz_world - eye)
        moved = Places(beyond.astype(np.float32), places.mover, places.time_s)
        assert visible_surface(world.scene, front.camera, poses, 0.0, moved).visible.mean() < 0.15


def test_a_place_on_a_walker_goes_with_it(world):
    walker = world.scene.movers[0]
    place, _ = walker.pose(world.scene.track, world.scene.terrain, np.array([0.0, 2.0]))
    chest = place + np.array([0, 0, 1.2])
    places = Places(chest[:1].astype(np.float32), np.array([0], np.int8), np.zeros(1))
    camera, poses = world.cameras[0].camera, world.cameras[0].poses(world.trajectory)
    later = visible_surface(world.scene, camera, lambda _: poses(np.zeros(1)), 2.0, places)
    still = Places(chest[1:].astype(np.float32), np.array([-1], np.int8), np.zeros(1))
    expected = visible_surface(world.scene, camera, lambda _: poses(np.zeros(1)), 2.0, still)
    assert later.uv == pytest.approx(expected.uv, abs=0.5)


def test_side_cameras_have_names_of_their_own_and_overlap_the_front():
    front, left, right = mounted_cameras(SimulationConfig(side_cameras=True))
    assert (left.frame, right.image_topic) == ("camera_left_optical", "/camera/right/image_raw")
    ahead = [mounted.T_base_camera[:3, 2] for mounted in (front, left, right)]
    # The view is 76 degrees wide: two that are turned by 60 share 16.
    for side in ahead[1:]:
        assert np.degrees(np.arccos(ahead[0] @ side)) == pytest.approx(60, abs=1)
    assert ahead[1][1] > 0 > ahead[2][1]
