"""What is remembered of a frame."""

import numpy as np
import pytest

from seg_perception.active_learning.candidate import (
    Descriptors,
    class_shares,
    mean_doubt,
    thumbnail,
)
from seg_perception.core.types import CameraFrame


def test_doubt_is_the_mean_of_what_is_missing_to_certainty(make):
    label_map = make.label_map([[0, 0], [1, 1]], [[255, 255], [0, 51]])
    assert mean_doubt(label_map) == pytest.approx((1 + 0.8) / 4)


def test_shares_are_of_all_pixels_and_in_the_ontology_s_order(make):
    label_map = make.label_map([[0, 2, 2, make.unknown]])
    shares = class_shares(label_map, make.ontology("a", "b", "c"))
    assert shares.tolist() == [0.25, 0.0, 0.5]


def test_a_thumbnail_is_small_and_black_is_black():
    frame = CameraFrame("front", np.zeros((90, 160, 3), np.uint8), 0, "camera")
    cells = thumbnail(frame).reshape(-1, 3)
    assert cells.tolist() == [[0, 128, 128]] * 24


def test_distance_is_half_colours_and_half_classes(make):
    one = make.candidate(0, thumbnail=np.zeros(6, np.uint8))
    other = make.candidate(1, thumbnail=np.full(6, 51, np.uint8), shares=(0.4, 0.6, 0))
    distance = Descriptors([one, other]).distance(0)
    assert distance.tolist() == pytest.approx([0, (0.2 + 0.6) / 2])


def test_one_odd_frame_does_not_decide_what_is_far(make):
    frames = [make.candidate(n, thumbnail=np.full(6, n, np.uint8)) for n in range(60)]
    odd = make.candidate(60, thumbnail=np.full(6, 255, np.uint8), shares=(0, 0, 1))
    assert Descriptors([*frames, odd]).reach() < 0.15
