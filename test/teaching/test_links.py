"""Clicks along links, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from seg_perception.core.errors import TeachingError
from seg_perception.teaching.links import FILE, Link, carry, read_links, write_links

WIDTH, HEIGHT = 100, 50
GREY = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
# Two halves, left and right.
PIECES = np.tile((np.arange(WIDTH) >= 50).astype(np.int32), (HEIGHT, 1))


def link(*points) -> Link:
    return Link("here", "there", np.array(points, np.float32).reshape(-1, 4))


def test_a_click_goes_where_the_nearest_point_of_the_scan_went():
    near, far = (0.200, 0.5, 0.7, 0.6), (0.209, 0.5, 0.1, 0.1)
    assert carry((0.201, 0.5), link(near, far), (GREY, GREY), PIECES) == pytest.approx((0.7, 0.6))
    assert carry((0.208, 0.5), link(near, far), (GREY, GREY), PIECES) == pytest.approx((0.1, 0.1))


def test_a_click_without_a_point_nearby_stays():
    # 1.2 % of the width are 1.2 pixels, across and down.
    for place in ((0.215, 0.5), (0.2, 0.53)):
        assert carry(place, link((0.2, 0.5, 0.7, 0.6)), (GREY, GREY), PIECES) is None
    assert carry((0.2, 0.52), link((0.2, 0.5, 0.7, 0.6)), (GREY, GREY), PIECES) is not None
    assert carry((0.2, 0.5), link(), (GREY, GREY), PIECES) is None


def test_a_point_beyond_the_edge_of_the_clicked_piece_is_none_of_it():
    points = link((0.495, 0.5, 0.7, 0.6), (0.505, 0.5, 0.2, 0.2))
    assert carry((0.499, 0.5), points, (GREY, GREY), PIECES) == pytest.approx((0.7, 0.6))
    assert carry((0.501, 0.5), points, (GREY, GREY), PIECES) == pytest.approx((0.2, 0.2))


def test_what_looks_otherwise_in_the_other_picture_has_moved():
    other = GREY.copy()
    other[25:35, 65:75] = (220, 40, 40)
    points = link((0.2, 0.5, 0.7, 0.6))
    assert carry((0.2, 0.5), points, (GREY, other), PIECES) is None
    assert carry((0.2, 0.5), points, (GREY, GREY // 8 * 9), PIECES) is not None, "a little brighter"


def test_links_are_read_back_as_they_were_written(tmp_path):
    links = [link((0.1, 0.2, 0.3, 0.4), (0.5, 0.6, 0.7, 0.8)), link((0, 0, 1, 1))]
    write_links(tmp_path, links)
    again = read_links(tmp_path)
    assert [(a.frame, a.other) for a in again] == [("here", "there")] * 2
    assert all((a.points == b.points).all() for a, b in zip(again, links, strict=True))


def test_no_links_are_no_file_and_a_damaged_one_is_said(tmp_path):
    write_links(tmp_path, [])
    assert not (tmp_path / FILE).exists()
    assert read_links(tmp_path) == []
    (tmp_path / FILE).write_bytes(b"PK\x03\x04 torn")
    with pytest.raises(TeachingError, match="remove it to teach without carried clicks"):
        read_links(tmp_path)
