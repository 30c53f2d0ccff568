"""Both libraries tell the same of the same rays."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from seg_perception.core.errors import SegPerceptionError
from seg_perception.simulation.embree_raycaster import EmbreeRaycaster, load_embree
from seg_perception.simulation.layout import Layout, SceneStyle
from seg_perception.simulation.open3d_raycaster import Open3dRaycaster
from seg_perception.simulation.raycaster import create_raycaster
from seg_perception.simulation.shapes import box, merge
from seg_perception.simulation.terrain import Terrain
from seg_perception.simulation.track import make_track

MM = 1e-3


def embree(mesh):
    return EmbreeRaycaster(*load_embree(), mesh)


def open3d(mesh):
    try:
        import open3d  # noqa: F401
    except (ImportError, OSError) as error:
        pytest.skip(f"the extra [open3d] is not installed, or the system lacks a library: {error}")
    return Open3dRaycaster(mesh)


@pytest.fixture(scope="module", params=[embree, open3d])
def wall(request):
    return request.param(box((0.5, 4, 4), (5.25, 0, 0), "planks"))


def test_distance_normal_and_miss(wall):
    directions = np.array([[1, 0, 0], [-1, 0, 0], [1, 1, 0]], np.float32)
    found = wall.cast(np.zeros((3, 3), np.float32), directions)
    assert found.distance[0] == pytest.approx(5)
    assert np.isinf(found.distance[1:]).all()
    assert found.triangle[0] >= 0
    assert found.triangle[1:].tolist() == [-1, -1]
    assert np.abs(found.normal[0] / np.linalg.norm(found.normal[0])) == pytest.approx([1, 0, 0])


def test_distances_are_in_lengths_of_the_direction(wall):
    found = wall.cast(np.zeros((1, 3), np.float32), np.array([[2, 0, 0]], np.float32))
    assert found.distance[0] == pytest.approx(2.5)


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
    assert wall.blocked(nothing, nothing).shape == (0,)


@pytest.fixture(scope="module")
def forest():
    """Ground, plants and buildings of the simulator's own forest."""
    rng = np.random.default_rng([1, 1])
    track = make_track(rng, SceneStyle().track_radius_m)
    terrain = Terrain(1, track, SceneStyle().ground)
    layout = Layout(rng, track, terrain, SceneStyle())
    return merge([terrain.mesh(), *layout.everything()])


def rays(count):
    """From the places of a robot in all directions, mostly level ones."""
    rng = np.random.default_rng(5)
    angle = rng.uniform(0, 2 * np.pi, (2, count))
    origins = np.stack([30 * np.cos(angle[0]), 30 * np.sin(angle[0]), 3 + 0 * angle[0]], axis=1)
    slope = rng.uniform(-0.4, 0.4, count)
    level = np.cos(slope)
    directions = [level * np.cos(angle[1]), level * np.sin(angle[1]), np.sin(slope)]
    return origins.astype(np.float32), np.stack(directions, axis=1).astype(np.float32)


def distance_to_edges(origins, directions, corners):
    """How near rays pass to the edges of a triangle each, (n,), in metres.

    The shortest way between a ray's line and each of three pieces of straight line, in float64.
    """
    best = np.full(len(origins), np.inf)
    for a, b in ((0, 1), (1, 2), (2, 0)):
        start, edge = corners[:, a], corners[:, b] - corners[:, a]
        w = start - origins
        along_e = (edge * directions).sum(axis=1)
        square = (edge * edge).sum(axis=1)
        toward, over = (w * directions).sum(axis=1), (w * edge).sum(axis=1)
        share = (along_e * toward - over) / np.maximum(square - along_e**2, 1e-12)
        place = start + np.clip(share, 0, 1)[:, None] * edge - origins
        off = place - (place * directions).sum(axis=1)[:, None] * directions
        best = np.minimum(best, np.linalg.norm(off, axis=1))
    return best


def test_both_tell_the_same_distances_but_for_rays_along_edges(forest):
    origins, directions = rays(1_000_000)
    one, other = embree(forest).cast(origins, directions), open3d(forest).cast(origins, directions)
    with np.errstate(invalid="ignore"):
        same = np.abs(one.distance - other.distance) <= MM
    same |= np.isinf(one.distance) & np.isinf(other.distance)
    assert np.isfinite(one.distance).mean() > 0.5
    assert same.mean() >= 0.9999
    odd = np.flatnonzero(~same)
    # Where they differ, the ray passes an edge of what one of them met first.
    nearer = one.distance[odd] < other.distance[odd]
    triangle = np.where(nearer, one.triangle[odd], other.triangle[odd])
    corners = forest.vertices[forest.triangles[triangle]].astype(np.float64)
    near = distance_to_edges(origins[odd].astype(float), directions[odd].astype(float), corners)
    assert (near <= MM).all()


def test_both_tell_the_same_of_what_is_blocked(forest):
    origins, directions = rays(200_000)
    one, other = embree(forest), open3d(forest)
    same = one.blocked(origins, directions) == other.blocked(origins, directions)
    assert same.mean() >= 0.9999


def test_embree_is_taken_where_it_is():
    assert isinstance(create_raycaster(box((1, 1, 1), (0, 0, 0), "planks")), EmbreeRaycaster)


def test_open3d_is_taken_where_embree_is_not(monkeypatch):
    wall = box((1, 1, 1), (0, 0, 0), "planks")
    open3d(wall)
    monkeypatch.setitem(sys.modules, "embreex", None)
    assert isinstance(create_raycaster(wall), Open3dRaycaster)


def test_without_either_both_are_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "embreex", None)
    monkeypatch.setitem(sys.modules, "open3d", None)
    with pytest.raises(SegPerceptionError, match=r"pip install embreex\) or Open3D .*pip install"):
        create_raycaster(box((1, 1, 1), (0, 0, 0), "planks"))
