"""Made-up colours can be told apart, and stay when classes are added."""

import cv2
import numpy as np

from seg_perception.core.distinct_colors import distinct_colors


def lab(colors: list[str]) -> np.ndarray:
    rgb = np.array([list(bytes.fromhex(c[1:])) for c in colors], np.float32)
    return cv2.cvtColor(rgb[None] / 255, cv2.COLOR_RGB2LAB)[0]


def nearest(colors: list[str]) -> float:
    points = lab(colors)
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    return float(distances[~np.eye(len(points), dtype=bool)].min())


def test_colours_lie_apart_and_away_from_black_and_white() -> None:
    """As far as the eye's just noticeable difference (2.3 in Lab) many times over."""
    for count, apart in ((19, 30), (65, 20), (150, 14), (255, 10)):
        assert nearest(["#000000", "#ffffff", *distinct_colors(count)]) > apart


def test_more_classes_leave_the_first_ones_their_colours() -> None:
    assert distinct_colors(40)[:7] == distinct_colors(7)


def test_colours_keep_away_from_those_that_are_taken() -> None:
    first = distinct_colors(1)[0]
    assert nearest([first, *distinct_colors(20, [first])]) > 25


def test_there_are_colours_for_more_classes_than_can_be_told_apart() -> None:
    assert len(distinct_colors(5000)) == 5000
