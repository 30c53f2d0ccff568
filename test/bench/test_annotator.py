"""The annotator of the bench of teaching."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

from bench.teach.annotator import Annotator
from bench.teach.places import Place

IDS = {"red": 4, "green": 5, "blue": 6}
TRUTH = np.repeat(np.arange(3, dtype=np.uint8), 16)[:, None].repeat(64, axis=1)


@pytest.fixture
def place():
    """Ten frames of three bands; the ontology's ids are four more than the masks'."""
    table = np.full(256, 254, np.uint8)
    table[4:7] = 0, 1, 2
    picture = np.zeros((48, 64, 3), np.uint8)
    names = dict(enumerate(IDS))
    return Place([picture] * 10, [TRUTH] * 10, names, table)


def clicks(place, wrong, count=40):
    said = [(np.full((48, 64), 4, np.uint8), np.full((48, 64), 99, np.uint8))] * 10
    return Annotator(place, IDS, said, wrong, 1).clicks(count, "mixed")


def wrong_ones(found):
    return [p for some in found.values() for p in some if p.label != 4 + TRUTH[p.row, p.column]]


@pytest.mark.parametrize(("share", "count"), [(0.0, 0), (0.05, 2), (0.1, 4)])
def test_so_many_keys_are_wrong_and_not_by_chance(place, share, count):
    assert len(wrong_ones(clicks(place, share))) == count


def test_wrong_keys_change_no_place(place):
    right, wrong = clicks(place, 0.0), clicks(place, 0.1)
    places = [[(p.row, p.column) for p in some] for some in (*right.values(), *wrong.values())]
    assert places[: len(right)] == places[len(right) :]
    assert list(right) == list(wrong)


def test_half_of_the_clicks_are_on_errors(place):
    # The model says red everywhere: an error is anything else.
    found = clicks(place, 0.0)
    assert sum(map(len, found.values())) == 40
    errors = [p for some in found.values() for p in some if p.label != 4]
    assert len(errors) >= 20
