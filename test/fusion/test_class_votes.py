"""Counts of classes in full, and of the likeliest few."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seg_perception.fusion.class_votes import AllClasses, LikeliestClasses, make_votes

ROWS, CLASSES = 4, 200
scans = st.lists(
    st.lists(
        st.tuples(st.integers(0, ROWS - 1), st.integers(0, 7), st.integers(1, 8)),
        min_size=1,
        max_size=20,
    ),
    max_size=6,
)


def columns(votes):
    rows, labels, eighths = (np.array(column) for column in zip(*votes, strict=True))
    return rows.astype(np.int64), labels.astype(np.uint8), eighths.astype(np.float32) / 8


@given(scans)
def test_few_classes_are_counted_as_all_are(voted):
    """Eighths are exact in float32, whatever the order of their sum."""
    full, few = AllClasses(ROWS, CLASSES), LikeliestClasses(ROWS, CLASSES, kept=8)
    everything = np.arange(ROWS)
    for votes in voted:
        for kept in (full, few):
            kept.add(*columns(votes))
            kept.halve(np.array([0]))
        met = full.best(everything)[2] > 0
        for ours, expected in zip(few.best(everything), full.best(everything), strict=True):
            np.testing.assert_array_equal(ours[met], expected[met])


def test_a_newcomer_takes_the_place_of_what_counts_least():
    votes, row = LikeliestClasses(1, CLASSES, kept=2), np.array([0])
    for label, weight in ((10, 3.0), (20, 1.0), (30, 0.5), (40, 2.0)):
        votes.add(row, np.array([label], np.uint8), np.array([weight], np.float32))
    # 30 was less than 20 and did not enter; 40 was more. The sum has all of them.
    assert [value.tolist() for value in votes.best(row)] == [[10], [3.0], [6.5]]
    for weight in (1.0, 1.0):
        votes.add(row, np.array([40], np.uint8), np.array([weight], np.float32))
    assert [value.tolist() for value in votes.best(row)] == [[40], [4.0], [8.5]]


def test_several_newcomers_of_one_scan_take_different_places():
    votes, row = LikeliestClasses(1, CLASSES, kept=3), np.zeros(3, np.int64)
    votes.add(row, np.array([7, 8, 9], np.uint8), np.array([1, 2, 3], np.float32))
    votes.add(row[:1], np.array([7], np.uint8), np.array([2.5], np.float32))
    assert [value.tolist() for value in votes.best(np.array([0]))] == [[7], [3.5], [8.5]]


@pytest.mark.parametrize("kind", [AllClasses, LikeliestClasses])
def test_rows_that_move_keep_their_counts_and_those_that_are_left_are_empty(kind):
    votes = kind(3, CLASSES)
    votes.add(np.arange(3), np.array([5, 6, 7], np.uint8), np.array([1, 2, 3], np.float32))
    votes.move(np.array([0]), np.array([2]), slice(2, 3))
    labels, best, together = votes.best(np.array([0, 1, 2]))
    assert labels[:2].tolist() == [7, 6]
    assert best.tolist() == together.tolist() == [3.0, 2.0, 0.0]


def test_a_few_classes_are_counted_in_full_and_many_are_not():
    assert isinstance(make_votes(1, 32), AllClasses)
    assert isinstance(make_votes(1, 33), LikeliestClasses)
