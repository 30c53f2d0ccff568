"""Runs of COCO masks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seg_perception.active_learning.coco import bounding_box, encode_runs


def decode(runs):
    """As the format is described: column by column, zeros first."""
    height, width = runs["size"]
    values = [n % 2 for n, length in enumerate(runs["counts"]) for _ in range(length)]
    return np.array(values, bool).reshape(width, height).T


@pytest.mark.parametrize(
    ("mask", "counts"),
    [
        ([[0, 1], [0, 1], [1, 1]], [2, 4]),
        ([[1, 0], [1, 0]], [0, 2, 2]),
        ([[0, 0]], [2]),
        ([[1]], [0, 1]),
    ],
)
def test_runs_go_down_the_columns_and_begin_with_zeros(mask, counts):
    mask = np.array(mask, bool)
    assert encode_runs(mask) == {"size": list(mask.shape), "counts": counts}


@given(st.integers(1, 9), st.integers(1, 9), st.data())
def test_a_mask_comes_back(height, width, data):
    bits = data.draw(st.lists(st.booleans(), min_size=height * width, max_size=height * width))
    mask = np.array(bits).reshape(height, width)
    assert (decode(encode_runs(mask)) == mask).all()


def test_boxes():
    mask = np.zeros((6, 8), bool)
    assert bounding_box(mask) == [0, 0, 0, 0]
    mask[2:5, 3] = mask[4, 6] = True
    assert bounding_box(mask) == [3, 2, 4, 3]
