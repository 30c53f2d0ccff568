"""Labels and truths find each other by their stamps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seg_perception.evaluation.stamp_pairer import StampPairer


def pairs_of(pairer, events):
    found = []
    for kind, stamp in events:
        add = pairer.add_labels if kind == "labels" else pairer.add_truth
        found += [(p.labels, p.truth) for p in add(stamp, stamp)]
    return found + [(p.labels, p.truth) for p in pairer.reset()]


@pytest.mark.parametrize("first", ["labels", "truth"])
def test_stamps_pair_whichever_comes_first(first):
    second = "truth" if first == "labels" else "labels"
    events = [(kind, n * 100) for n in range(5) for kind in (first, second)]
    pairer = StampPairer(10)
    assert pairs_of(pairer, events) == [(n * 100, n * 100) for n in range(5)]
    assert (pairer.without_truth, pairer.without_labels) == (0, 0)


def test_the_nearest_truth_is_waited_for():
    pairer = StampPairer(40)
    events = [("truth", 70), ("labels", 100), ("truth", 105), ("truth", 300)]
    assert pairs_of(pairer, events) == [(100, 105)]
    assert (pairer.without_truth, pairer.without_labels) == (0, 2)


def test_those_without_a_partner_are_counted_and_do_not_pile_up():
    pairer = StampPairer(10, window=4)
    assert pairs_of(pairer, [("labels", n * 100) for n in range(50)]) == []
    assert pairer.without_truth == 50
    assert pairs_of(pairer, [("truth", n * 100) for n in range(50)]) == []
    assert pairer.without_labels == 50


@given(
    st.lists(st.integers(0, 40), unique=True, max_size=25),
    st.lists(st.integers(0, 40), unique=True, max_size=25),
)
def test_every_message_is_paired_once_or_counted(labels, truths):
    pairer = StampPairer(2)
    merged = sorted([(n, "labels") for n in labels] + [(n, "truth") for n in truths])
    found = pairs_of(pairer, [(kind, n) for n, kind in merged])
    assert len(found) + pairer.without_truth == len(labels)
    assert len(found) + pairer.without_labels == len(truths)
    assert all(abs(a - b) <= 2 for a, b in found)
    assert len({b for _, b in found}) == len(found)
