from __future__ import annotations

import numpy as np
import pytest

from seg_perception.simulation.raycaster import Raycaster
from seg_perception.simulation.shapes import box


@pytest.fixture(scope="module")
def wall() -> Raycaster:
    return Raycaster(box((0.5, 4, 4), (5.25, 0, 0), "planks"))


def test_distance_normal_and_miss(wall):
    directions = np.array([[1, 0, 0], [-1, 0, 0], [1, 1, 0]], np.float32)
    found = wall.cast(np.zeros((3, 3), np.float32), directions)
    assert found.distance[0] == pytest.approx(5)
    assert np.isinf(found.distance[1:]).all()
    assert found.triangle[0] >= 0
    assert found.triangle[1:].tolist() == [-1, -1]
    assert np.abs(found.normal[0] / np.linalg.norm(found.normal[0])) == pytest.approx([1, 0, 0])


def test_blocked(wall):
    directions = np.array([[1, 0, 0], [-1, 0, 0]], np.float32)
    assert wall.blocked(np.zeros((2, 3), np.float32), directions).tolist() == [True, False]


def test_many_rays_keep_their_order(wall):
    y = np.linspace(-4, 4, 50_001, dtype=np.float32)
    origins = np.column_stack([0 * y, y, 0 * y])
    found = wall.cast(origins, np.tile(np.array([[1, 0, 0]], np.float32), (len(y), 1)))
    assert np.array_equal(np.isfinite(found.distance), np.abs(y) <= 2)


def test_no_rays(wall):
    nothing = np.zeros((0, 3), np.float32)
    assert wall.cast(nothing, nothing).distance.shape == (0,)
