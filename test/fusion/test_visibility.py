"""What lies behind things of its own label is far for its surroundings, and nothing else is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seg_perception.fusion.projection import ProjectedPoints
from seg_perception.fusion.visibility import DepthBuffer, matched_cell_px

from .conftest import HEIGHT, WIDTH, K, grid

SIZE = (WIDTH, HEIGHT)
EVERY_4_PX = grid(range(0, WIDTH, 4), range(0, HEIGHT, 4))
TRUNK_PX = grid(range(90, 112, 4), range(2, HEIGHT, 4))
WALL, TRUNK = 1, 2


def pixels_at(pixels: np.ndarray, depth: float | np.ndarray) -> ProjectedPoints:
    column, row = pixels.astype(np.uint16).T
    depth = np.broadcast_to(depth, len(pixels)).astype(np.float32)
    return ProjectedPoints(np.arange(len(pixels), dtype=np.intp), column, row, depth)


def relative_depth(
    pixels: np.ndarray, depth: float | np.ndarray, labels: int | np.ndarray = WALL, cell_px: int = 0
) -> np.ndarray:
    points = pixels_at(pixels, depth)
    under = np.broadcast_to(labels, len(pixels)).astype(np.uint8)
    return DepthBuffer([points], [under], SIZE, cell_px).relative_depth(points, under)


def trunk_before_wall() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A wall at 10 m; a trunk at 3 m whose returns fall between those of the wall."""
    pixels = np.vstack([EVERY_4_PX, TRUNK_PX])
    depth = np.r_[np.full(len(EVERY_4_PX), 10.0), np.full(len(TRUNK_PX), 3.0)]
    column = pixels[:, 0]
    return pixels, depth, np.where((column >= 88) & (column < 112), TRUNK, WALL)


def test_what_lies_behind_a_trunk_is_far_and_what_lies_beside_it_is_not() -> None:
    pixels, depth, labels = trunk_before_wall()
    far = relative_depth(pixels, depth, labels)
    behind = (depth == 10) & (labels == TRUNK)
    assert behind.sum() == 6 * 25
    assert (far[behind] > 1.4).all()
    assert far[~behind].max() == pytest.approx(1, abs=1e-5)
    # The trunk's own points lie nearer than the mean of theirs and the wall's.
    assert (far[depth == 3] < 1).all()


def test_without_labels_what_lies_beside_the_trunk_would_be_far_too() -> None:
    pixels, depth, labels = trunk_before_wall()
    far = relative_depth(pixels, depth)
    assert (far[(depth == 10) & (labels == WALL)] > 1.2).sum() > 20


def test_a_buffer_of_single_pixels_sees_nothing_on_a_sparse_scan() -> None:
    pixels, depth, labels = trunk_before_wall()
    assert (relative_depth(pixels, depth, labels, cell_px=1) == 0).all()


def test_farness_is_depth_times_the_mean_inverse_depth_of_the_others() -> None:
    # Three points in one cell, and one in a cell beside it.
    pixels = np.array([[50.0, 50], [51, 50], [50, 51], [58, 50]])
    far = relative_depth(pixels, np.array([2.0, 4, 8, 16]), cell_px=8)
    inverse = np.array([1 / 2, 1 / 4, 1 / 8, 1 / 16])
    expected = [(inverse.sum() - own) / 3 / own for own in inverse]
    assert far == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("spacing", [2, 4, 6])
@pytest.mark.parametrize("roll_rad", [0.0, 0.25, 0.5, np.pi / 4, 1.2, np.pi / 2])
def test_ground_and_walls_do_not_hide_themselves(spacing: int, roll_rad: float) -> None:
    # A plane 1 m off, seen at a grazing angle: depth jumps by metres from beam to beam.
    pixels = grid(range(0, WIDTH, spacing), range(0, HEIGHT, spacing))
    x, y = (pixels - [K[0, 2], K[1, 2]]).T / K[0, 0]
    below = x * np.sin(roll_rad) + y * np.cos(roll_rad)
    in_front = below > 0.04
    depth = 1 / below[in_front]
    assert depth.max() > 10
    far = relative_depth(pixels[in_front], depth)
    assert np.median(far) == pytest.approx(1, abs=0.02)
    # Only before the horizon, where points lie on one side of them alone, some seem far.
    assert (far[depth < 4.5] < 1.2).all()
    assert (far > 1.2).mean() < 0.2


@given(scale=st.floats(0.1, 50))
def test_the_unit_of_length_does_not_matter(scale: float) -> None:
    pixels, depth, labels = trunk_before_wall()
    assert relative_depth(pixels, depth * scale, labels) == pytest.approx(
        relative_depth(pixels, depth, labels), rel=1e-4, abs=1e-5
    )


def test_pieces_of_a_scan_hide_each_other() -> None:
    near, far = pixels_at(EVERY_4_PX + 2, 3.0), pixels_at(EVERY_4_PX, 10.0)
    labels = [np.full(len(EVERY_4_PX), WALL, np.uint8)] * 2
    buffer = DepthBuffer([far, near], labels, SIZE)
    assert (buffer.relative_depth(far, labels[0]) > 1.5).all()
    assert (buffer.relative_depth(near, labels[1]) < 1).all()


def test_more_labels_than_planes_share_the_last_one() -> None:
    # Forty labels side by side, each with a point behind others of its own.
    pixels = grid(range(0, WIDTH, 5), range(0, HEIGHT, 5))
    labels = (pixels[:, 0] // 5).astype(int)
    depth = np.where(pixels[:, 1] == 50, 10.0, 5.0)
    far = relative_depth(pixels, depth, labels)
    assert (far[depth == 10] > 1.4).all()
    assert (far[depth == 5] <= 1.001).all()


@pytest.mark.parametrize(("spacing", "expected"), [(4, 4), (10, 10), (16, 16)])
def test_cells_are_as_wide_as_the_beams_are_apart(spacing: int, expected: int) -> None:
    pixels = grid(range(0, WIDTH, spacing), range(0, HEIGHT, spacing))
    assert abs(matched_cell_px([pixels_at(pixels, 5.0)], SIZE) - expected) <= 2


def test_empty_parts_of_the_image_do_not_count_as_spacing() -> None:
    dense = grid(range(0, WIDTH, 8), range(0, HEIGHT, 4))
    half = dense[dense[:, 0] < WIDTH / 2]
    whole, left = (
        matched_cell_px([pixels_at(dense, 5.0)], SIZE),
        matched_cell_px([pixels_at(half, 5.0)], SIZE),
    )
    assert abs(whole - left) <= 1


@pytest.mark.parametrize("count", [0, 1])
def test_no_point_and_one_point(count: int) -> None:
    assert relative_depth(EVERY_4_PX[:count], 5.0).tolist() == [0.0] * count
