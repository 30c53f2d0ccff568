from __future__ import annotations

import numpy as np
import pytest

from seg_perception.simulation import shapes
from seg_perception.simulation.scene import rounded
from seg_perception.simulation.shapes import FLAT, UPRIGHT, scatter, tube


def area(mesh: shapes.Mesh) -> float:
    a, b, c = (mesh.vertices[mesh.triangles[:, k]].astype(float) for k in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)


def edges_used(mesh: shapes.Mesh) -> set[int]:
    edges = np.sort(mesh.triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    return set(np.unique(edges, axis=0, return_counts=True)[1].tolist())


def test_a_box_has_the_area_of_its_six_sides():
    box = shapes.box((2, 3, 4), (10, 0, 0), "rock")
    assert area(box) == pytest.approx(2 * (2 * 3 + 3 * 4 + 2 * 4))
    assert box.vertices[:, 0].min() == 9
    assert edges_used(box) == {2}


def test_a_tube_has_the_area_of_its_prism():
    path = np.array([[0, 0, 0], [0, 0, 1.0], [0, 0, 3.0]])
    tube = shapes.tube(path, np.full(3, 0.5), 12, "bark")
    side = 2 * 0.5 * np.sin(np.pi / 12)
    assert area(tube) == pytest.approx(12 * side * 3)


@pytest.mark.parametrize("detail", [0, 1, 2, 3])
def test_a_smooth_blob_is_a_closed_ball(detail):
    ball = shapes.blob(np.random.default_rng(0), (2, 2, 2), detail, 0.0, "rock")
    assert len(ball.triangles) == 20 * 4**detail
    assert edges_used(ball) == {2}
    assert np.linalg.norm(ball.vertices, axis=1) == pytest.approx(2)


def test_scattered_copies_are_turned_scaled_and_shifted():
    arrow = shapes.spikes(np.zeros((1, 3)), np.array([[1.0, 0, 0]]), np.array([0.0]), "fern")
    copies = shapes.scatter(
        arrow, np.array([[0, 0, 0], [5, 0, 1.0]]), np.array([0, np.pi / 2]), np.array([1.0, 3.0])
    )
    assert copies.vertices[2] == pytest.approx([1, 0, 0])
    assert copies.vertices[5] == pytest.approx([5, 3, 1], abs=1e-6)
    assert copies.triangles.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_merged_triangles_still_mean_their_own_corners():
    a = shapes.box((1, 1, 1), (0, 0, 0), "rock")
    b = shapes.box((1, 1, 1), (7, 0, 0), "planks")
    both = shapes.merge([a, b])
    assert area(both) == pytest.approx(12)
    assert both.vertices[both.triangles[12:]][..., 0].min() == 6.5
    assert len(set(both.surface[:12])) == len(set(both.surface[12:])) == 1
    assert both.surface[0] != both.surface[12]


def test_an_upright_bar_knows_its_axis_wherever_it_is_put():
    bar = tube(np.array([[0, 0, 0], [0, 0, 1.0], [0, 0, 2.0]]), np.full(3, 0.2), 8, "bark")
    copies = scatter(bar, np.array([[5.0, 0, 0], [0, 7.0, 1]]), np.array([0.3, 2.0]), np.ones(2))
    assert np.unique(copies.curve[:, 3]).tolist() == [UPRIGHT]
    assert copies.curve[: len(bar.triangles), :2] == pytest.approx(np.tile([5, 0], (32, 1)))
    assert copies.curve[len(bar.triangles) :, :2] == pytest.approx(np.tile([0, 7], (32, 1)))


def test_a_lying_bar_is_flat_sided():
    bar = tube(np.array([[0, 0, 0], [1.0, 0, 0]]), np.full(2, 0.2), 8, "bark")
    assert np.unique(bar.curve[:, 3]).tolist() == [FLAT]


def test_normals_of_round_things_point_away_from_their_axis():
    angle = np.linspace(0, 2 * np.pi, 50)
    out = np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1)
    facets = np.linspace(0, 2 * np.pi, 9)[:-1]
    nearest = facets[np.abs((angle[:, None] - facets + np.pi) % (2 * np.pi) - np.pi).argmin(axis=1)]
    flat = np.stack([np.cos(nearest), np.sin(nearest), 0 * angle], axis=1)
    curve = np.tile([3.0, 4.0, 9.0, UPRIGHT], (50, 1))
    places = out * 0.2 + [3, 4, 1]
    smooth = rounded(flat.astype(np.float32), places.astype(np.float32), curve.astype(np.float32))
    assert np.einsum("nc,nc->n", smooth, out).min() > np.cos(np.radians(8))
    inward = rounded(-flat.astype(np.float32), places.astype(np.float32), curve.astype(np.float32))
    assert inward == pytest.approx(-smooth, abs=1e-5)
    curve[:, 3] = FLAT
    same = rounded(flat.astype(np.float32), places.astype(np.float32), curve.astype(np.float32))
    assert same == pytest.approx(flat)
