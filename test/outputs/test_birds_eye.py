"""A cloud from above: what lies where, and what covers what."""

import numpy as np

from seg_perception.core.ontology import Ontology
from seg_perception.outputs.birds_eye import BirdsEye

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


def test_from_above_forward_is_up_and_left_is_left():
    view = BirdsEye(range_m=10, size_px=100, point_px=1, with_legend=False)
    xyz = np.array([[6, 0.2, 0], [0.2, 6, 0]], np.float32)
    picture = view.draw(xyz, np.array([RED, GREEN], np.uint8), ONTOLOGY)
    # 5 pixels a metre, the robot in the middle of 100.
    assert picture[20, 49].tolist() == [255, 0, 0]
    assert picture[49, 20].tolist() == [0, 255, 0]


def test_from_above_the_higher_point_covers_and_known_covers_unknown():
    view = BirdsEye(range_m=10, size_px=100, point_px=1, ceiling_m=3.0, with_legend=False)
    xyz = np.array([[6, 0.2, 2], [6, 0.2, 1], [6, 0.2, 2.5], [6, 0.2, 9]], np.float32)
    labels = np.array([RED, GREEN, UNKNOWN, GREEN], np.uint8)
    assert view.draw(xyz, labels, ONTOLOGY)[20, 49].tolist() == [255, 0, 0]


def test_from_above_nothing_but_nan_is_an_empty_map():
    xyz = np.full((3, 3), np.nan, np.float32)
    picture = BirdsEye(size_px=100).draw(xyz, np.full(3, RED, np.uint8), ONTOLOGY)
    assert picture.shape[1] == 100
    assert not (picture == [255, 0, 0]).all(axis=2).any()
