"""The comparison of two versions notices what it is for, and speaks to both in their own names."""

from __future__ import annotations

import pytest

from tools.compare_replays import compared, renamed

ONE, TWO, OTHER = (1, b"one"), (2, b"two"), (2, b"other")


@pytest.mark.parametrize(
    ("old", "new", "is_same"),
    [
        ([ONE, TWO], [ONE, TWO], True),
        ([ONE, TWO], [ONE, OTHER], False),
        ([ONE, TWO], [ONE, (3, b"two")], False),
        ([ONE, TWO], [ONE], False),
        ([], [ONE], False),
    ],
)
def test_bytes_times_and_numbers_are_compared(old, new, is_same) -> None:
    ((_, found),) = compared({"/a": old}, {"/a": new})
    assert found is is_same


def test_a_topic_that_one_lacks_differs() -> None:
    found = dict(compared({"/a": [ONE]}, {"/b": [ONE]}))
    assert list(found.values()) == [False, False]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("pairing.ring_size=3", "synchronizer.buffer_size=3"),
        ("pairing.max_gap_s=0.1", "synchronizer.max_gap_s=0.1"),
        ("output.png=true", "output.png=true"),
        ("pairings.x=1", "pairings.x=1"),
    ],
)
def test_old_names_are_translated(old: str, new: str) -> None:
    assert renamed(old) == new
