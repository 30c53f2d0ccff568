"""Colours at known pixels."""

import numpy as np
import pytest

from seg_perception.core.ontology import Ontology
from seg_perception.outputs.pictures import (
    PAPER,
    beside,
    colorize,
    encode_png,
    legend_strip,
    overlay,
    paint_points,
    stamp_squares,
)

RED, GREEN, UNKNOWN = 0, 1, 255
ONTOLOGY = Ontology.parse(
    {
        "name": "two",
        "classes": [
            {"id": RED, "name": "red", "color": "#ff0000"},
            {"id": GREEN, "name": "green", "color": "#00ff00"},
        ],
    },
    "test",
)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_labels_get_their_colours(dtype):
    palette = np.zeros((65536, 3), np.uint8)
    palette[:2] = (255, 0, 0), (0, 255, 1)
    colors = colorize(np.array([[0, 1], [1, 7]], dtype), palette)
    assert colors.tolist() == [[[255, 0, 0], [0, 255, 1]], [[0, 255, 1], [0, 0, 0]]]


def test_overlay_mixes_where_labels_are_known_and_only_there():
    image = np.full((4, 8, 3), 100, np.uint8)
    labels = np.array([[RED, UNKNOWN]], np.uint8)
    mixed = overlay(image, labels, ONTOLOGY, 0.6)
    # 0.6 of (255, 0, 0) and 0.4 of 100.
    assert mixed.tolist() == [[[193, 40, 40], [100, 100, 100]]]
    assert (image == 100).all()


def test_near_points_are_painted_over_far_ones():
    uv = np.array([[2.4, 1.0], [2.0, 1.0]], np.float32)
    colors = np.array([[9, 9, 9], [200, 0, 0]], np.uint8)
    painted = paint_points(
        np.zeros((4, 5, 3), np.uint8), uv, colors, np.array([1, 5], np.float32), 1
    )
    assert painted[1, 2].tolist() == [9, 9, 9]
    assert painted.sum() == 27


def test_squares_at_the_border_are_cut():
    canvas = np.zeros((3, 3, 3), np.uint8)
    stamp_squares(canvas, np.array([[0, 0], [9, 9]]), np.full((2, 3), 50, np.uint8), 3)
    assert (canvas[:, :, 0] == [[50, 50, 0], [50, 50, 0], [0, 0, 0]]).all()


def test_legend_shows_the_classes_that_are_asked_for():
    strip = legend_strip(ONTOLOGY, [GREEN, UNKNOWN], 400)
    assert (strip == [0, 255, 0]).all(axis=2).any()
    assert not (strip == [255, 0, 0]).all(axis=2).any()
    assert (strip[-1] == PAPER).all()


def test_pictures_side_by_side_have_one_height():
    assert beside(np.zeros((10, 20, 3), np.uint8), np.zeros((5, 5, 3), np.uint8)).shape == (
        10,
        30,
        3,
    )


def test_png_is_lossless():
    import cv2

    picture = np.random.default_rng(1).integers(0, 256, (5, 7, 3)).astype(np.uint8)
    decoded = cv2.imdecode(np.frombuffer(encode_png(picture), np.uint8), cv2.IMREAD_COLOR)
    assert (decoded[..., ::-1] == picture).all()
