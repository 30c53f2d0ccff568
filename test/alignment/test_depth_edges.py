"""Depth edges of scans whose geometry is worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seg_perception.alignment.depth_edges import depth_edges
from seg_perception.alignment.range_image import range_image
from seg_perception.core.types import PointCloud

ROWS, COLUMNS = 12, 40
ELEVATION = np.radians(np.linspace(-6, 6, ROWS))[:, None]
AZIMUTH = np.radians(np.linspace(-20, 20, COLUMNS))[None, :]
POST = slice(15, 20)


def scan(ranges, fields=(), order=None):
    """Ranges (rows, columns) as a cloud: organised, or in an order of its own."""
    layout = [*((axis, "<f4") for axis in "xyz"), *((name, "<u2") for name in fields)]
    points = np.zeros(ranges.shape, layout)
    points["x"] = ranges * np.cos(ELEVATION) * np.cos(AZIMUTH)
    points["y"] = ranges * np.cos(ELEVATION) * np.sin(AZIMUTH)
    points["z"] = ranges * np.sin(ELEVATION)
    for name in fields:
        points[name] = np.arange(ROWS)[:, None]
    if order is not None:
        points = points.reshape(-1)[order][None]
    return PointCloud(points, 0, "lidar")


def wall_with_post():
    """A post 5 m away, 5 columns wide, before a wall 20 m away."""
    ranges = np.full((ROWS, COLUMNS), 20.0)
    ranges[:, POST] = 5.0
    return ranges


def found(cloud):
    ends = depth_edges(cloud, cloud.xyz)
    azimuth, beyond = (np.degrees(np.arctan2(p[:, 1], p[:, 0])) for p in (ends.edge, ends.outside))
    return ends, azimuth, beyond


STEP = 40 / (COLUMNS - 1)
LEFT_EDGE, RIGHT_EDGE = (-20 + STEP * column for column in (POST.start, POST.stop - 1))


def test_a_post_has_two_sides_in_every_row():
    ends, azimuth, beyond = found(scan(wall_with_post()))
    assert len(ends) == 2 * ROWS
    assert sorted(set(azimuth.round(3))) == [round(LEFT_EDGE, 3), round(RIGHT_EDGE, 3)]
    # One beam on, and as near as the post.
    np.testing.assert_allclose(np.abs(beyond - azimuth), STEP, rtol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(ends.outside, axis=1), 5.0, rtol=1e-5)


def test_ground_that_falls_away_is_no_depth_edge():
    below = np.radians(np.linspace(-25, -2, ROWS))[:, None]
    ground = 1.5 / np.sin(-below) * np.ones((1, COLUMNS))
    points = np.zeros(ground.shape, [(axis, "<f4") for axis in "xyz"])
    points["x"] = ground * np.cos(below) * np.cos(AZIMUTH)
    points["y"] = ground * np.cos(below) * np.sin(AZIMUTH)
    points["z"] = ground * np.sin(below)
    cloud = PointCloud(points, 0, "lidar")
    assert np.abs(np.diff(ground[:, 0])).max() > 10, "rows are far apart on the ground"
    assert len(depth_edges(cloud, cloud.xyz)) == 0


@settings(max_examples=20)
@given(st.randoms())
@pytest.mark.parametrize("fields", [(), ("ring",)])
def test_the_order_of_the_points_does_not_matter(fields, random):
    order = list(range(ROWS * COLUMNS))
    random.shuffle(order)
    expected, _, _ = found(scan(wall_with_post()))
    ends, _, _ = found(scan(wall_with_post(), fields, order))
    # Cells of azimuth may hold two points of a row, or none: a few edges differ.
    assert len(ends) == pytest.approx(len(expected), abs=0.25 * len(expected))
    assert np.linalg.norm(ends.edge, axis=1).max() < 5.1


def test_rows_of_an_unordered_scan_are_its_beams():
    order = np.random.default_rng(0).permutation(ROWS * COLUMNS)
    assert range_image(scan(wall_with_post(), (), order)).ranges.shape[0] == ROWS
    assert range_image(scan(wall_with_post(), ("ring",), order)).ranges.shape[0] == ROWS


@pytest.mark.parametrize(
    "ranges",
    [
        np.full((ROWS, COLUMNS), np.nan),
        np.zeros((ROWS, COLUMNS)),
        np.full((ROWS, COLUMNS), 500.0),
        np.full((ROWS, COLUMNS), np.inf),
    ],
    ids=["nothing came back", "zeros", "too far", "infinite"],
)
@pytest.mark.parametrize("order", [None, np.arange(ROWS * COLUMNS)], ids=["rows", "a list"])
def test_scans_without_a_range_have_no_depth_edge(ranges, order):
    with np.errstate(invalid="ignore"):
        cloud = scan(ranges, (), order)
    assert len(depth_edges(cloud, cloud.xyz)) == 0


def test_an_empty_scan_has_none():
    cloud = PointCloud(np.zeros((1, 0), [(axis, "<f4") for axis in "xyz"]), 0, "lidar")
    assert len(depth_edges(cloud, cloud.xyz)) == 0
