"""The depth buffer hides what lies behind things, and nothing else."""

import numpy as np
import pytest

from seg_perception.fusion.projection import Sight
from seg_perception.fusion.visibility import DepthBuffer, matched_cell_px
from seg_perception.stages import TransferConfig

from .conftest import HEIGHT, WIDTH, K, grid

SIZE = (WIDTH, HEIGHT)
EVERY_4_PX = grid(range(0, WIDTH, 4), range(0, HEIGHT, 4))


def seen(pixels: np.ndarray, depth: float | np.ndarray) -> Sight:
    column, row = pixels.astype(np.uint16).T
    depth = np.broadcast_to(depth, len(pixels)).astype(np.float32)
    return Sight(np.arange(len(pixels), dtype=np.int32), column, row, depth)


def hidden(depth: np.ndarray, pixels: np.ndarray = EVERY_4_PX, **config: float) -> np.ndarray:
    sight = seen(pixels, depth)
    return DepthBuffer([sight], SIZE, TransferConfig(**config)).chance(sight) < 0.5


def test_what_lies_behind_a_trunk_is_hidden_and_what_lies_beside_it_is_not() -> None:
    # A wall at 10 m; a trunk at 3 m whose returns fall between those of the wall.
    trunk = grid(range(90, 112, 4), range(2, HEIGHT, 4))
    pixels = np.vstack([EVERY_4_PX, trunk])
    depth = np.r_[np.full(len(EVERY_4_PX), 10.0), np.full(len(trunk), 3.0)]
    found = hidden(depth, pixels)[: len(EVERY_4_PX)]
    column, row = EVERY_4_PX.T
    inside = (column > 90) & (column < 110) & (row > 2) & (row < 94)
    beside = (column < 84) | (column > 116)
    assert found[inside].all()
    assert not found[beside].any()
    assert not hidden(depth, pixels)[len(EVERY_4_PX) :].any()


def test_a_buffer_of_single_pixels_sees_nothing_on_a_sparse_sweep() -> None:
    trunk = grid(range(90, 112, 4), range(2, HEIGHT, 4))
    pixels = np.vstack([EVERY_4_PX, trunk])
    depth = np.r_[np.full(len(EVERY_4_PX), 10.0), np.full(len(trunk), 3.0)]
    assert not hidden(depth, pixels, cell_px=1).any()


@pytest.mark.parametrize("spacing", [2, 4, 6])
@pytest.mark.parametrize("roll_rad", [0.0, 0.25, 0.5, np.pi / 4, 1.2, np.pi / 2])
def test_ground_and_walls_do_not_hide_themselves(spacing: int, roll_rad: float) -> None:
    # A plane 1 m off, seen at a grazing angle: depth jumps by metres from beam to beam.
    pixels = grid(range(0, WIDTH, spacing), range(0, HEIGHT, spacing))
    x, y = (pixels - [K[0, 2], K[1, 2]]).T / K[0, 0]
    below = x * np.sin(roll_rad) + y * np.cos(roll_rad)
    in_front = below > 0.02
    depth = 1 / below[in_front]
    assert depth.max() > 15
    assert hidden(depth, pixels[in_front]).mean() < 0.005


def test_chance_falls_from_one_to_a_half_at_the_margin() -> None:
    wall = seen(EVERY_4_PX, 10.0)
    config = TransferConfig(cell_px=2, margin_m=0.5, margin_ratio=0.1)
    buffer = DepthBuffer([wall], SIZE, config)
    at = np.full((5, 2), [100.0, 48.0])
    found = buffer.chance(seen(at, np.array([9.0, 10.0, 11.0, 12.0, 15.0])))
    # 1, 2 and 5 m behind the wall, with margins of 1.6, 1.7 and 2 m.
    assert found == pytest.approx([1, 1, 1 - 1 / 3.2, 1 - 2 / 3.4, -0.25], abs=1e-6)


def test_pieces_of_a_sweep_hide_each_other() -> None:
    near, far = seen(EVERY_4_PX + 2, 3.0), seen(EVERY_4_PX, 10.0)
    buffer = DepthBuffer([far, near], SIZE, TransferConfig())
    middle = (far.row > 8) & (far.row < 88) & (far.column > 8) & (far.column < 188)
    assert (buffer.chance(far)[middle] < 0.5).all()
    assert (buffer.chance(near) == 1).all()


@pytest.mark.parametrize(("spacing", "expected"), [(4, 2), (10, 5), (16, 8)])
def test_cells_are_half_as_wide_as_the_beams_are_apart(spacing: int, expected: int) -> None:
    pixels = grid(range(0, WIDTH, spacing), range(0, HEIGHT, spacing))
    assert abs(matched_cell_px([seen(pixels, 5.0)], SIZE) - expected) <= 1


def test_empty_parts_of_the_image_do_not_count_as_spacing() -> None:
    dense = grid(range(0, WIDTH, 8), range(0, HEIGHT, 4))
    half = dense[dense[:, 0] < WIDTH / 2]
    whole, left = (
        matched_cell_px([seen(dense, 5.0)], SIZE),
        matched_cell_px([seen(half, 5.0)], SIZE),
    )
    assert abs(whole - left) <= 1


def test_no_point_and_one_point() -> None:
    for count in (0, 1):
        sight = seen(EVERY_4_PX[:count], 5.0)
        assert (DepthBuffer([sight], SIZE, TransferConfig()).chance(sight) == 1).all()
