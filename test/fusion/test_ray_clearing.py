"""What a scan looks through is gone; what stands before, beside or behind it is not."""

import numpy as np

from seg_perception.config import MapConfig
from seg_perception.fusion.ray_clearing import NearestRanges
from seg_perception.fusion.voxel_map import VoxelMap

DEGREES = np.radians(np.arange(-20, 20, 0.25))


def wall(distance_m):
    """A wall across x, as a scan of a quarter of a degree sees it."""
    azimuth, elevation = (values.ravel() for values in np.meshgrid(DEGREES, DEGREES))
    rays = np.stack([np.ones_like(azimuth), np.tan(azimuth), np.tan(elevation)], axis=1)
    return (distance_m * rays).astype(np.float32)


def beyond(returns, *places, margin_m=0.5):
    return NearestRanges(returns).beyond(np.array(places, np.float32), margin_m).tolist()


def test_places_before_a_wall_are_looked_through_and_others_are_not():
    places = [(5, 0, 0), (9.7, 0, 0), (10, 0, 0), (12, 0, 0), (0, 5, 0), (-5, 0, 0), (5, 0, 4)]
    assert beyond(wall(10), *places) == [True, False, False, False, False, False, False]


def test_a_place_with_nearer_returns_beside_it_stays():
    post = wall(3)
    post = post[(np.abs(post[:, 1]) < 0.05) & (np.abs(post[:, 2]) < 0.05)]
    both = np.concatenate([wall(10), post])
    assert beyond(both, (5, 0, 0), (5, 0.08, 0), (5, 1, 0)) == [False, False, True]


def test_directions_behind_the_sensor_join():
    behind = wall(10) * np.float32(-1)
    assert beyond(behind, (-5, 1e-3, 0), (-5, -1e-3, 0)) == [True, True]


def test_voxels_are_looked_at_by_turns_and_forgotten():
    voxels = VoxelMap(MapConfig(voxel_m=1.0, window_m=0.0, max_voxels=100), 2)
    places = np.array([(4.5, 0.5, 0.5), (5.5, 0.5, 0.5), (20.5, 0.5, 0.5)])
    voxels.add(places, np.zeros(3, np.uint8), np.ones(3, np.float32), np.zeros(3), 1)
    T = np.eye(4)
    T[:3, 3] = 0.5
    for left in (2, 1, 1):
        voxels.clear_rays(wall(10), T, 1)
        assert len(voxels) == left
    assert voxels.voxels().xyz.tolist() == [[20.5, 0.5, 0.5]]
