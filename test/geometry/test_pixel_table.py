"""Pixels by the table of a lens, against the lens itself."""

from __future__ import annotations

import numpy as np
import pytest

from seg_perception.core.types import Calibration
from seg_perception.geometry.camera import CameraModel
from seg_perception.geometry.pixel_table import PixelTable

WIDTH, HEIGHT, FOCAL = 160, 96, 110.0
K = np.array([[FOCAL, 0, 80.3], [0, FOCAL, 47.1], [0, 0, 1]])


def lens(model: str = "", d: tuple[float, ...] = (), angle_deg: float = 0.0) -> CameraModel:
    cal = Calibration(WIDTH, HEIGHT, K, model, np.array(d, float), fisheye_angle_deg=angle_deg)
    return CameraModel.from_calibration(cal)


@pytest.mark.parametrize(
    "camera",
    [
        lens(),
        lens("plumb_bob", (-0.3, 0.1, 1e-3, -1e-3, 0.0)),
        lens("rational_polynomial", (0.5, 0.1, 0, 0, 0, 0.8, 0.2, 0)),
        lens("equidistant", (0.02, -0.01, 0.0, 0.0)),
    ],
)
def test_the_table_is_the_lens_to_three_quarters_of_a_pixel(camera):
    table = PixelTable.of(camera)
    assert table is not None
    random = np.random.default_rng(0)
    xyz = random.uniform((-6, -4, -1), (6, 4, 6), (20_000, 3)).astype(np.float32)
    pixel = table.pixels(camera.columns(xyz, np.eye(4)))
    hits = camera.hits(xyz, np.eye(4))
    # Half a pixel by rounding, a quarter by the table's step.
    row, column = np.divmod(pixel[hits.index], WIDTH)
    edge = (hits.u < 0) | (hits.u > WIDTH - 1) | (hits.v < 0) | (hits.v > HEIGHT - 1)
    known = pixel[hits.index] != table.outside
    assert known[~edge].all()
    assert np.abs(column - hits.u)[known].max() < 0.8
    assert np.abs(row - hits.v)[known].max() < 0.8
    # What the lens does not see has no pixel, but for a quarter beyond its edge.
    unseen = np.ones(len(xyz), np.bool_)
    unseen[hits.index] = False
    assert (pixel[unseen] != table.outside).mean() < 0.01


def test_what_is_no_point_has_no_pixel():
    table = PixelTable.of(lens())
    assert table is not None
    nan, inf = np.nan, np.inf
    points = np.array([[nan, 0, 1], [0, 0, 0], [0, 0, -1], [0, nan, nan], [inf, 0, 1]], np.float32)
    assert (table.pixels(points.T) == table.outside).all()


def test_a_lens_that_looks_past_its_plane_has_none():
    assert PixelTable.of(lens("equidistant", (0.01, 0.0, 0.0, 0.0), angle_deg=100)) is None
